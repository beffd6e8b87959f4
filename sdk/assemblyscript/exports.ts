// The exports of the ABI, version 1: docs/abi.md. A plugin's main file passes them on with one line:
//
//     export * from "pelton/exports";

import { Bytes } from "./bytes";
import { Config } from "./config";
import { fail } from "./host";
import { Message } from "./message";
import { declare_, Out } from "./out";
import { Fold, Kept, registered } from "./plugin";

const DELIVERY: usize = 88;
const FOLD: usize = 48;

let window: usize = 0;
const message = new Message();
const out = new Out();
const key = new Bytes();
const state = new Bytes();
const emit = new Bytes();

// What the host reads after the call.
let reasons: ArrayBuffer[] = [];
let folds: Fold[] = [];
let kept: Kept | null = null;

export function pelton_abi(): i32 {
  return 1;
}

// The window is not an object of the collector's, and not zeroed: the host writes before anybody reads.
export function pelton_window(size: i32): usize {
  if (window) heap.free(window);
  window = heap.alloc(size);
  return window;
}

export function pelton_init(at: usize, size: i32): i32 {
  const handles = registered.handle != null;
  if (!handles && registered.reduce == null) {
    fail("the plugin registers nothing: call handler or reducer of pelton outside of functions");
    return -1;
  }
  if (handles && registered.outputs.length == 0) declare_("default", "");
  for (let i = 0; i < registered.outputs.length; i++) declare_(registered.outputs[i], registered.types[i]);
  const begin = registered.begin;
  const config = new Config(new Bytes(at, size));
  let words = config.error().startsWith("config: it is") ? config.error() : "";
  if (begin && !words.length) {
    const refusal = begin(config);
    words = config.error();
    if (refusal && !words.length) words = refusal;
  } else if (!words.length) {
    words = config.error();
  }
  if (words.length) {
    fail(words);
    return -1;
  }
  return handles ? 1 : 2;
}

export function pelton_handle(refs: usize, n: i32): i32 {
  const handle = registered.handle;
  if (!handle) return 1;
  if (reasons.length) reasons = [];
  kept = null;
  for (let i = 0; i < n; i++) {
    const d = refs + <usize>i * DELIVERY;
    const after = load<i32>(d, 48);
    if (after >= 0) {
      const before = load<i32>(refs + <usize>after * DELIVERY, 64);
      if (before != 1 && before != 4) continue; // key order: this one stays undecided
    }
    message.read(refs, d, i);
    out.delivery = i;
    const v = handle(message, out);
    if (v.reason.length) {
      const reason = String.UTF8.encode(v.reason);
      reasons.push(reason);
      store<usize>(d, changetype<usize>(reason), 80);
      store<i32>(d, reason.byteLength, 84);
    }
    store<i64>(d, v.nanos, 72);
    store<i32>(d, v.pass ? 1 : 0, 68);
    store<i32>(d, v.decision, 64);
  }
  return 0;
}

function part(into: Bytes, refs: usize, d: usize): Bytes {
  into.ptr = refs + load<u32>(d);
  into.size = load<i32>(d, 4);
  return into;
}

export function pelton_reduce(refs: usize, n: i32): i32 {
  const reduce = registered.reduce;
  if (!reduce) return 1;
  folds = [];
  for (let i = 0; i < n; i++) {
    const d = refs + <usize>i * FOLD;
    const fold = reduce(part(key, refs, d), part(state, refs, d + 8), part(emit, refs, d + 16));
    folds.push(fold);
    store<usize>(d, fold.bytes.ptr, 28);
    store<i32>(d, fold.bytes.size, 32);
    store<i32>(d, fold.done ? 1 : 2, 24);
  }
  return 0;
}

export function pelton_save(into: usize): i32 {
  const save = registered.save;
  if (!save) return 1;
  const state = save();
  kept = state;
  if (!state.done) {
    fail(state.bytes.toString());
    return -1;
  }
  store<u32>(into, state.version);
  store<usize>(into, state.bytes.ptr, 4);
  store<i32>(into, state.bytes.size, 8);
  return 0;
}

export function pelton_load(version: u32, at: usize, size: i32): i32 {
  const take = registered.load;
  if (!take) return 1;
  const refusal = take(version, new Bytes(at, size));
  if (!refusal) return 0;
  fail(refusal);
  return -1;
}
