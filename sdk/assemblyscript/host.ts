// The imports of the ABI, version 1: docs/abi.md.

import { Bytes } from "./bytes";

// @ts-ignore: decorator
@external("pelton", "declare")
export declare function importDeclare(name: usize, size: i32, type: usize, typeSize: i32): i32;
// @ts-ignore: decorator
@external("pelton", "output")
export declare function importOutput(name: usize, size: i32): i32;
// @ts-ignore: decorator
@external("pelton", "field")
export declare function importField(name: usize, size: i32): i32;
// @ts-ignore: decorator
@external("pelton", "locate")
export declare function importLocate(delivery: i32, field: i32, into: usize): i32;
// @ts-ignore: decorator
@external("pelton", "emit")
export declare function importEmit(
  delivery: i32, output: i32, key: usize, keySize: i32, payload: usize, payloadSize: i32, type: usize, typeSize: i32,
): i32;
// @ts-ignore: decorator
@external("pelton", "settle")
export declare function importSettle(
  delivery: i32, token: usize, tokenSize: i32, decision: i32, flags: i32, nanos: i64, reason: usize, reasonSize: i32,
): i32;
// @ts-ignore: decorator
@external("pelton", "text")
export declare function importText(delivery: i32, what: i32, into: usize, size: i32): i32;
// @ts-ignore: decorator
@external("pelton", "header")
export declare function importHeader(delivery: i32, name: usize, nameSize: i32, into: usize, size: i32): i32;
// @ts-ignore: decorator
@external("pelton", "log")
declare function importLog(level: i32, line: usize, size: i32): void;
// @ts-ignore: decorator
@external("pelton", "fail")
declare function importFail(words: usize, size: i32): void;
// @ts-ignore: decorator
@external("pelton", "now")
declare function importNow(): i64;
// @ts-ignore: decorator
@external("pelton", "random")
declare function importRandom(): i64;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function importWrite(fd: i32, pieces: usize, n: i32, written: usize): i32;

// Those of capabilities. A function that nobody calls is not compiled, and its import neither: an import of what was not
// granted is refused.

// @ts-ignore: decorator
@external("pelton", "kv_get")
export declare function importKVGet(delivery: i32, key: usize, keySize: i32, into: usize, size: i32): i32;
// @ts-ignore: decorator
@external("pelton", "kv_put")
export declare function importKVPut(delivery: i32, key: usize, keySize: i32, value: usize, valueSize: i32): i32;
// @ts-ignore: decorator
@external("pelton", "kv_delete")
export declare function importKVDelete(delivery: i32, key: usize, keySize: i32): i32;
// @ts-ignore: decorator
@external("pelton", "kv_next")
export declare function importKVNext(
  delivery: i32, prefix: usize, prefixSize: i32, after: usize, afterSize: i32, into: usize, size: i32,
): i32;
// @ts-ignore: decorator
@external("pelton", "http_request")
export declare function importRequest(
  delivery: i32, method: usize, methodSize: i32, url: usize, urlSize: i32, headers: usize, headersSize: i32,
  body: usize, bodySize: i32,
): i32;
// @ts-ignore: decorator
@external("pelton", "http_status")
export declare function importStatus(delivery: i32): i32;
// @ts-ignore: decorator
@external("pelton", "http_text")
export declare function importResponse(delivery: i32, what: i32, into: usize, size: i32): i32;

/** Nanoseconds of a millisecond. */
export const MILLISECOND: i64 = 1000000;
/** Nanoseconds of a second. */
export const SECOND: i64 = 1000 * MILLISECOND;

/** How important a line of the log is. */
export enum Level {
  Debug,
  Info,
  Warn,
  Error,
}

/** Writes a line to the plugin's log. The wheel bounds the length of a line and the lines a second. */
export function log(level: Level, line: string): void {
  const b = String.UTF8.encode(line);
  importLog(level, changetype<usize>(b), b.byteLength);
}

/** The time, in nanoseconds since 1970. */
export function now(): i64 {
  return importNow();
}

/** 64 random bits, not for secrets. */
export function random(): u64 {
  return <u64>importRandom();
}

/** Says why the plugin is about to refuse to start. */
export function fail(words: string): void {
  const b = String.UTF8.encode(words);
  importFail(changetype<usize>(b), b.byteLength);
}

let buffer = new ArrayBuffer(256);

/** Where the host may write what is of unknown length; it is asked again while `grows` is true. */
export function place(): usize {
  return changetype<usize>(buffer);
}

/** How much it may write there. */
export function room(): i32 {
  return buffer.byteLength;
}

/** Makes room for n bytes; true if it had to. */
export function grows(n: i32): bool {
  if (n <= buffer.byteLength) return false;
  buffer = new ArrayBuffer(n);
  return true;
}

/** The first n bytes of what the host wrote, the caller's own. */
export function taken(n: i32): Bytes {
  return Bytes.wrap(buffer.slice(0, n));
}

/** Text `what` of a delivery; `name` is for a header, of which null says that there is none. */
export function ask(delivery: i32, what: i32, name: ArrayBuffer | null = null): string | null {
  while (true) {
    const n = name
      ? importHeader(delivery, changetype<usize>(name), name.byteLength, place(), room())
      : importText(delivery, what, place(), room());
    if (n < 0) return null;
    if (!grows(n)) return String.UTF8.decodeUnsafe(place(), n);
  }
}

// What the compiler calls when something throws; --use abort=~lib/pelton/host/abort names it.
function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const words = "panic: " + (message ? message : "no words") + (file ? " (" + file + ":" + line.toString() + ")" : "") + "\n";
  const b = String.UTF8.encode(words);
  const pieces = memory.data(12);
  store<usize>(pieces, changetype<usize>(b));
  store<i32>(pieces, b.byteLength, 4);
  importWrite(2, pieces, 1, pieces + 8);
  unreachable();
}

// The seed of Math.random; --use seed=~lib/pelton/host/seed names it.
function seed(): f64 {
  return reinterpret<f64>(importRandom());
}
