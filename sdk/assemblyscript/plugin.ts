import { Bytes } from "./bytes";
import { Config } from "./config";
import { Message } from "./message";
import { Out } from "./out";
import { Verdict } from "./verdict";

/** What a program registered. A program has one plugin. */
export namespace registered {
  export let handle: ((m: Message, out: Out) => Verdict) | null = null;
  export let reduce: ((key: Bytes, state: Bytes, emit: Bytes) => Fold) | null = null;
  export let begin: ((config: Config) => string | null) | null = null;
  export let save: (() => Kept) | null = null;
  export let load: ((version: u32, state: Bytes) => string | null) | null = null;
  export const outputs: string[] = [];
  export const types: string[] = [];
}

function once(): void {
  if (registered.handle != null || registered.reduce != null) {
    throw new Error("a plugin has one handler or one reducer");
  }
}

/**
 * Registers what decides messages, one at a time, and the outputs it emits to; without any, it has the one output
 * "default". Call it once, outside of functions.
 */
export function handler(f: (m: Message, out: Out) => Verdict, outputs: string[] = []): void {
  once();
  registered.handle = f;
  for (let i = 0; i < outputs.length; i++) output(outputs[i]);
}

/** Declares an output with the content type of its emits; empty means application/json. Call it outside of functions. */
export function output(name: string, contentType: string = ""): void {
  registered.outputs.push(name);
  registered.types.push(contentType);
}

/** Registers what folds emits into the state of a session key. Call it once, outside of functions. */
export function reducer(f: (key: Bytes, state: Bytes, emit: Bytes) => Fold): void {
  once();
  registered.reduce = f;
}

/**
 * Registers what runs once with the config and before the first message. What it returns, if not null, makes the start of
 * the plugin fail with these words.
 */
export function start(f: (config: Config) => string | null): void {
  registered.begin = f;
}

/**
 * Registers how the plugin's variables go over to its next version, where the config has `state: {handover: true}`. `save`
 * is called between two messages of the old version, which may go on after it; `load` after the start and before the first
 * message, with bytes that are borrowed. Words of it, or a refusal, are a failure, on which the new version starts without
 * the state or is rolled back, as the config says. Call it outside of functions. A reducer has no use for it: its state is
 * its session.
 */
export function keep(save: () => Kept, load: (version: u32, state: Bytes) => string | null): void {
  registered.save = save;
  registered.load = load;
}

/** What a plugin has in its variables, on its way to its next version. */
export class Kept {
  private constructor(
    readonly done: bool,
    readonly version: u32,
    readonly bytes: Bytes,
  ) {}

  /** The state, with the version of its form, a number of the plugin's own. It is at most `state.max_size`. */
  static state(version: u32, bytes: Bytes): Kept {
    return new Kept(true, version, bytes);
  }

  /** Refuses to save, with words. */
  static refuse(words: string): Kept {
    return new Kept(false, 0, Bytes.of(words));
  }
}

/** What a reducer answers. */
export class Fold {
  private constructor(
    readonly done: bool,
    readonly bytes: Bytes,
  ) {}

  /** The new state: the payload of the next snapshot. The bytes may be those of an argument. */
  static state(bytes: Bytes): Fold {
    return new Fold(true, bytes);
  }

  /** The new state as text. */
  static text(state: string): Fold {
    return new Fold(true, Bytes.of(state));
  }

  /** Refuses this emit with words; the state stays as it was. */
  static refuse(words: string): Fold {
    return new Fold(false, Bytes.of(words));
  }
}
