// Follows one session live. Every snapshot is shown once, in order; what the wheel does not give is shown as a gap (S1).

import * as client from './client.js';
import { attribute, el, list, part, text } from './dom.js';
import { count } from './format.js';
import { fields, full, isRecord, line, read, short } from './payload.js';

const back = 20; // snapshots that are fetched from before
const most = 60; // rows that are kept
const waits = [1000, 2000, 5000];

/** A stream that goes on by itself from the last cursor that it saw, whatever ends it. */
class Stream {
  #source = null;
  #timer = 0;
  #failed = 0;
  #cursor;
  #tell;

  /** after is a cursor, '' for the beginning, null for the newest. tell(kind, data, cursor) is told everything. */
  constructor(name, key, after, tell) {
    this.name = name;
    this.key = key;
    this.#cursor = after;
    this.#tell = tell;
    this.open();
  }

  open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource(client.events(this.name, this.key, this.#cursor));
    this.#source = source;
    for (const kind of ['hello', 'snapshot', 'gap', 'deleted', 'closed']) {
      source.addEventListener(kind, (event) => this.#take(kind, event));
    }
    source.addEventListener('error', (event) => (event.data ? this.#refused(JSON.parse(event.data)) : this.#lost(source)));
  }

  #take(kind, event) {
    this.#failed = 0;
    if (event.lastEventId) this.#cursor = event.lastEventId;
    this.#tell(kind, event.data, event.lastEventId);
  }

  /** The wheel ended the follow with a reason. It says where to go on, unless it makes no sense to go on. */
  #refused({ code, message, detail }) {
    this.#source.close();
    if (['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED', 'UNAUTHENTICATED'].includes(code)) {
      this.#tell('end', message, '');
      return;
    }
    if (detail?.resume !== undefined) this.#cursor = detail.resume;
    this.#again();
  }

  /** EventSource tries again by itself while the wheel cannot be reached, but gives up when anything else answers. */
  #lost(source) {
    if (source.readyState === EventSource.CLOSED) this.#again();
    else this.#tell('retrying', '', '');
  }

  #again() {
    this.#tell('retrying', '', '');
    this.#failed++;
    this.#timer = setTimeout(() => this.open(), waits[Math.min(this.#failed, waits.length) - 1]);
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }
}

const parse = (cursor) => {
  const [epoch, id] = cursor.split(':');
  return { epoch, id: Number(id) };
};

export class Follow {
  #root;
  #changed;
  #stream = null;
  #rows = []; // newest first: {epoch, id, value} or {gap}
  #state = '';
  #note = '';
  #drawn = false;
  #turn = 0;
  name = '';
  key = '';

  /** changed() is called when another session, or none, is followed. */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    this.#draw();
  }

  /** Follows this session from a few snapshots before its newest one. */
  async start(name, key) {
    this.stop();
    const turn = ++this.#turn;
    Object.assign(this, { name, key });
    this.#state = 'connecting';
    this.#changed();
    this.#draw();
    let after = null;
    try {
      const { epoch, id } = await client.newest(name, key);
      after = id > back ? `${epoch}:${id - back}` : '';
    } catch (error) {
      if (error.status === 404) this.#note = 'It has no snapshot yet; its first one appears here.';
    }
    if (turn === this.#turn) this.#stream = new Stream(name, key, after, (...told) => this.#told(...told));
  }

  /** Lets go of the session. */
  stop() {
    this.#turn++;
    this.#stream?.close();
    this.#stream = null;
    this.#rows = [];
    this.#note = '';
    this.#state = '';
    this.name = this.key = '';
    this.#changed();
    this.#draw();
  }

  /** The wheel answers again: do not wait for the browser's next attempt. */
  wake() {
    if (this.#stream && this.#state === 'retrying') this.#stream.open();
  }

  #told(kind, data, cursor) {
    if (kind === 'hello') this.#state = 'live';
    if (kind === 'snapshot') this.#snapshot(data, parse(cursor));
    if (kind === 'gap') this.#gap(JSON.parse(data));
    if (kind === 'deleted') this.#add({ gap: 'The session was deleted.' });
    if (kind === 'closed' || kind === 'retrying') this.#state = 'retrying';
    if (kind === 'end') [this.#state, this.#note] = ['ended', data];
    this.#soon();
  }

  #snapshot(data, { epoch, id }) {
    const last = this.#rows.find((row) => row.id);
    if (last && last.epoch === epoch && id <= last.id) return; // seen before the stream broke
    this.#note = '';
    this.#add({ epoch, id, value: read(data) });
  }

  #gap({ reason, from, to }) {
    const [before, last] = [from && parse(from), to && parse(to)];
    const first = before && before.epoch === last?.epoch ? before.id + 1 : 1;
    if (reason === 'epoch') this.#add({ gap: 'The session was born again: its snapshots are counted from 1.' });
    if (!last || last.id < first) return;
    const words = { trimmed: 'no longer kept', conflated: 'skipped, because they came faster than they were taken' };
    this.#add({ gap: `Snapshots ${count(first)} to ${count(last.id)}: ${words[reason] ?? 'not given'}` });
  }

  #add(row) {
    this.#rows.unshift({ ...row, n: (this.#rows[0]?.n ?? 0) + 1 });
    this.#rows.length = Math.min(this.#rows.length, most);
  }

  /** Draws at most once a frame, however fast snapshots come. */
  #soon() {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#draw();
    });
  }

  #draw() {
    if (!this.#state) {
      this.#root.replaceChildren(el('p', { class: 'invite', text: 'Choose a session to see its snapshots arrive.' }));
      return;
    }
    if (!part(this.#root, 'state')) this.#root.replaceChildren(...this.#frame());
    const newest = this.#rows.find((row) => row.id);
    text(part(this.#root, 'title'), `${this.name} / ${this.key}`);
    text(part(this.#root, 'state'), { live: 'live', retrying: 'reconnecting …', connecting: 'connecting …', ended: 'ended' }[this.#state]);
    attribute(part(this.#root, 'state'), 'data-state', this.#state);
    text(part(this.#root, 'id'), newest ? `snapshot ${count(newest.id)}` : '');
    text(part(this.#root, 'note'), this.#note);
    part(this.#root, 'note').hidden = !this.#note;
    this.#latest(newest);
    this.#past(newest);
  }

  #frame() {
    const at = (name) => ({ 'data-part': name });
    return [
      el('div', { class: 'head' }, el('h3', at('title')), el('span', { class: 'chip', role: 'status', ...at('state') }), el('span', { class: 'sub', ...at('id') }),
        el('button', { class: 'end', type: 'button', text: 'Stop following', on: { click: () => this.stop() } })),
      el('p', { class: 'none', ...at('note') }),
      el('dl', { class: 'latest', ...at('latest') }),
      el('pre', at('full')),
      el('div', { class: 'past', tabindex: '0', role: 'region', 'aria-label': 'Latest snapshots, the newest first' },
        el('table', {}, el('thead', {}, el('tr', at('head'))), el('tbody', at('rows')))),
    ];
  }

  /** The newest snapshot: its fields when it has simple ones, else as it is. */
  #latest(newest) {
    const names = newest ? fields(newest.value, 12) : [];
    const simple = names.length > 0 && names.length === Object.keys(newest.value).length;
    part(this.#root, 'latest').hidden = !simple;
    part(this.#root, 'full').hidden = !newest || simple;
    if (simple) {
      list(part(this.#root, 'latest'), names, (name) => name, (name) => el('div', {}, el('dt', { text: name }), el('dd')),
        (node, name) => {
          text(node.lastChild, short(newest.value[name]));
          attribute(node.lastChild, 'title', line(newest.value[name]));
        });
    } else if (newest) text(part(this.#root, 'full'), full(newest.value));
  }

  #past(newest) {
    const names = newest ? fields(newest.value, 6) : [];
    const titles = newest ? ['snapshot', ...(names.length ? names : ['payload'])] : [];
    list(part(this.#root, 'head'), titles, (t) => t, (t) => el('th', { scope: 'col', text: t }), () => {});
    const fresh = this.#rows[0]?.n ?? 0;
    list(part(this.#root, 'rows'), this.#rows, (row) => `${row.n} ${titles.length}`, (row) => tr(row, names), (node, row) => node.classList.toggle('new', row.n === fresh));
  }
}

function tr(row, names) {
  if (row.gap) return el('tr', {}, el('td', { class: 'gap', colspan: '9', text: row.gap }));
  const cells = names.length && isRecord(row.value) ? names.map((name) => row.value[name] ?? '') : [row.value];
  return el('tr', {}, el('td', { text: count(row.id) }), cells.map((cell) => el('td', { text: short(cell), title: line(cell) })));
}
