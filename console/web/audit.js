// The audit log: who changed the wheel, why, and what came of it.

import * as client from './client.js';
import { el, list, part, text } from './dom.js';
import { digest } from './format.js';

const page = 100;
const least = 3000;
const at = (name) => ({ 'data-part': name });

export class Audit {
  #root;
  #rows = [];
  #next = '0';
  #shown = false;
  #busy = false;
  #read = 0;

  constructor(root) {
    this.#root = root;
    root.append(
      el('form', { class: 'filters', role: 'search', on: { submit: (event) => event.preventDefault() } },
        el('label', {}, el('span', { text: 'search' }), el('input', { type: 'search', autocomplete: 'off', placeholder: 'in what is read', ...at('query'), on: { input: () => this.#draw() } })),
        el('label', {}, el('span', { text: 'outcome' }), el('select', { ...at('outcome'), on: { change: () => this.#draw() } }, ['', 'done', 'rolled back', 'refused', 'failed'].map((o) => el('option', { value: o, text: o || 'all' }))))),
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Entries, the newest first' }, el('table', { class: 'audit' },
        el('thead', {}, el('tr', {}, ['When', 'Who', 'Act', 'On', 'Outcome', 'Why'].map((t) => el('th', { scope: 'col', class: 'left', text: t })))), el('tbody', at('rows')))),
      el('p', { class: 'none', role: 'status', ...at('none'), text: 'Reading …' }),
      el('button', { type: 'button', text: 'Older ones', ...at('more'), hidden: '', on: { click: () => this.#load(this.#next) } }));
  }

  open(shown) {
    this.#shown = shown;
    if (shown) this.#load('0');
  }

  update() {
    if (this.#shown && Date.now() - this.#read > least) this.#load('0');
  }

  /** Reads the newest page, or the one before an entry; the newest is joined with what is known. */
  async #load(before) {
    if (this.#busy) return;
    this.#busy = true;
    let error = '';
    try {
      const { entries = [], next = '0' } = await client.audit(before, page);
      if (before !== '0') [this.#rows, this.#next] = [[...this.#rows, ...entries], next];
      else {
        const known = new Set(this.#rows.map((r) => r.id));
        const fresh = entries.filter((e) => !known.has(e.id));
        if (fresh.length === entries.length) [this.#rows, this.#next] = [entries, next]; // nothing joins: begin again
        else this.#rows = [...fresh, ...this.#rows];
      }
    } catch (problem) {
      error = problem.status === 403 ? 'You may not read this: it needs the scope admin.' : `The log cannot be read: ${problem.message}`;
    }
    [this.#busy, this.#read] = [false, Date.now()];
    this.#draw(error);
  }

  #draw(error = '') {
    const query = part(this.#root, 'query').value.toLowerCase();
    const outcome = part(this.#root, 'outcome').value;
    const found = this.#rows.filter((r) => (!outcome || r.outcome === outcome) && [r.who, r.from, r.act, r.on, r.reason, r.why].join(' ').toLowerCase().includes(query));
    list(part(this.#root, 'rows'), found, (r) => r.id, row, () => {});
    text(part(this.#root, 'none'), error || (found.length > 0 ? '' : this.#rows.length > 0 ? 'No entry is like this.' : 'Nobody has changed this wheel yet. Swaps, replays, pauses and the like are listed here.'));
    part(this.#root, 'none').hidden = !part(this.#root, 'none').textContent;
    part(this.#root, 'more').hidden = this.#next === '0';
  }
}

function row(r) {
  const cell = (words, sub) => el('td', { class: 'left' }, el('span', { text: words ?? '' }), sub ? el('span', { class: 'sub', text: sub }) : null);
  const long = (words = '') => el('td', { class: 'left wrap', title: words }, el('span', { text: words.replace(/sha256:[0-9a-f]{64}/g, digest) }));
  return el('tr', {}, el('td', { class: 'left' }, el('time', { datetime: r.time, text: new Date(r.time).toLocaleString() })), cell(r.who, r.from), cell(r.act), long(r.on),
    el('td', { class: 'left wrap' }, el('span', { class: 'chip', 'data-state': { done: 'running', 'rolled back': 'waiting' }[r.outcome] ?? 'failed', text: r.outcome ?? '' }), r.reason ? el('span', { class: 'sub', text: r.reason }) : null), long(r.why));
}
