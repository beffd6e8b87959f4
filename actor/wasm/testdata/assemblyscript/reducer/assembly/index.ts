// Plugin reducer is the suite reducer of package actortest, as an AssemblyScript guest: its doc describes the commands.
import { Bytes, Config, Fold, reducer, start } from "pelton";
export * from "pelton/exports";

let counter: u64 = 0;
const hoard: ArrayBuffer[] = [];

start((c: Config): string | null => {
  const words = c.text("fail", "");
  return words.length ? words : null;
});
reducer((key: Bytes, state: Bytes, emit: Bytes): Fold => {
  const command = emit.toString();
  const space = command.indexOf(" ");
  const word = space < 0 ? command : command.substring(0, space);
  const rest = space < 0 ? "" : command.substring(space + 1);
  if (word == "refuse") return Fold.refuse(rest);
  if (word == "big") return Fold.text("x".repeat(I32.parseInt(rest)));
  if (word == "trap") throw new Error("the reducer's trap");
  if (word == "loop") for (;;) counter++;
  if (word == "hog") {
    for (;;) {
      const b = new ArrayBuffer(1 << 20);
      memory.fill(changetype<usize>(b), 1, b.byteLength);
      hoard.push(b);
    }
  }
  const old = state.size ? I64.parseInt(state.toString()) : 0;
  return Fold.text((old + I64.parseInt(word)).toString());
});
