import { Bytes } from "./bytes";
import { importDeclare, importEmit, importOutput, importSettle } from "./host";
import { Request } from "./http";
import { KV } from "./kv";
import { Verdict } from "./verdict";

const names: string[] = [];
const indices: i32[] = [];

/** For the kit: tells the host of an output. */
export function declare_(name: string, contentType: string): void {
  const n = String.UTF8.encode(name);
  const t = String.UTF8.encode(contentType);
  names.push(name);
  indices.push(importDeclare(changetype<usize>(n), n.byteLength, changetype<usize>(t), t.byteLength));
}

/** Takes what a handler puts out while it handles one message. */
export class Out {
  constructor(
    /** For the kit. */
    public delivery: i32 = 0,
  ) {}

  /**
   * Puts out one payload on a declared output. The bytes are copied. It takes effect only if the message is acked. A key
   * of null means none; a content type is one other than the output's. An output that was not declared, or more bytes
   * than `limits.output`, makes the message fail.
   */
  emit(output: string, key: Bytes | null, payload: Bytes, contentType: string = ""): void {
    const i = names.indexOf(output);
    let index: i32;
    if (i >= 0) {
      index = unchecked(indices[i]);
    } else {
      const n = String.UTF8.encode(output);
      index = importOutput(changetype<usize>(n), n.byteLength); // negative; the host remembers the name for the error
    }
    let type: usize = 0;
    let typeSize = 0;
    if (contentType.length) {
      const t = String.UTF8.encode(contentType);
      type = changetype<usize>(t);
      typeSize = t.byteLength;
    }
    importEmit(this.delivery, index, key ? key.ptr : 0, key ? key.size : -1, payload.ptr, payload.size, type, typeSize);
  }

  /** `emit` of a text. */
  emitText(output: string, key: Bytes | null, text: string, contentType: string = ""): void {
    this.emit(output, key, Bytes.of(text), contentType);
  }

  /** The plugin's durable state, as the message being handled sees it. */
  get kv(): KV {
    return new KV(this.delivery);
  }

  /**
   * Makes a request and gives the verdict to return. The instance does not wait: the message is offered again when the
   * response is there, which `Message.response` gives then, and spends no attempt. Emits of the message so far are
   * discarded.
   *
   * The response is lost with a restart or a swap, and the handler sees the message without one again: it starts over, so
   * a request may be made more than once. A handler may fetch again after a response, up to `max_requests` times.
   */
  fetch(request: Request): Verdict {
    request.send(this.delivery);
    return new Verdict(6);
  }

  /**
   * Decides a message that was held earlier, by its token. It takes effect only if the message being handled is acked. A
   * token that is expired or superseded is refused and counted by the wheel. What is emitted through the result is an
   * emit of the held message.
   */
  settle(token: string, verdict: Verdict): Out {
    const t = String.UTF8.encode(token);
    const r = String.UTF8.encode(verdict.reason);
    return new Out(importSettle(
      this.delivery, changetype<usize>(t), t.byteLength, verdict.decision, verdict.pass ? 1 : 0, verdict.nanos,
      changetype<usize>(r), r.byteLength,
    ));
  }
}
