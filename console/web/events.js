// What happened to the wheel: swaps, pauses, failures, applied configs, each in words.

import * as client from './client.js';
import { el, figure, list, part, text } from './dom.js';
import { count } from './format.js';
import { toPlugin } from './pages.js';

const least = 1500; // milliseconds between two readings
const kept = 1000; // rows that are shown
const at = (name) => ({ 'data-part': name });

export class Events {
  #root;
  #rows = []; // newest first
  #born = 0;
  #shown = false;
  #busy = false;
  #read = 0;
  #known = -1; // how many there were when it was read last
  #error = 'Reading …';

  constructor(root) {
    this.#root = root;
    const draw = () => this.#draw();
    root.append(
      el('form', { class: 'filters', role: 'search', on: { submit: (event) => event.preventDefault() } },
        el('label', {}, el('span', { text: 'search' }), el('input', { type: 'search', autocomplete: 'off', placeholder: 'in what is read', ...at('query'), on: { input: draw } })),
        el('label', {}, el('span', { text: 'how bad' }), el('select', { ...at('level'), on: { change: draw } }, [['', 'all'], ['warn', 'warnings and errors'], ['error', 'errors']].map(([value, words]) => el('option', { value, text: words })))),
        el('label', {}, el('span', { text: 'what' }), el('select', { ...at('kind'), on: { change: draw } }, el('option', { value: '', text: 'all' })))),
      el('p', { class: 'sub', ...at('total') }),
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Events, the newest first' }, el('table', { class: 'audit' },
        el('thead', {}, el('tr', {}, ['When', 'What', 'Where', 'In words'].map((t) => el('th', { scope: 'col', class: 'left', text: t })))), el('tbody', at('rows')))),
      el('p', { class: 'none', role: 'status', ...at('none'), text: this.#error }));
  }

  open(shown, stats) {
    this.#shown = shown;
    if (shown && stats) this.update(stats, true);
  }

  /** Takes the figures: events are read again when there are more. A wheel that was started again counts from 1. */
  update(stats, now = false) {
    const born = Math.round((Date.parse(stats.time) - stats.uptime_ns / 1e6) / 5000);
    if (this.#born && Math.abs(born - this.#born) > 1) [this.#rows, this.#known] = [[], -1];
    this.#born = born;
    if (!this.#shown) return;
    figure(part(this.#root, 'total'), 'events.count', stats.events.count, `${count(stats.events.count)} since the start`, false);
    if (stats.events.count !== this.#known && (now || Date.now() - this.#read > least)) this.#load(stats.events.count);
  }

  async #load(known) {
    if (this.#busy) return;
    this.#busy = true;
    const born = this.#born;
    try {
      const { events = [] } = await client.happened(this.#rows[0]?.seq ?? '0', kept);
      if (born === this.#born) [this.#rows, this.#known, this.#error] = [[...events.reverse(), ...this.#rows].slice(0, kept), known, ''];
    } catch (problem) {
      this.#error = problem.status === 403 ? 'You may not read this: it needs the scope operate.' : `The events cannot be read: ${problem.message}`;
    }
    [this.#busy, this.#read] = [false, Date.now()];
    this.#draw();
  }

  #draw() {
    const pick = part(this.#root, 'kind');
    const known = new Set([...pick.options].map((o) => o.value));
    for (const { kind } of this.#rows) if (!known.has(kind)) known.add(kind), pick.append(el('option', { value: kind, text: kind }));
    const [query, level] = [part(this.#root, 'query').value.toLowerCase(), part(this.#root, 'level').value];
    const bad = (e) => !level || e.level === 'error' || e.level === level;
    const found = this.#rows.filter((e) => bad(e) && (!pick.value || e.kind === pick.value) && `${e.kind} ${e.text}`.toLowerCase().includes(query));
    list(part(this.#root, 'rows'), found, (e) => e.seq, row, () => {});
    const cut = this.#rows.length > 0 && this.#rows.at(-1).seq !== '1' && !this.#error ? 'Older ones are not kept here (limits.events); the output of the wheel has had them.' : '';
    text(part(this.#root, 'none'), this.#error || (found.length > 0 ? cut : this.#rows.length > 0 ? 'No event is like this.' : 'Nothing has happened yet.'));
    part(this.#root, 'none').hidden = !part(this.#root, 'none').textContent;
  }
}

function row(e) {
  const where = e.plugin ? el('a', { class: 'name', href: toPlugin(e.plugin), text: e.plugin }) : el('span', { text: e.source ?? '' });
  return el('tr', {}, el('td', { class: 'left' }, el('time', { datetime: e.time, text: new Date(e.time).toLocaleString() })),
    el('td', { class: 'left' }, el('span', { class: 'chip', 'data-state': { warn: 'waiting', error: 'failed' }[e.level] ?? 'old', text: e.kind })),
    el('td', { class: 'left' }, where, e.plugin ? el('span', { class: 'sub', text: e.revision ? `r${e.revision}` : '' }) : null), el('td', { class: 'left wrap lines', text: e.text ?? '' }));
}
