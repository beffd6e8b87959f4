// The benchmark's guest in AssemblyScript, on the raw ABI of docs/abi.md; the operations are described in guest.c.

@external("pelton", "declare")
declare function declareOutput(name: usize, length: i32, type: usize, typeLength: i32): i32;
@external("pelton", "field")
declare function fieldOf(name: usize, length: i32): i32;
@external("pelton", "emit")
declare function emit(delivery: i32, output: i32, key: usize, keyLength: u32, payload: usize, length: i32, type: usize, typeLength: i32): i32;

const size: i32 = 88; // of a descriptor
const ACK: i32 = 1;
const RETRY: i32 = 2;
const more = String.UTF8.encode(',"level":"high"}');

let op: i32 = 0;
let value: i32 = 0;
let output: i32 = 0;
let out: usize = heap.alloc(1 << 20);

export function pelton_abi(): i32 {
  return 1;
}

export function pelton_window(size: i32): usize {
  return heap.alloc(size);
}

export function pelton_init(config: usize, length: i32): i32 {
  const text = String.UTF8.decodeUnsafe(config, length);
  op = text.charCodeAt(text.indexOf('"op":"') + 6);
  const name = String.UTF8.encode("default");
  const type = String.UTF8.encode("application/json");
  output = declareOutput(changetype<usize>(name), name.byteLength, changetype<usize>(type), type.byteLength);
  const field = String.UTF8.encode("value");
  value = fieldOf(changetype<usize>(field), field.byteLength);
  return 1;
}

function odd(at: usize, n: usize): bool {
  let sum: u32 = 0;
  for (let end = at + n; at < end; at++) sum += load<u8>(at);
  return (sum & 1) == 1;
}

// A decimal number without a sign.
function number(at: usize, n: usize): f64 {
  let whole: f64 = 0;
  const end = at + n;
  for (; at < end && load<u8>(at) != 46; at++) whole = whole * 10 + (load<u8>(at) - 48);
  let scale: f64 = 1;
  for (at++; at < end; at++) whole += (load<u8>(at) - 48) * (scale /= 10);
  return whole;
}

function filter(i: i32, d: usize, refs: usize): void {
  const payload = refs + load<u32>(d);
  const end = load<u32>(d, 4) - 1; // the object's last brace
  const entry = refs + load<u32>(d, 52) + value * 12;
  if (value >= load<i32>(d, 56) || load<u32>(entry, 8) != 3) unreachable();
  if (number(payload + load<u32>(entry), load<u32>(entry, 4)) <= 50) return;
  memory.copy(out, payload, end);
  memory.copy(out + end, changetype<usize>(more), more.byteLength);
  emit(i, output, 0, u32.MAX_VALUE, out, end + more.byteLength, 0, 0);
}

export function pelton_handle(refs: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const d = refs + i * size;
    const after = load<i32>(d, 48);
    if (after >= 0 && load<i32>(refs + after * size, 64) != ACK) continue;
    const payload = refs + load<u32>(d);
    const length: usize = load<u32>(d, 4);
    let again = false;
    if (op == 104) again = odd(payload, min<usize>(length, 64));
    else if (op == 115) again = odd(payload, length);
    else if (op == 102) filter(i, d, refs);
    store<i32>(d, again ? RETRY : ACK, 64);
  }
  return 0;
}
