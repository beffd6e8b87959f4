/** Bytes that somebody else owns, such as a message's payload. */
export class Bytes {
  /** What keeps the bytes alive if they are the plugin's own. */
  private owner: ArrayBuffer | null = null;

  constructor(
    /** Their address. */
    public ptr: usize = 0,
    /** Their number. */
    public size: i32 = 0,
  ) {}

  /** The UTF-8 of a text; half a surrogate pair becomes U+FFFD. */
  static of(text: string): Bytes {
    return Bytes.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
  }

  /** All of a buffer, not copied. */
  static wrap(buffer: ArrayBuffer): Bytes {
    const b = new Bytes(changetype<usize>(buffer), buffer.byteLength);
    b.owner = buffer;
    return b;
  }

  /** What an array shows of its buffer, not copied. */
  static from(array: Uint8Array): Bytes {
    const b = new Bytes(array.dataStart, array.length);
    b.owner = array.buffer;
    return b;
  }

  /** The byte at an index. */
  @operator("[]")
  at(i: i32): u8 {
    if (<u32>i >= <u32>this.size) throw new RangeError("Bytes: index out of range");
    return load<u8>(this.ptr + i);
  }

  /** The bytes from one index to before another, borrowed as these are. */
  slice(from: i32, to: i32 = i32.MAX_VALUE): Bytes {
    const end = max(min(to, this.size), 0);
    const begin = max(min(from, end), 0);
    const b = new Bytes(this.ptr + begin, end - begin);
    b.owner = this.owner;
    return b;
  }

  /** Where a byte is from an index on, or -1. */
  indexOf(byte: u8, from: i32 = 0): i32 {
    for (let i = max(from, 0); i < this.size; i++) {
      if (load<u8>(this.ptr + i) == byte) return i;
    }
    return -1;
  }

  /** Whether both hold the same bytes. */
  @operator("==")
  equals(other: Bytes): bool {
    return this.size == other.size && memory.compare(this.ptr, other.ptr, this.size) == 0;
  }

  /** Whether both hold different bytes. */
  @operator("!=")
  differs(other: Bytes): bool {
    return !this.equals(other);
  }

  /** The bytes as text. */
  toString(): string {
    return String.UTF8.decodeUnsafe(this.ptr, this.size);
  }

  /** A copy that lasts. */
  copy(): Uint8Array {
    const a = new Uint8Array(this.size);
    memory.copy(a.dataStart, this.ptr, this.size);
    return a;
  }
}
