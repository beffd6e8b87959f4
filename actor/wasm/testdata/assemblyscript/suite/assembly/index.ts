// Plugin suite is the suite plugin of package actortest, as an AssemblyScript guest: its doc describes the commands.
// The tests of this runtime add some: about, value, again and later.
import { Bytes, Config, handler, keep, Kept, Level, log, Message, MILLISECOND, now, Out, output, SECOND, start, Verdict } from "pelton";
export * from "pelton/exports";

let count = 0;
let counter: u64 = 0;
let saves = "";
const hoard: ArrayBuffer[] = [];

output("out", "text/plain");
output("echo");
start((c: Config): string | null => {
  const words = c.text("fail", "");
  return words.length ? words : null;
});
handler((m: Message, out: Out): Verdict => {
  count++;
  let verdict: Verdict = Verdict.ack();
  const commands = m.payload.toString().split(";");
  for (let i = 0; i < commands.length; i++) {
    const word = head(commands[i], " ");
    const rest = commands[i].substring(word.length + 1);
    const v = decide(word, rest);
    if (v) verdict = v;
    else if (!act(m, out, word, rest)) return Verdict.dead("unknown command " + word);
  }
  return verdict;
});

keep((): Kept => {
  const word = head(saves, " ");
  const rest = saves.substring(word.length + 1);
  if (word == "refuse") return Kept.refuse(rest);
  if (word == "trap") throw new Error("the suite's trap");
  if (word == "loop") for (;;) counter++;
  const n = <i32>number(word == "big" || word == "version" ? rest : "1");
  const text = count.toString();
  return Kept.state(word == "version" ? n : 1, Bytes.of(word == "big" ? text.padEnd(n, " ") : text));
}, (version: u32, state: Bytes): string | null => {
  if (version == 3) throw new Error("the suite's trap");
  if (version != 1) return "version " + version.toString() + " is too new";
  count = <i32>number(state.toString().trimEnd());
  return null;
});

function head(s: string, separator: string): string {
  const at = s.indexOf(separator);
  return at < 0 ? s : s.substring(0, at);
}

function number(s: string): i64 {
  return I64.parseInt(s);
}

/** One number with a unit of ms, s, m or h. */
function duration(s: string): i64 {
  const n = s.length ? number(s) : 0;
  if (s.endsWith("ms")) return n * MILLISECOND;
  if (s.endsWith("m")) return n * 60 * SECOND;
  return n * SECOND * (s.endsWith("h") ? 3600 : 1);
}

/** The commands that give a verdict. */
function decide(word: string, rest: string): Verdict | null {
  if (word == "ack") return Verdict.ack();
  if (word == "retry") return Verdict.retry(duration(rest));
  if (word == "defer") return Verdict.defer(now() + duration(rest));
  if (word == "dead") return Verdict.dead(rest);
  if (word == "hold") return Verdict.hold(duration(rest));
  if (word == "again") return Verdict.retry(SECOND).because("busy");
  if (word == "later") return Verdict.defer(3600 * SECOND).andPass();
  if (word == "none") return new Verdict();
  return null;
}

/** The commands that have an effect; false says that there is no such command. */
function act(m: Message, out: Out, word: string, rest: string): bool {
  if (word == "emit") emit(out, rest);
  else if (word == "emit-undeclared") out.emitText("nowhere", null, "x");
  else if (word == "echo") echo(m, out);
  else if (word == "type") out.emitText("out", null, "typed", rest);
  else if (word == "count") out.emitText("out", null, count.toString());
  else if (word == "token") out.emitText("out", null, m.holdToken);
  else if (word == "settle") {
    const token = head(rest, " ");
    const verdict: Verdict = rest.endsWith(" dead") ? Verdict.dead("settled") : Verdict.ack();
    out.settle(token, verdict).emitText("out", null, "settled");
  } else if (word == "saves") saves = rest;
  else if (word == "log") log(Level.Info, rest);
  else if (word == "about") {
    const header = m.header("h");
    out.emitText("out", null, [m.id, m.source, m.lane, header ? header : "", m.trace].join("|"));
  } else if (word == "value") {
    const f = m.field("f");
    const x = f.float;
    const float = isNaN(x) ? "-" : (<i64>Math.round(x * 1000)).toString();
    out.emitText("out", null, (f.isInt ? f.int.toString() : "-") + "|" + float + "|" + f.toString());
  } else if (word == "trap") throw new Error("the suite's trap");
  else if (word == "loop") for (;;) counter++;
  else if (word == "hog") hog();
  else if (word == "flood") flood(out, Bytes.wrap(new ArrayBuffer(1024)));
  else if (word == "drip") flood(out, new Bytes());
  else return false;
  return true;
}

function emit(out: Out, args: string): void {
  const n = head(args, " ");
  const payload = new Uint8Array(<i32>number(args.substring(n.length + 1)));
  for (let i: i64 = 0, end = number(n); i < end; i++) {
    payload.fill(<u8>(0x61 + i % 26));
    out.emit("out", Bytes.of(i.toString()), Bytes.from(payload));
  }
}

function echo(m: Message, out: Out): void {
  const f = m.field("f");
  const key = m.key;
  const parts = [m.payload.toString(), key ? key.toString() : "", m.attempt.toString(), f.exists ? f.toString() : "-"];
  out.emitText("echo", m.key, parts.join("|"));
}

function hog(): void {
  for (;;) {
    const b = new ArrayBuffer(1 << 20);
    memory.fill(changetype<usize>(b), 1, b.byteLength);
    hoard.push(b);
  }
}

function flood(out: Out, payload: Bytes): void {
  for (;;) out.emit("out", null, payload);
}
