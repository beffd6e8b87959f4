/**
 * The kit for writing Pelton plugins in AssemblyScript. A plugin is a small program that is compiled to WebAssembly; the
 * runtime calls it with batches of messages, and it answers each one with a verdict and emits.
 *
 *     import { handler, Message, Out, Verdict } from "pelton";
 *     export * from "pelton/exports";
 *
 *     handler((m: Message, out: Out): Verdict => {
 *       const delay = m.field("delay");
 *       if (!delay.isInt) return Verdict.dead("delay is not a number of minutes");
 *       if (delay.int > 15) out.emit("late", m.key, m.payload);
 *       return Verdict.ack();
 *     }, ["late"]);
 *
 * The second line gives the module the exports that the runtime calls.
 *
 * Ordering: messages of one key come in order; a message is not given to the handler while the one before it of the same
 * key is not acked or dead.
 *
 * Ownership: a Message, its Values and all Bytes that they give are borrowed until the handler returns, and the next
 * message uses the same objects. `Bytes.toString` and `Bytes.copy` make something of your own. What is emitted is copied
 * at once.
 *
 * Failure: what throws ends this instance of the plugin: nothing of the message counts, the instance is replaced, and the
 * message is offered again up to the configured number of attempts. Emits take effect only with `Verdict.ack`. State in
 * variables is lost when the instance is replaced, unless `keep` hands it over to the next version of the code; what must last
 * belongs into a `KV` or a session.
 */
export { Bytes } from "./bytes";
export { Config } from "./config";
export { Level, log, now, random, MILLISECOND, SECOND } from "./host";
export { Header, Request, Response, ResponseError } from "./http";
export { KV } from "./kv";
export { Message, NO_TIME } from "./message";
export { Out } from "./out";
export { handler, keep, output, reducer, start, Fold, Kept } from "./plugin";
export { Kind, Value } from "./value";
export { Verdict } from "./verdict";
