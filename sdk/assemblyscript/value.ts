import { Bytes } from "./bytes";

/** What a located field holds. */
export enum Kind {
  /** The message does not have it. */
  Missing,
  /** The text between the quotes, without escapes. */
  String,
  /** The text between the quotes of a JSON string that has escapes. */
  Escaped,
  /** A number, as it is written. */
  Number,
  /** true or false. */
  Bool,
  /** null. */
  Null,
  /** An object or array, as it stands. */
  JSON,
  /** The text between the quotes of a CSV field in which quotes are doubled. */
  Quoted,
}

/** One field that the wheel located while decoding; borrowed until the handler returns. */
export class Value {
  /** What it holds. */
  kind: Kind = Kind.Missing;
  /** Its bytes as they stand in the payload. */
  readonly raw: Bytes = new Bytes();

  private parsed: bool = false;
  private whole: bool = false;
  private number: i64 = 0;

  /** For the kit: makes it another one. */
  set(kind: Kind, ptr: usize, size: i32): void {
    this.kind = kind;
    this.raw.ptr = ptr;
    this.raw.size = size;
    this.parsed = false;
  }

  /** Whether the message has it. */
  get exists(): bool {
    return this.kind != Kind.Missing;
  }

  /** Whether it is a whole number of 64 bits. */
  get isInt(): bool {
    if (!this.parsed) this.parse();
    return this.whole;
  }

  /** The whole number; 0 if it is none. */
  get int(): i64 {
    return this.isInt ? this.number : 0;
  }

  /** The value as a number; NaN if it is none. */
  get float(): f64 {
    return this.kind == Kind.Missing ? NaN : parseFloat(this.raw.toString());
  }

  /** Whether it is true. */
  get bool(): bool {
    return this.kind == Kind.Bool && this.raw.size == 4;
  }

  /** The value as text, unescaped. */
  toString(): string {
    const s = this.raw.toString();
    if (this.kind == Kind.Escaped) return unescape(s);
    return this.kind == Kind.Quoted ? s.replaceAll('""', '"') : s;
  }

  private parse(): void {
    this.parsed = true;
    this.whole = false;
    const size = this.raw.size;
    const minus = size > 0 && this.raw[0] == 0x2d;
    let n: i64 = 0; // negative, since there is one more of those
    for (let i = minus ? 1 : 0; i < size; i++) {
      const d = <i64>this.raw[i] - 0x30;
      if (d < 0 || d > 9 || n < (i64.MIN_VALUE + d) / 10) return;
      n = n * 10 - d;
    }
    if (size == (minus ? 1 : 0) || (!minus && n == i64.MIN_VALUE)) return;
    this.number = minus ? n : -n;
    this.whole = true;
  }
}

/** The number that four hexadecimal digits are. */
function unit(raw: string, at: i32): i32 {
  return <i32>parseInt(raw.substring(at, at + 4), 16);
}

/** The text of a JSON string's inside. */
export function unescape(raw: string): string {
  let text = "";
  let from = 0;
  while (true) {
    const at = raw.indexOf("\\", from);
    if (at < 0 || at + 1 >= raw.length) return text + raw.substring(from);
    text += raw.substring(from, at);
    from = at + 2;
    const c = raw.charCodeAt(at + 1);
    if (c == 0x75) {
      let code = unit(raw, from);
      from += 4;
      if ((code & 0xfc00) == 0xd800 && raw.startsWith("\\u", from) && (unit(raw, from + 2) & 0xfc00) == 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (unit(raw, from + 2) & 0x3ff);
        from += 6;
      }
      text += String.fromCodePoint((code & 0xfffff800) == 0xd800 ? 0xfffd : code); // half a pair is no character
    } else if (c == 0x6e) text += "\n";
    else if (c == 0x74) text += "\t";
    else if (c == 0x72) text += "\r";
    else if (c == 0x62) text += "\b";
    else if (c == 0x66) text += "\f";
    else text += String.fromCharCode(c);
  }
}
