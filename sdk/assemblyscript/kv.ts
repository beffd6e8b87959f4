import { Bytes } from "./bytes";
import { grows, importKVDelete, importKVGet, importKVNext, importKVPut, place, room, taken } from "./host";

/**
 * The plugin's durable state, as the message being handled sees it: keys and values that its instances share, and that
 * survive restarts and swaps. `Out.kv` gives it. The config grants it by `capabilities: {kv: {}}`; a plugin that uses it
 * and was not granted it does not start.
 *
 * A read sees what this message changed, and what every message changed that was acked before by this instance. Changes
 * take effect with `Verdict.ack`, all of a message's or none, and once, however often the message is offered: a counter
 * counts right. Two instances of a plugin may change one key at the same time, and one change is lost then; messages of
 * one key are always handled by the same instance, so use the message's key in the state's, or one instance.
 */
export class KV {
  constructor(
    /** For the kit. */
    private delivery: i32,
  ) {}

  /** The value of a key, the plugin's own; null when there is none. */
  get(key: Bytes): Bytes | null {
    let n = 0;
    do {
      n = importKVGet(this.delivery, key.ptr, key.size, place(), room());
    } while (grows(n));
    return n < 0 ? null : taken(n);
  }

  /**
   * Sets a key. Both are copied, and count to `limits.output`. Over that, over `capabilities.kv.max_bytes` or with a key
   * that is empty or too long the message fails.
   */
  put(key: Bytes, value: Bytes): void {
    importKVPut(this.delivery, key.ptr, key.size, value.ptr, value.size);
  }

  /** Removes a key, which need not be there. */
  delete(key: Bytes): void {
    importKVDelete(this.delivery, key.ptr, key.size);
  }

  /**
   * The first key above `after` that begins with `prefix`, in the order of their bytes; null if there is none. An `after`
   * of null is before the first. Keys may be put and removed on the way:
   *
   *     let key = kv.next(prefix);
   *     while (key) {
   *       kv.delete(key);
   *       key = kv.next(prefix, key);
   *     }
   */
  next(prefix: Bytes, after: Bytes | null = null): Bytes | null {
    const from = after ? after.ptr : 0;
    const length = after ? after.size : 0;
    let n = 0;
    do {
      n = importKVNext(this.delivery, prefix.ptr, prefix.size, from, length, place(), room());
    } while (grows(n));
    return n < 0 ? null : taken(n);
  }
}
