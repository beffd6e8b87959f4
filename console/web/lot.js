// Dead letters and parked deliveries: how many, and the first of them.

import * as client from './client.js';
import { attribute, el, figure, list, part, text } from './dom.js';
import { away, bytes, count } from './format.js';

const shown = 20;
const least = 3000; // milliseconds between two readings of a list

/** One list that is read again when its figures change. */
class Shelf {
  #read;
  #seen = '';
  #at = 0;
  #busy = false;
  rows = [];
  error = '';

  constructor(read) {
    this.#read = read;
  }

  async refresh(mark, number, done) {
    if (mark === this.#seen || this.#busy || Date.now() - this.#at < least) return;
    this.#busy = true;
    try {
      this.rows = number > 0 ? await this.#read(shown) : [];
      this.#seen = mark;
      this.error = '';
    } catch (error) {
      this.error = error.message;
    }
    this.#at = Date.now();
    this.#busy = false;
    done();
  }
}

export class Lot {
  #dead = new Shelf(client.dead);
  #parked = new Shelf(client.parked);
  #stats = null;

  update(stats) {
    this.#stats = stats;
    const { lot } = stats;
    this.#dead.refresh(`${lot.dead}`, lot.dead, () => this.#show());
    // What is parked comes back and is parked again under the same count: the next due time tells.
    this.#parked.refresh(`${lot.parked} ${lot.next_due ?? ''}`, lot.parked, () => this.#show());
    this.#show();
  }

  #show() {
    const { lot, time } = this.#stats;
    const now = Date.parse(time);
    tally('dead-count', 'lot.dead', lot.dead, 'bad');
    tally('parked-count', 'lot.parked', lot.parked, 'warn');
    shelf(document.getElementById('dead-list'), this.#dead, lot.dead, 'No dead letters. What a plugin gives up, and what is no message, comes here.',
      (node, letter) => showDead(node, letter, now));
    shelf(document.getElementById('parked-list'), this.#parked, lot.parked, 'Nothing is parked. What is to be tried later waits here.',
      (node, one) => showParked(node, one, now), kinds(lot, now));
  }
}

function tally(id, place, value, level) {
  const node = document.getElementById(id);
  figure(node, place, value, count(value), false);
  attribute(node, 'data-level', value > 0 ? level : null);
}

const kinds = (lot, now) => [
  ...Object.entries(lot.parked_by_kind ?? {}).filter(([, n]) => n > 0).map(([kind, n]) => `${count(n)} ${kind}`),
  lot.next_due ? `next due ${away(lot.next_due, now)}` : '',
].filter(Boolean);

function shelf(root, { rows, error }, number, empty, update, chips = []) {
  if (!root.firstChild) {
    root.append(el('div', { class: 'chips', 'data-part': 'chips' }), el('div', { 'data-part': 'rows' }), el('p', { class: 'none', 'data-part': 'none' }));
  }
  list(part(root, 'chips'), chips.map((words, i) => ({ words, i })), (c) => c.i, () => el('span', { class: 'chip' }), (node, c) => text(node, c.words));
  part(root, 'chips').hidden = chips.length === 0;
  list(part(root, 'rows'), number > 0 ? rows : [], (r) => r.id, entry, update);
  const none = part(root, 'none');
  text(none, error ? `The list cannot be read: ${error}` : number === 0 ? empty : number > rows.length && rows.length > 0 ? `The first ${count(rows.length)} of ${count(number)}.` : '');
  none.hidden = none.textContent === '';
}

function entry() {
  return el('details', { class: 'row' },
    el('summary', {}, el('span', { class: 'line' }, el('span', { class: 'name', 'data-part': 'title' }), el('span', { 'data-part': 'kind', class: 'chip' }), el('span', { 'data-part': 'when' })),
      el('span', { class: 'said', 'data-part': 'reason' })),
    el('div', { class: 'more' }, el('dl', { class: 'pairs', 'data-part': 'pairs' }), el('pre', { 'data-part': 'payload' })));
}

function show(node, title, kind, when, reason, pairs, payload) {
  text(part(node, 'title'), title);
  text(part(node, 'kind'), kind);
  text(part(node, 'when'), when);
  text(part(node, 'reason'), reason);
  list(part(node, 'pairs'), pairs.filter(([, value]) => value !== '' && value !== undefined && value !== null).flatMap(([name, value]) => [['dt', name], ['dd', String(value), name]]),
    ([tag, value, name]) => `${tag} ${name ?? value}`, ([tag]) => el(tag), (n, [, value]) => text(n, value));
  text(part(node, 'payload'), payload);
}

const place = (origin) => (origin ? `${origin.source}, lane ${origin.lane}, position ${origin.position ?? 0}` : '');

function showDead(node, d, now) {
  show(node, d.key || d.id, d.kind === 'emit' ? `emit to ${d.target ?? 'its target'}` : d.kind, away(d.lastFailure, now), d.reason ?? '', [
    ['Plugin', d.plugin && d.revision ? `${d.plugin} r${d.revision}` : d.plugin], ['Attempts', d.attempts], ['From', place(d.origin)],
    ['State', d.state === 'dead' ? '' : d.state], ['Look', `pelton dead show ${d.id}`], ['Try again', `pelton dead replay ${d.id}`],
  ], body(d.payload));
}

function showParked(node, p, now) {
  show(node, p.key || p.id, p.kind, p.due ? `due ${away(p.due, now)}` : '', p.reason ?? '', [
    ['Plugin', p.plugin], ['Attempts', p.attempts], ['Deferred', p.defers ? `${p.defers} times` : ''], ['From', place(p.origin)],
  ], body(p.payload));
}

/** A payload as text when it is text, else how long it is. */
function body(base64) {
  if (!base64) return '(empty)';
  const raw = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return `${bytes(raw.length)} that are no text`;
  }
}
