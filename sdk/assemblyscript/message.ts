import { Bytes } from "./bytes";
import { ask, importField, importLocate } from "./host";
import { Response } from "./http";
import { Kind, Value } from "./value";

/** A time that is not known. */
export const NO_TIME: i64 = i64.MIN_VALUE;

const names: string[] = [];
const indices: i32[] = [];
const values: Value[] = [];

/** One message offered to the plugin; borrowed until the handler returns. Times are nanoseconds since 1970, UTC. */
export class Message {
  /** The message's bytes. */
  readonly payload: Bytes = new Bytes();
  /** The message's key; null when it has none. */
  key: Bytes | null = null;
  /** 1 for the first offer of this message to this plugin. */
  attempt: u32 = 0;
  /** How often this plugin deferred it. */
  defers: u32 = 0;
  /** Its own time; its arrival when it has none; NO_TIME when that is not known. */
  time: i64 = NO_TIME;
  /** When this plugin was first offered it. */
  firstSeen: i64 = NO_TIME;
  /** Its place in its lane, strictly increasing. */
  position: u64 = 0;

  private index: i32 = 0;
  private answered: bool = false;
  private located: i32 = 0;
  private locations: usize = 0;
  private ownKey: Bytes = new Bytes();

  /** For the kit: makes it the delivery of a descriptor. */
  read(refs: usize, d: usize, index: i32): void {
    this.payload.ptr = refs + load<u32>(d);
    this.payload.size = load<i32>(d, 4);
    this.key = null;
    const keySize = load<i32>(d, 12);
    if (keySize != -1) {
      this.ownKey.ptr = refs + load<u32>(d, 8);
      this.ownKey.size = keySize;
      this.key = this.ownKey;
    }
    this.attempt = load<u32>(d, 16);
    this.defers = load<u32>(d, 20);
    this.time = load<i64>(d, 24);
    this.firstSeen = load<i64>(d, 32);
    this.position = load<u64>(d, 40);
    this.locations = refs + load<u32>(d, 52);
    this.located = load<i32>(d, 56);
    this.answered = (load<u32>(d, 60) & 1) != 0;
    this.index = index;
  }

  /**
   * The value that the source's decode located under this name (`decode.fields` in the config), without parsing again.
   * It does not exist when the name is not configured there or the message does not have it.
   */
  field(name: string): Value {
    let i = names.indexOf(name);
    if (i < 0) {
      const b = String.UTF8.encode(name);
      i = names.push(name) - 1;
      indices.push(importField(changetype<usize>(b), b.byteLength));
      values.push(new Value());
    }
    const value = unchecked(values[i]);
    const index = unchecked(indices[i]);
    let at = memory.data(12);
    if (index >= 0 && index < this.located) at = this.locations + index * 12;
    else if (index < 0 || importLocate(this.index, index, at) == 0) store<u32>(at, <u32>Kind.Missing, 8);
    const offset = load<u32>(at);
    const size = load<u32>(at, 4);
    const kind = load<i32>(at, 8);
    if (kind == Kind.Missing || <u64>offset + size > <u64>this.payload.size) value.set(Kind.Missing, 0, 0);
    else value.set(kind, this.payload.ptr + offset, size);
    return value;
  }

  /**
   * What settles this message later, after Verdict.hold: through the API, or by `Out.settle` in the handler of a later
   * message.
   */
  get holdToken(): string {
    return this.text(1);
  }

  /** Identifies the message for good: the same after a crash, a redelivery or a swap. */
  get id(): string {
    return this.text(2);
  }

  /** The message's W3C traceparent; empty when it has none. */
  get trace(): string {
    return this.text(3);
  }

  /** The name of the source it came from. */
  get source(): string {
    return this.text(4);
  }

  /** The name of the lane within the source. */
  get lane(): string {
    return this.text(5);
  }

  /** The first upstream header of that name; null if there is none. */
  header(name: string): string | null {
    return ask(this.index, 0, String.UTF8.encode(name));
  }

  /** The answer to the request that this message made with `Out.fetch`; null while there is none. */
  get response(): Response | null {
    return this.answered ? Response.read(this.index) : null;
  }

  private text(what: i32): string {
    const s = ask(this.index, what);
    return s ? s : "";
  }
}
