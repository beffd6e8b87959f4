// Lists of what waits in the store, dead letters and parked deliveries: browsed in pages, filtered, and acted on after a
// look at what would happen.

import { ask, may } from './ask.js';
import * as client from './client.js';
import { attribute, el, figure, list, part, text } from './dom.js';
import { away, count, many } from './format.js';
import { pretty } from './payload.js';

const page = 50;
const least = 3000; // milliseconds between two readings
const at = (name) => ({ 'data-part': name });

/** What the two lists differ in. */
export const kinds = {
  dead: {
    api: client.dead,
    filters: { plugin: null, source: null, kind: ['delivery', 'emit', 'frame'], state: ['dead', 'replaying', 'settled'], reason: '' },
    empty: 'No dead letters. What a plugin gives up, what a target refuses, and what is no message comes here.',
    one: ['dead letter', 'dead letters'],
    acts: [
      { name: 'replay', title: 'Replay', dry: (r) => many(r.replayed ?? 0, 'dead letter') + ' would be offered again', did: (r) => many(r.replayed ?? 0, 'dead letter') + ' will be offered again', number: (r) => r.replayed ?? 0, force: 'Also those that a replay settled already' },
      { name: 'drop', title: 'Drop', danger: true, dry: (r) => many(r.dropped ?? 0, 'dead letter') + ' would be removed for good', did: (r) => many(r.dropped ?? 0, 'dead letter') + ' removed', number: (r) => r.dropped ?? 0 },
    ],
    view: (d, now) => ({
      title: d.key || '(no key)', chips: [d.kind === 'emit' ? `emit to ${d.target ?? 'its target'}` : d.kind, d.plugin], state: d.state === 'dead' ? '' : d.state, when: away(d.lastFailure, now), reason: d.reason ?? '',
      pairs: [['Id', d.id], ['Delivery', d.delivery], ['Plugin', d.plugin && `${d.plugin}${d.revision ? ` r${d.revision}` : ''}`], ['Code', d.digest], ['Attempts', d.attempts], ['Replays', d.replays], ['From', place(d.origin)], ['First failure', clock(d.firstFailure)], ['Last failure', clock(d.lastFailure)], ['Trace', d.origin?.trace], ['Type', d.contentType], ['Headers', headers(d.headers)]],
    }),
  },
  parked: {
    api: client.parked,
    filters: { plugin: null, kind: ['retry', 'defer', 'hold', 'behind', 'pause', 'replay'], key: '' },
    empty: 'Nothing is parked. What is to be tried later waits here, and what waits behind it in its key.',
    one: ['parked delivery', 'parked deliveries'],
    acts: [
      { name: 'release', title: 'Release', dry: (r) => many(r.released ?? 0, 'delivery', 'deliveries') + ' would be due now', did: (r) => many(r.released ?? 0, 'delivery', 'deliveries') + ' due now', number: (r) => r.released ?? 0 },
      { name: 'drop', title: 'Drop', danger: true, dry: (r) => many(r.dropped ?? 0, 'delivery', 'deliveries') + ' would be removed for good', did: (r) => many(r.dropped ?? 0, 'delivery', 'deliveries') + ' removed', number: (r) => r.dropped ?? 0 },
    ],
    view: (p, now) => ({
      title: p.key || '(no key)', chips: [p.kind, p.plugin], state: '', when: p.due ? `due ${away(p.due, now)}` : 'not due by itself', reason: p.reason ?? '',
      pairs: [['Id', p.id], ['Delivery', p.delivery], ['Plugin', p.plugin], ['Attempts', p.attempts], ['Deferred', p.defers && many(p.defers, 'time')], ['Due', clock(p.due)], ['First seen', clock(p.firstSeen)], ['From', place(p.origin)], ['Headers', headers(p.headers)]],
    }),
  },
};

const place = (origin) => (origin ? `${origin.source}, lane ${origin.lane}, position ${origin.position ?? 0}` : '');
const clock = (time) => (time ? new Date(time).toLocaleString() : '');
const headers = (all) => (all ?? []).map((h) => `${h.name}: ${h.value}`).join('\n');

export class Letters {
  #root;
  #kind;
  #name;
  #shown = false;
  #stats = null;
  #rows = [];
  #next = '';
  #pages = ['']; // the cursor of each page up to this one
  #chosen = new Set();
  #mark = null;
  #read = 0;
  #busy = false;

  constructor(root, name) {
    this.#root = root;
    this.#name = name;
    this.#kind = kinds[name];
    const again = () => this.#turn(['']);
    const input = ([field, values]) => el('label', {}, el('span', { text: field }),
      Array.isArray(values) || values === null ? el('select', { ...at(field), on: { change: again } }, el('option', { value: '', text: 'all' }), (values ?? []).map((v) => el('option', { value: v, text: v })))
        : el('input', { ...at(field), type: 'search', autocomplete: 'off', placeholder: field === 'reason' ? 'has this in it' : 'exactly', on: { change: again } }));
    root.append(
      el('form', { class: 'filters', role: 'search', on: { submit: (event) => (event.preventDefault(), again()) } }, Object.entries(this.#kind.filters).map(input),
        el('button', { type: 'button', text: 'Clear', on: { click: () => this.#clear() } })),
      el('div', { class: 'chips', ...at('chips') }),
      el('div', { class: 'bar-of-acts' }, el('label', { class: 'check' }, el('input', { type: 'checkbox', ...at('all'), on: { change: (event) => this.#all(event.target.checked) } }), el('span', { text: 'This page' })),
        el('span', { class: 'said', role: 'status', ...at('said') }),
        this.#kind.acts.map((act) => el('button', { type: 'button', class: act.danger ? 'danger' : null, ...at(act.name), disabled: '', on: { click: () => this.#act(act) } }))),
      el('div', { class: 'letters', ...at('rows') }), el('p', { class: 'none', ...at('none'), text: 'Reading …' }),
      el('nav', { class: 'pager', 'aria-label': 'Pages of the list' }, el('button', { type: 'button', text: '‹ Before', ...at('back'), on: { click: () => this.#turn(this.#pages.slice(0, -1)) } }), el('span', at('page')),
        el('button', { type: 'button', text: 'Next ›', ...at('next'), on: { click: () => this.#turn([...this.#pages, this.#next]) } })));
  }

  /** Shows the list, with the filter of the address, or stops to read it. */
  open(query) {
    this.#shown = query !== null;
    if (!this.#shown) return;
    this.#options();
    for (const field of Object.keys(this.#kind.filters)) {
      const input = part(this.#root, field);
      const value = query.get(field) ?? '';
      if (value && input.tagName === 'SELECT' && ![...input.options].some((o) => o.value === value)) input.append(el('option', { value, text: value }));
      input.value = value;
    }
    this.#pages = [''];
    this.#chosen.clear();
    this.#load();
  }

  update(stats) {
    this.#stats = stats;
    const { lot } = stats;
    const tally = document.getElementById(`${this.#name}-count`);
    figure(tally, `lot.${this.#name}`, lot[this.#name], lot[this.#name] ? count(lot[this.#name]) : '', false);
    attribute(tally, 'data-level', lot[this.#name] > 0 ? (this.#name === 'dead' ? 'bad' : 'warn') : null);
    if (!this.#shown) return;
    this.#options();
    this.#chips();
    // What is parked comes back and is parked again under the same count: the next due time tells.
    const mark = this.#name === 'dead' ? `${lot.dead}` : `${lot.parked} ${lot.next_due ?? ''}`;
    if (mark !== this.#mark && Date.now() - this.#read > least) this.#load(mark);
  }

  /** Plugins and sources to choose from are those that the wheel has. */
  #options() {
    for (const field of ['plugin', 'source']) {
      const select = part(this.#root, field);
      if (!select || !this.#stats) continue;
      const known = new Set([...select.options].map((o) => o.value));
      for (const row of this.#stats[`${field}s`] ?? []) if (!known.has(row.name)) select.append(el('option', { value: row.name, text: row.name }));
    }
  }

  #chips() {
    const { lot, time } = this.#stats;
    const chips = this.#name === 'dead' ? [] : [...Object.entries(lot.parked_by_kind ?? {}).filter(([, n]) => n > 0).map(([kind, n]) => `${count(n)} ${kind}`), lot.next_due ? `next due ${away(lot.next_due, Date.parse(time))}` : ''].filter(Boolean);
    list(part(this.#root, 'chips'), chips, (c) => c.replace(/[\d,]+/g, ''), () => el('span', { class: 'chip' }), text);
    part(this.#root, 'chips').hidden = chips.length === 0;
  }

  #filter() {
    return Object.fromEntries(Object.keys(this.#kind.filters).map((field) => [field, part(this.#root, field).value.trim()]).filter(([, value]) => value));
  }

  #clear() {
    for (const field of Object.keys(this.#kind.filters)) part(this.#root, field).value = '';
    this.#turn(['']);
  }

  /** Goes to another page, or to the first one of another filter; the address keeps the filter. */
  #turn(pages) {
    this.#pages = pages;
    this.#chosen.clear();
    const query = new URLSearchParams(this.#filter()).toString();
    history.replaceState(null, '', `${location.search || location.pathname}#${this.#name}${query ? '?' + query : ''}`);
    this.#load();
  }

  async #load(mark = this.#mark) {
    if (this.#busy) return;
    this.#busy = true;
    const asked = JSON.stringify([this.#filter(), this.#pages.at(-1)]);
    let error = '';
    try {
      const { rows, next } = await this.#kind.api.list(this.#filter(), this.#pages.at(-1), page);
      [this.#rows, this.#next, this.#mark] = [rows, next, mark];
      const here = new Set(rows.map((r) => r.id));
      for (const id of this.#chosen) if (!here.has(id)) this.#chosen.delete(id);
    } catch (problem) {
      error = problem.status === 403 ? 'You may not read this: it needs the scope operate.' : `The list cannot be read: ${problem.message}`;
      [this.#rows, this.#next] = [[], ''];
    }
    [this.#read, this.#busy] = [Date.now(), false];
    if (asked !== JSON.stringify([this.#filter(), this.#pages.at(-1)])) return this.#load(mark); // it was changed meanwhile
    this.#draw(error);
  }

  #draw(error = '') {
    const now = this.#stats ? Date.parse(this.#stats.time) : Date.now();
    list(part(this.#root, 'rows'), this.#rows, (r) => r.id, (r) => this.#row(r), (node, r) => show(node, this.#kind.view(r, now)));
    const filtered = Object.keys(this.#filter()).length > 0;
    text(part(this.#root, 'none'), error || (this.#rows.length > 0 ? '' : filtered ? `No ${this.#kind.one[0]} is like this.` : this.#kind.empty));
    part(this.#root, 'none').hidden = !part(this.#root, 'none').textContent;
    part(this.#root, 'back').disabled = this.#pages.length < 2;
    part(this.#root, 'next').disabled = !this.#next;
    this.#root.querySelector('.pager').hidden = this.#pages.length < 2 && !this.#next;
    text(part(this.#root, 'page'), `page ${this.#pages.length}`);
    this.#choices();
  }

  #row(r) {
    const box = el('input', { type: 'checkbox', 'aria-label': `Choose ${r.key || r.id}`, on: { change: () => (box.checked ? this.#chosen.add(r.id) : this.#chosen.delete(r.id), this.#choices()) } });
    return el('div', { class: 'letter' }, box, el('details', { class: 'row' },
      el('summary', {}, el('span', { class: 'line' }, el('span', { class: 'name', ...at('title') }), el('span', { class: 'chips inline', ...at('kinds') }), el('span', { class: 'chip', ...at('state') }), el('span', at('when'))), el('span', { class: 'said', ...at('reason') })),
      el('div', { class: 'more' }, el('dl', { class: 'pairs', ...at('pairs') }), el('pre', { tabindex: '0', 'aria-label': 'Payload', text: r.payload ? pretty(r.payload) : '(empty)' }))));
  }

  #all(on) {
    this.#chosen = new Set(on ? this.#rows.map((r) => r.id) : []);
    this.#choices();
  }

  #choices() {
    for (const node of part(this.#root, 'rows').children) node.firstElementChild.checked = this.#chosen.has(node.dataset.key);
    const [n, all] = [this.#chosen.size, this.#rows.length];
    Object.assign(part(this.#root, 'all'), { checked: n > 0 && n === all, indeterminate: n > 0 && n < all, disabled: all === 0 });
    text(part(this.#root, 'said'), n > 0 ? `${count(n)} chosen` : all === 0 ? '' : this.#next || this.#pages.length > 1 ? `${count(all)} on this page` : many(all, ...this.#kind.one));
    for (const act of this.#kind.acts) {
      const button = part(this.#root, act.name);
      button.disabled = all === 0 || !may('operate');
      text(button, n > 0 ? `${act.title} ${count(n)} …` : Object.keys(this.#filter()).length ? `${act.title} all like this …` : `${act.title} all …`);
    }
  }

  /** Says by a dry run what would happen, and does it when that is confirmed. */
  async #act(act) {
    const which = this.#chosen.size > 0 ? { ids: [...this.#chosen] } : { filter: this.#filter() };
    const force = act.force ? el('input', { type: 'checkbox' }) : null;
    const order = () => ({ ...which, ...(force?.checked ? { force: true } : {}) });
    const scope = which.ids ? `The ${many(which.ids.length, ...this.#kind.one)} that you chose.` : Object.keys(which.filter).length ? `All where ${Object.entries(which.filter).map(([f, v]) => `${f} is ${v}`).join(' and ')}.` : `All ${this.#kind.one[1]}.`;
    const look = async () => {
      const r = await this.#kind.api[act.name]({ ...order(), dryRun: true });
      return { ready: act.number(r) > 0 || Boolean(force), words: [el('p', { class: 'dry', text: act.dry(r) + '.' }), skipped(r)] };
    };
    const done = await ask({
      title: `${act.title} ${this.#kind.one[1]}`, action: act.title, danger: act.danger, why: false, look,
      body: [el('p', { text: scope }), force ? el('label', { class: 'check' }, force, el('span', { text: act.force })) : null].filter(Boolean),
      run: async () => {
        const r = await this.#kind.api[act.name](order());
        return [el('p', { class: 'good', text: act.did(r) + '.' }), skipped(r)];
      },
    });
    if (!done) return;
    this.#chosen.clear();
    this.#load();
  }
}

function skipped(r) {
  if (!r.skipped?.length) return '';
  return el('details', {}, el('summary', { text: `${count(r.skipped.length)} left out` }), el('ul', { class: 'skipped' }, r.skipped.slice(0, 20).map((s) => el('li', { text: `${s.id}: ${s.reason}` }))));
}

function show(node, v) {
  for (const name of ['title', 'state', 'when', 'reason']) text(part(node, name), v[name] ?? '');
  part(node, 'state').hidden = !v.state;
  list(part(node, 'kinds'), v.chips.filter(Boolean), (c) => c, (c) => el('span', { class: 'chip', text: c }), () => {});
  const pairs = v.pairs.filter(([, value]) => value !== '' && value !== undefined && value !== null && value !== 0);
  list(part(node, 'pairs'), pairs.flatMap(([name, value]) => [['dt', name, name], ['dd', String(value), name]]), ([tag, , name]) => `${tag} ${name}`, ([tag]) => el(tag), (n, [, words]) => text(n, words));
}
