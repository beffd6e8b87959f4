// Plugin capable is the capable plugin of package actortest, as an AssemblyScript guest: its doc describes the commands.
// The tests of this runtime add one: header.
import { Bytes, handler, Message, Out, output, Request, SECOND, Verdict } from "pelton";
export * from "pelton/exports";

output("out", "text/plain");
handler((m: Message, out: Out): Verdict => {
  let verdict: Verdict = Verdict.ack();
  const commands = m.payload.toString().split(";");
  for (let i = 0; i < commands.length; i++) {
    const word = head(commands[i]);
    const rest = commands[i].substring(word.length + 1);
    const v = decide(m, out, word, rest);
    if (v) verdict = v;
    else if (!state(out, word, rest) && !request(m, out, word, rest)) return Verdict.dead("unknown command " + word);
  }
  return verdict;
});

function head(s: string): string {
  const at = s.indexOf(" ");
  return at < 0 ? s : s.substring(0, at);
}

/** The commands that give a verdict. */
function decide(m: Message, out: Out, word: string, rest: string): Verdict | null {
  if (word == "ack") return Verdict.ack();
  if (word == "retry") return Verdict.retry(I64.parseInt(rest) * SECOND);
  if (word == "dead") return Verdict.dead(rest);
  if (word == "await") return new Verdict(6);
  if (word == "fetch") {
    const method = head(rest);
    const url = head(rest.substring(method.length + 1));
    const body = Bytes.of(rest.substring(method.length + url.length + 2));
    return out.fetch(new Request(url, method, body).header("X-One", "1").header("X-Two", "a: b"));
  }
  return null;
}

/** The commands that use kv, and those that use nothing. */
function state(out: Out, word: string, rest: string): bool {
  const kv = out.kv;
  const key = head(rest);
  if (word == "get") {
    const value = kv.get(Bytes.of(rest));
    out.emit("out", null, value ? value : Bytes.of("-"));
  } else if (word == "put") kv.put(Bytes.of(key), Bytes.of(rest.substring(key.length + 1)));
  else if (word == "del") kv.delete(Bytes.of(rest));
  else if (word == "keys") keys(out, Bytes.of(rest));
  else if (word == "fill") {
    const value = Bytes.wrap(new ArrayBuffer(I32.parseInt(rest.substring(key.length + 1))));
    for (let i = 0, n = I32.parseInt(key); i < n; i++) kv.put(Bytes.of(i.toString()), value);
  } else if (word == "emit") out.emitText("out", null, "a");
  else if (word == "trap") throw new Error("the trap");
  else return false;
  return true;
}

function keys(out: Out, prefix: Bytes): void {
  const all: string[] = [];
  let key = out.kv.next(prefix);
  while (key) {
    all.push(key.toString());
    key = out.kv.next(prefix, key);
  }
  out.emitText("out", null, all.join("+"));
}

/** The commands that read a response. */
function request(m: Message, out: Out, word: string, rest: string): bool {
  const r = m.response;
  let text = "-";
  if (word == "length") text = r ? r.body.size.toString() : "0";
  else if (word == "header") {
    const value = r ? r.header(rest) : null;
    if (value) text = value;
  } else if (word != "response") return false;
  else if (r) {
    text = r.status.toString() + " " + r.body.toString();
    for (let i = 0; i < r.headers.length; i++) text += " " + r.headers[i].name + "=" + r.headers[i].value;
    if (r.error.length) text += " " + r.error + " " + r.reason;
  }
  out.emitText("out", null, text);
  return true;
}
