// The tap: sampled messages as they pass a node, before and after a plugin. It never slows the wheel, and keeps few.

import { may } from './ask.js';
import * as client from './client.js';
import { attribute, el, list, part, text } from './dom.js';
import { bytes, count, many } from './format.js';
import { toTap } from './pages.js';
import { decoded, hex, pretty } from './payload.js';

const kept = 200; // samples that are shown
const least = 16384; // bytes of a payload that are asked for
const rates = [1, 10, 100];
const again = 2000; // milliseconds until a tap that broke is opened again
const at = (name) => ({ 'data-part': name });

const kinds = { source: 'Sources: what they read', plugin: 'Plugins: what they get, decide and put out', output: 'Outputs of plugins: what took effect', session: 'Sessions: what is handed to them', sink: 'Sinks: what is handed to them' };

export class Tap {
  #root;
  #node = '';
  #rows = []; // newest first: {n, sample}
  #counts = {};
  #state = ''; // connecting, live, paused, retrying, ended
  #note = '';
  #missed = 0; // that came while it was paused
  #end = null; // ends the stream
  #timer = 0;
  #drawn = false;
  #n = 0;

  constructor(root) {
    this.#root = root;
    const start = () => this.#start();
    const go = () => (location.hash = toTap(part(root, 'node').value));
    root.append(
      el('form', { class: 'filters', on: { submit: (event) => (event.preventDefault(), start()) } },
        el('label', {}, el('span', { text: 'what' }), el('select', { ...at('node'), on: { change: go } }, el('option', { value: '', text: 'Choose a place …' }))),
        el('label', {}, el('span', { text: 'only the key' }), el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: 'any', ...at('key'), on: { change: start } })),
        el('label', {}, el('span', { text: 'at most' }), el('select', { ...at('rate'), on: { change: start } }, rates.map((n) => el('option', { value: n, text: `${n} a second` })))),
        el('label', {}, el('span', { text: 'payloads' }), el('select', { ...at('as'), on: { change: () => this.#draw() } }, el('option', { value: 'pretty', text: 'as text, JSON with its lines' }), el('option', { value: 'hex', text: 'byte by byte' }))),
        el('button', { type: 'button', ...at('pause'), on: { click: () => this.#hold() } }),
        el('button', { type: 'button', text: 'Clear', ...at('clear'), on: { click: () => this.#clear() } })),
      el('p', { class: 'said', role: 'status' }, el('span', { class: 'chip', ...at('state') }), ' ', el('span', { class: 'sub inline', ...at('counts') })),
      el('p', { class: 'none', ...at('none') }),
      el('div', { class: 'letters', tabindex: '0', role: 'region', 'aria-label': 'Samples, the newest first', ...at('rows') }));
    part(root, 'rate').value = '10';
    this.#draw();
  }

  /** Opens the tap of a node, "kind/name" or "plugin/name.output"; null closes it. */
  open(node) {
    if (node === null) return this.#stop('');
    if (node === this.#node && this.#state) return;
    this.#node = node;
    if (node && ![...part(this.#root, 'node').options].some((o) => o.value === node)) part(this.#root, 'node').append(el('option', { value: node, text: node }));
    part(this.#root, 'node').value = node;
    this.#start();
  }

  /** Takes what can be tapped. */
  learn(topology) {
    const groups = Object.keys(kinds).map((kind) => [kind, (topology.nodes ?? []).filter((n) => n.kind === (kind === 'output' ? 'plugin' : kind)).flatMap((n) => (kind !== 'output' ? [[`${n.kind}/${n.name}`, n.name]] : (n.outputs ?? []).map((o) => [`plugin/${n.name}.${o}`, `${n.name}.${o}`])))]);
    part(this.#root, 'node').replaceChildren(el('option', { value: '', text: 'Choose a place …' }),
      ...groups.filter(([, nodes]) => nodes.length).map(([kind, nodes]) => el('optgroup', { label: kinds[kind] }, nodes.map(([value, words]) => el('option', { value, text: words })))));
    if (this.#node && ![...part(this.#root, 'node').options].some((o) => o.value === this.#node)) part(this.#root, 'node').append(el('option', { value: this.#node, text: this.#node }));
    part(this.#root, 'node').value = this.#node;
  }

  /** It is known now what they may do. */
  rights() {
    if (this.#state && !may('operate')) this.#start();
  }

  async #start() {
    this.#stop('');
    this.#clear();
    this.#draw();
    if (!this.#node) return;
    if (!may('operate')) return this.#stop('ended', 'You may not look at messages: it needs the scope operate.');
    const [node, end] = [this.#node, new AbortController()];
    [this.#end, this.#state] = [end, 'connecting'];
    this.#draw();
    const key = part(this.#root, 'key').value;
    const order = { node, rate: Number(part(this.#root, 'rate').value), payload: least, ...(key ? { key: btoa(String.fromCharCode(...new TextEncoder().encode(key))) } : {}) };
    try {
      await client.tap(order, (frame) => this.#take(frame), end.signal);
      if (this.#end === end) this.#later('the wheel ended it');
    } catch (error) {
      if (this.#end !== end) return; // another one took its place
      if (['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED'].includes(error.code)) this.#stop('ended', error.message);
      else this.#later(error.message);
    }
  }

  /** Comes back by itself; what passes meanwhile is not seen, and that is said. */
  #later(why) {
    this.#end = null;
    [this.#state, this.#note] = ['retrying', `Not tapped: ${why}. It is tried again; what passes meanwhile is not shown.`];
    this.#timer = setTimeout(() => this.#start(), again);
    this.#draw();
  }

  #stop(state, note = '') {
    clearTimeout(this.#timer);
    this.#end?.abort();
    [this.#end, this.#state, this.#note] = [null, state, note];
    this.#draw();
  }

  #hold() {
    this.#state = this.#state === 'paused' ? 'live' : 'paused';
    this.#missed = 0;
    this.#draw();
  }

  #clear() {
    [this.#rows, this.#counts, this.#missed] = [[], this.#state ? this.#counts : {}, 0];
    this.#draw();
  }

  #take({ samples = [], counts }) {
    if (this.#state === 'connecting') this.#state = 'live';
    if (counts) this.#counts = counts;
    if (this.#state === 'paused') this.#missed += samples.length;
    else {
      this.#rows.unshift(...samples.map((sample) => ({ n: ++this.#n, sample })).reverse());
      this.#rows.length = Math.min(this.#rows.length, kept);
    }
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#draw();
    });
  }

  #draw() {
    const on = ['live', 'paused'].includes(this.#state);
    text(part(this.#root, 'pause'), this.#state === 'paused' ? 'Go on' : 'Pause');
    part(this.#root, 'pause').disabled = !on;
    part(this.#root, 'clear').disabled = this.#rows.length === 0;
    part(this.#root, 'state').hidden = !this.#state;
    text(part(this.#root, 'state'), { live: 'tapped', connecting: 'connecting', paused: 'paused', retrying: 'not tapped', ended: 'not tapped' }[this.#state] ?? '');
    attribute(part(this.#root, 'state'), 'data-state', { live: 'running', paused: 'paused', retrying: 'retrying', ended: 'failed' }[this.#state] ?? 'old');
    text(part(this.#root, 'counts'), this.#said());
    const note = this.#note || (!this.#node ? 'Choose a place, or a line of the wheel\'s picture, to see samples of the messages that pass it. The wheel is not slowed.' : this.#rows.length > 0 ? '' : on ? 'No message has passed since this tap was opened.' : 'Opening …');
    text(part(this.#root, 'none'), note);
    part(this.#root, 'none').hidden = !note;
    part(this.#root, 'rows').hidden = this.#rows.length === 0;
    const as = part(this.#root, 'as').value;
    list(part(this.#root, 'rows'), this.#rows, (row) => `${row.n} ${as}`, (row) => sampled(row.sample, as === 'hex' ? hex : pretty), () => {});
  }

  #said() {
    const n = (name) => Number(this.#counts[name] ?? 0);
    const all = n('taken') + n('limited') + n('full');
    if (!this.#state || all === 0) return '';
    const parts = [`${many(all, 'message')} passed`, `${count(n('taken'))} taken as samples`, n('limited') ? `${count(n('limited'))} left out by the rate` : '', n('full') ? `${count(n('full'))} left out because this page was too slow` : '',
      this.#state === 'paused' && this.#missed ? `${count(this.#missed)} not shown while paused` : '', this.#rows.length === kept ? `the newest ${kept} are shown` : ''];
    return parts.filter(Boolean).join(' · ');
  }
}

/** One message as it passed, and at a plugin what it made of it. */
function sampled(s, show) {
  const d = s.decided;
  const key = s.key === undefined ? '(no key)' : decoded(s.key) || '(empty key)';
  const pairs = [['Id', s.id], ['Passed', new Date(s.seen).toLocaleString()], ['Its own time', s.time ? new Date(s.time).toLocaleString() : ''], ['Headers', (s.headers ?? []).map((h) => `${h.name}: ${h.value}`).join('\n')],
    ['Attempt', d?.attempt], ['Revision', d?.revision], ['Why', d?.fault || d?.reason], ['After', d?.after], ['Until', d?.until ? new Date(d.until).toLocaleString() : ''], ['Took', d ? `${span(d.took)}, its turn of ${many(d.turn ?? 1, 'message')}` : '']];
  const state = !d ? '' : d.fault ? 'failed' : { ack: 'running', dead: 'failed', retry: 'waiting', defer: 'waiting', hold: 'waiting' }[d.verdict] ?? 'old';
  return el('details', { class: 'row' },
    el('summary', {}, el('span', { class: 'line' }, el('span', { class: 'name', text: key }), d ? el('span', { class: 'chip', 'data-state': state, text: d.fault ? 'failed' : d.verdict }) : null,
      el('span', { class: 'sub inline clip', text: brief(s) }), el('time', { datetime: s.seen, text: new Date(s.seen).toLocaleTimeString() })), d?.fault || d?.reason ? el('span', { class: 'said', text: d.fault || d.reason }) : null),
    el('div', { class: 'more' },
      el('dl', { class: 'pairs' }, pairs.filter(([, v]) => v).flatMap(([name, v]) => [el('dt', { text: name }), el('dd', { text: String(v) })])),
      el('h2', { text: d ? 'Before' : 'Message' }), body(s, show),
      d ? [el('h2', { text: d.emits?.length ? `After: ${many(d.emits.length, 'emit')}${d.verdict === 'ack' ? '' : ', which take no effect'}` : 'After: nothing put out' }),
        ...(d.emits ?? []).map((e) => el('div', {}, el('p', { class: 'sub', text: [`to ${e.output}`, e.key === undefined ? '' : `key ${decoded(e.key)}`].filter(Boolean).join(', ') }), body(e, show)))] : null));
}

function body(m, show) {
  const size = Number(m.size ?? 0);
  const there = m.payload ? atob(m.payload).length : 0;
  return [el('pre', { tabindex: '0', 'aria-label': 'Payload', text: m.payload ? show(m.payload) : '(empty)' }), there < size ? el('p', { class: 'sub', text: `The first ${bytes(there)} of ${bytes(size)}.` }) : null];
}

const brief = (s) => (s.payload ? pretty(s.payload).replace(/\s+/g, ' ').slice(0, 200) : '(empty)');

const span = (value) => (value ? `${(Number.parseFloat(value) * 1e6).toFixed(1)} µs` : '–');
