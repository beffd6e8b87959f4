import { Bytes } from "./bytes";
import { Kind, unescape, Value } from "./value";

/**
 * The plugin's `config`. A value of another type than was asked for, and a key that nobody asked for, make the start of
 * the plugin fail, so that a typing mistake does not pass unseen.
 */
export class Config {
  private names: string[] = [];
  private values: Value[] = [];
  private asked: StaticArray<bool> = [];
  private wrong: string = "";
  private whole: bool = false;
  private at: usize = 0;
  private end: usize = 0;

  constructor(private text_: Bytes) {
    this.at = text_.ptr;
    this.end = text_.ptr + text_.size;
    if (!this.read()) this.wrong = "config: it is no JSON object";
    this.asked = new StaticArray<bool>(this.names.length);
  }

  /** A whole number, or the default if the config does not have it. */
  int(name: string, default_: i64): i64 {
    const v = this.find(name);
    if (!v) return default_;
    if (v.kind != Kind.Number || !v.isInt) this.wants(name, "a whole number");
    return v.int;
  }

  /** A number, or the default. */
  float(name: string, default_: f64): f64 {
    const v = this.find(name);
    if (!v) return default_;
    if (v.kind != Kind.Number || isNaN(v.float)) this.wants(name, "a number");
    return v.float;
  }

  /** True or false, or the default. */
  bool(name: string, default_: bool): bool {
    const v = this.find(name);
    if (!v) return default_;
    if (v.kind != Kind.Bool) this.wants(name, "true or false");
    return v.bool;
  }

  /** A text, or the default. */
  text(name: string, default_: string): string {
    const v = this.find(name);
    if (!v) return default_;
    if (v.kind != Kind.Escaped) this.wants(name, "a text");
    return v.toString();
  }

  /** The whole config as JSON, for a parser of your own. Then unknown keys are for it to find. */
  json(): string {
    this.whole = true;
    return this.text_.toString();
  }

  /** For the kit: what is wrong with it, "" if nothing. */
  error(): string {
    if (this.wrong.length || this.whole) return this.wrong;
    for (let i = 0; i < this.names.length; i++) {
      if (!this.asked[i]) return 'config: unknown key "' + this.names[i] + '"';
    }
    return "";
  }

  private wants(name: string, what: string): void {
    if (!this.wrong.length) this.wrong = 'config: "' + name + '" wants ' + what;
  }

  private find(name: string): Value | null {
    const i = this.names.indexOf(name);
    if (i < 0) return null;
    this.asked[i] = true;
    return this.values[i];
  }

  /** Takes the members of the object apart. */
  private read(): bool {
    if (!this.take(0x7b)) return false;
    if (this.take(0x7d)) return true;
    while (true) {
      const name = new Value();
      const value = new Value();
      if (!this.string(name) || !this.take(0x3a) || !this.value(value)) return false;
      this.names.push(unescape(name.raw.toString()));
      this.values.push(value);
      if (this.take(0x7d)) return true;
      if (!this.take(0x2c)) return false;
    }
  }

  private peek(): i32 {
    while (this.at < this.end && load<u8>(this.at) <= 0x20) this.at++;
    return this.at < this.end ? load<u8>(this.at) : 0;
  }

  private take(c: i32): bool {
    if (this.peek() != c) return false;
    this.at++;
    return true;
  }

  private string(into: Value): bool {
    if (!this.take(0x22)) return false;
    const begin = this.at;
    while (this.at < this.end && load<u8>(this.at) != 0x22) this.at += load<u8>(this.at) == 0x5c ? 2 : 1;
    into.set(Kind.Escaped, begin, <i32>(this.at - begin));
    return this.at++ < this.end;
  }

  private value(into: Value): bool {
    if (this.peek() == 0x22) return this.string(into);
    const begin = this.at;
    const inside = new Value();
    let depth = 0;
    while (this.at < this.end) {
      const c = load<u8>(this.at);
      if (c == 0x22) {
        if (!this.string(inside)) return false;
        continue;
      }
      if (depth == 0 && (c == 0x2c || c == 0x7d || c <= 0x20)) break;
      if (c == 0x7b || c == 0x5b) depth++;
      if (c == 0x7d || c == 0x5d) depth--;
      this.at++;
    }
    if (this.at == begin) return false;
    const first = load<u8>(begin);
    let kind = Kind.Number;
    if (first == 0x7b || first == 0x5b) kind = Kind.JSON;
    else if (first == 0x74 || first == 0x66) kind = Kind.Bool;
    else if (first == 0x6e) kind = Kind.Null;
    into.set(kind, begin, <i32>(this.at - begin));
    return true;
  }
}
