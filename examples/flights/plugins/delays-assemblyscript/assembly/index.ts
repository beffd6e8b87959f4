// Plugin delays-assemblyscript does what delays does, in AssemblyScript: it tells each flight's delay to the airport it
// leaves from, and passes on the flights that are late.
import { Config, handler, Message, Out, start, Verdict } from "pelton";
export * from "pelton/exports";

let lateAfter: i64 = 15; // minutes; more is late

start((config: Config): string | null => {
  lateAfter = config.int("late_after", lateAfter);
  return null;
});

handler((m: Message, out: Out): Verdict => {
  const delay = m.field("delay");
  if (!delay.isInt) return Verdict.dead("delay is not a number of minutes");
  const late = delay.int > lateAfter;
  out.emitText("airports", m.key, `{"delay":${delay.int},"late":${late}}`);
  if (late) out.emit("late", m.key, m.payload);
  return Verdict.ack();
}, ["airports", "late"]);
