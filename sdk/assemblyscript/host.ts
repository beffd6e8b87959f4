// The imports of the ABI, version 1: docs/abi.md.

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

/** Text `what` of a delivery; `name` is for a header, of which null says that there is none. */
export function ask(delivery: i32, what: i32, name: ArrayBuffer | null = null): string | null {
  while (true) {
    const into = changetype<usize>(buffer);
    const room = buffer.byteLength;
    const n = name
      ? importHeader(delivery, changetype<usize>(name), name.byteLength, into, room)
      : importText(delivery, what, into, room);
    if (n < 0) return null;
    if (n <= room) return String.UTF8.decodeUnsafe(into, n);
    buffer = new ArrayBuffer(n);
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
