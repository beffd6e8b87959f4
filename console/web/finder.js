// Finds a session: a name, then a key among those that it has.

import * as client from './client.js';
import { attribute, el, list, part, text } from './dom.js';
import { count, many } from './format.js';

const page = 1000; // keys of one answer
const pages = 5; // answers that are read; beyond them a key is opened by its full name
const shown = 500;
const least = 3000; // milliseconds between two readings

const orders = {
  busy: (a, b) => b.id - a.id || (a.key < b.key ? -1 : 1),
  recent: (a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0),
  key: (a, b) => (a.key < b.key ? -1 : 1),
};

export class Finder {
  #root;
  #follow;
  #name = '';
  #names = [];
  #rows = [];
  #more = false;
  #error = '';
  #mark = '';
  #at = 0;
  #busy = false;
  #stats = null;

  constructor(root, follow) {
    this.#root = root;
    this.#follow = follow;
    const draw = () => this.draw();
    root.append(
      el('form', { class: 'tools', role: 'search', on: { submit: (event) => this.#enter(event) } },
        el('input', { type: 'search', placeholder: 'Search, or type a whole key', 'aria-label': 'Search a key', autocomplete: 'off', spellcheck: 'false', 'data-part': 'query', on: { input: draw } }),
        el('select', { 'aria-label': 'Session name', 'data-part': 'names', on: { change: (event) => this.choose(event.target.value) } }),
        el('select', { 'aria-label': 'Order', 'data-part': 'order', on: { change: draw } },
          el('option', { value: 'busy', text: 'Most snapshots' }), el('option', { value: 'recent', text: 'Newest first' }), el('option', { value: 'key', text: 'By key' }))),
      el('p', { class: 'said', 'aria-live': 'polite', 'data-part': 'said' }),
      el('div', { class: 'keys', role: 'list', 'data-part': 'keys', on: { keydown: arrows } }));
  }

  /** Shows another session name. */
  choose(name) {
    if (name === this.#name) return;
    Object.assign(part(this.#root, 'names'), { value: name });
    [this.#name, this.#rows, this.#mark, this.#at] = [name, [], '', 0];
    if (this.#stats) this.update(this.#stats);
  }

  /** Takes the figures: keys are read again when sessions have changed. */
  update(stats) {
    this.#stats = stats;
    this.#names = (stats.sessions ?? []).map((s) => s.name);
    list(part(this.#root, 'names'), this.#names, (n) => n, (n) => el('option', { value: n, text: n }), () => {});
    if (!this.#names.includes(this.#name)) this.#name = this.#names[0] ?? '';
    part(this.#root, 'names').value = this.#name;
    const figures = stats.sessions?.find((s) => s.name === this.#name);
    if (figures) this.#refresh(`${this.#name} ${figures.sessions} ${figures.snapshots}`);
    this.draw();
  }

  async #refresh(mark) {
    if (mark === this.#mark || this.#busy || Date.now() - this.#at < least) return;
    this.#busy = true;
    const name = this.#name;
    try {
      const rows = [];
      for (let i = 0; i < pages && rows.length === i * page; i++) rows.push(...(await client.heads(name, rows.at(-1)?.key ?? '', page)));
      if (name === this.#name) [this.#rows, this.#more, this.#mark, this.#error] = [rows, rows.length === pages * page, mark, ''];
    } catch (error) {
      this.#error = error.message;
    }
    [this.#at, this.#busy] = [Date.now(), false];
    this.draw();
  }

  /** Enter opens the key as it is typed, or the only one that is left. */
  #enter(event) {
    event.preventDefault();
    const query = part(this.#root, 'query').value;
    const found = this.#found();
    const key = found.length === 1 ? found[0].key : (this.#rows.find((r) => r.key.toLowerCase() === query.toLowerCase())?.key ?? query);
    if (key && this.#name) this.#follow.start(this.#name, key);
  }

  #found() {
    const query = part(this.#root, 'query').value.toLowerCase();
    return this.#rows.filter((r) => r.key.toLowerCase().includes(query)).sort(orders[part(this.#root, 'order').value]);
  }

  draw() {
    const found = this.#found();
    text(part(this.#root, 'said'), this.#said(found.length));
    list(part(this.#root, 'keys'), found.slice(0, shown), (r) => r.key, (r) => this.#key(r), (node, r) => {
      const button = node.firstChild;
      text(button.lastChild, count(r.id));
      attribute(button, 'tabindex', r === (found.find((f) => f.key === this.#follow.key) ?? found[0]) ? null : '-1'); // arrows go through the rest
      attribute(button, 'aria-current', r.name === this.#follow.name && r.key === this.#follow.key ? 'true' : null);
    });
  }

  #key(r) {
    const open = () => this.#follow.start(this.#name, r.key);
    return el('div', { role: 'listitem' }, el('button', { type: 'button', title: r.key, on: { click: open } },
      el('span', { class: 'key', text: r.key || '(no key)' }), el('span', { class: 'id', title: 'newest snapshot' })));
  }

  #said(found) {
    if (this.#error) return `The sessions cannot be read: ${this.#error}`;
    if (this.#names.length === 0) return 'This wheel has no sessions.';
    if (this.#rows.length === 0) return this.#mark ? 'None yet. A session begins with its first snapshot.' : 'Reading …';
    const cut = this.#more ? `, searched among the first ${count(this.#rows.length)}; Enter opens any key` : '';
    return (found > shown ? `${count(shown)} of ${many(found, 'session')}` : found === 0 ? 'No key has this in it' : many(found, 'session')) + cut;
  }
}

/** Arrow keys go through the list. */
function arrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  event.preventDefault();
}
