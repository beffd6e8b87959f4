// The same in AssemblyScript, on a string of the language.
const document: string =
  '{"date":"2001/01/01 00:47","delay":66,"distance":1750,"origin":"DTW","destination":"LAS",' +
  '"legs":[{"carrier":"NW","minutes":241},{"carrier":"HP","minutes":38}],"late":true,"note":"a \\"quoted\\" word"}';

class Parser {
  at: i32 = 0;
  sum: i32 = 0;
  words: string[] = [];

  constructor(public text: string) {}

  peek(): i32 {
    return this.text.charCodeAt(this.at);
  }

  space(): void {
    while (this.at < this.text.length && this.peek() <= 0x20) this.at++;
  }

  word(): string {
    const from = ++this.at;
    while (this.peek() != 0x22) {
      if (this.peek() == 0x5c) this.at++;
      this.at++;
    }
    const s = this.text.substring(from, this.at++);
    this.words.push(s);
    this.sum++;
    return s;
  }

  list(close: i32, keys: bool): void {
    this.at++;
    this.space();
    while (this.peek() != close) {
      if (keys) {
        this.word();
        this.space();
        this.at++;
      }
      this.value();
      this.space();
      if (this.peek() == 0x2c) {
        this.at++;
        this.space();
      }
    }
    this.at++;
  }

  value(): void {
    this.space();
    const c = this.peek();
    if (c == 0x7b) this.list(0x7d, true);
    else if (c == 0x5b) this.list(0x5d, false);
    else if (c == 0x22) this.word();
    else if (c == 0x74 || c == 0x6e) this.at += 4;
    else if (c == 0x66) this.at += 5;
    else {
      let n = 0;
      for (let d = this.peek(); d >= 0x30 && d <= 0x39; d = this.peek()) {
        n = n * 10 + d - 0x30;
        this.at++;
      }
      this.sum += n;
    }
  }
}

export function run(n: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const p = new Parser(document);
    p.value();
    sum += p.sum;
  }
  return sum;
}
