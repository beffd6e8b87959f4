// Asks the wheel for its figures once a second, and says how that goes. Hidden tabs do not ask.

import * as client from './client.js';

const interval = 1000;
const waits = [1, 2, 3, 5]; // seconds between attempts while nothing answers

/**
 * Events: `stats` (detail: the figures) and `change`. state is loading, up or down; while it is down, error says why,
 * last when the figures came that are shown, and next when it is asked again (milliseconds of the browser's clock).
 */
export class Link extends EventTarget {
  state = 'loading';
  error = '';
  last = 0;
  next = 0;
  #timer = 0;
  #asking = false;
  #failed = 0;

  start() {
    document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(this.#timer) : this.now()));
    addEventListener('online', () => this.now());
    this.now();
  }

  /** Asks now instead of at the next turn. */
  async now() {
    clearTimeout(this.#timer);
    if (this.#asking) return;
    this.#asking = true;
    const began = Date.now();
    try {
      const stats = await client.stats();
      this.#failed = 0;
      this.last = Date.now();
      this.#become('up', '');
      this.dispatchEvent(new CustomEvent('stats', { detail: stats }));
    } catch (error) {
      this.#failed++;
      this.next = Date.now() + waits[Math.min(this.#failed, waits.length) - 1] * 1000;
      this.#become('down', error instanceof TypeError ? 'it cannot be reached' : error.name === 'TimeoutError' ? 'it does not answer' : error.message);
    } finally {
      this.#asking = false;
    }
    const wait = this.state === 'up' ? Math.max(0, interval - (Date.now() - began)) : this.next - Date.now();
    if (!document.hidden) this.#timer = setTimeout(() => this.now(), wait);
  }

  #become(state, error) {
    const changed = state !== this.state || error !== this.error || state === 'down';
    this.state = state;
    this.error = error;
    if (changed) this.dispatchEvent(new Event('change'));
  }
}
