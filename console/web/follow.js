// Follows one session live. Every snapshot is shown once, in order; what the wheel does not give is shown as a gap (S1).
// Any two of them can be compared, also while new ones come.

import * as client from './client.js';
import { diff, same } from './diff.js';
import { attribute, el, list, part, text } from './dom.js';
import { count, many } from './format.js';
import { fields, full, isRecord, line, short, snapshot } from './payload.js';

const back = 20; // snapshots that are fetched from before
const more = 100; // and at the wish for older ones
const most = 500; // rows that are kept
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
    if (kind === 'closed' && JSON.parse(event.data).final) {
      this.close();
      this.#tell('end', 'A client closed this session: nothing more will come.', '');
    } else this.#tell(kind, event.data, event.lastEventId);
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
  #held = 0; // the row that is looked at; 0 is the newest, whichever that is
  #base = 0; // the row that it is compared with; 0 is the one before it
  name = '';
  key = '';

  /** changed() is called when another session, or none, is followed. */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    this.#draw();
  }

  /**
   * Follows this session from a few snapshots before its newest one, or before the cursor up to which it was seen: a
   * page that is loaded again goes on from there without a hole. at is such a cursor.
   */
  async start(name, key, at = '', before = back) {
    this.stop();
    const turn = ++this.#turn;
    Object.assign(this, { name, key });
    this.#state = 'connecting';
    this.#changed();
    this.#draw();
    let after = null;
    try {
      const newest = await client.newest(name, key);
      const seen = at ? parse(at) : newest;
      const { id } = String(seen.epoch) === String(newest.epoch) ? seen : newest;
      after = id > before ? `${newest.epoch}:${id - before}` : '';
    } catch (error) {
      if (error.status === 404) this.#note = 'It has no snapshot yet; its first one appears here.';
    }
    if (turn === this.#turn) this.#stream = new Stream(name, key, after, (...told) => this.#told(...told));
  }

  /** The cursor up to which snapshots are shown. */
  get cursor() {
    const newest = this.#rows.find((row) => row.id);
    return newest ? `${newest.epoch}:${newest.id}` : '';
  }

  /** Lets go of the session. */
  stop() {
    this.#turn++;
    this.#stream?.close();
    this.#stream = null;
    this.#rows = [];
    this.#note = '';
    this.#state = '';
    [this.#held, this.#base] = [0, 0];
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
    this.#add({ epoch, id, value: snapshot(data) });
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
    text(part(this.#root, 'note'), this.#note);
    part(this.#root, 'note').hidden = !this.#note;
    const shown = this.#rows.find((row) => row.n === this.#held) ?? newest;
    const base = shown && this.#before(shown);
    this.#step(shown, newest);
    this.#latest(shown);
    this.#compare(shown, base);
    this.#past(newest, shown, base);
    this.#changed();
  }

  #frame() {
    const at = (name) => ({ 'data-part': name });
    const button = (name, words, label, act) => el('button', { type: 'button', text: words, 'aria-label': label, title: label, ...at(name), on: { click: act } });
    return [
      el('div', { class: 'head' }, el('h2', at('title')), el('span', { class: 'chip', role: 'status', ...at('state') }),
        el('button', { class: 'end', type: 'button', text: 'Stop following', on: { click: () => this.stop() } })),
      el('p', { class: 'none', ...at('note') }),
      el('div', { class: 'steps-of', role: 'group', 'aria-label': 'Step through snapshots' },
        button('older', '‹', 'Older snapshot', () => this.#go(1)), el('span', { class: 'mono', ...at('id') }), button('newer', '›', 'Newer snapshot', () => this.#go(-1)),
        el('button', { type: 'button', text: 'Newest', ...at('newest'), on: { click: () => this.#hold(0) } }), el('span', { class: 'sub inline', ...at('when') })),
      el('dl', { class: 'latest', ...at('latest') }),
      el('pre', { tabindex: '0', 'aria-label': 'Payload', ...at('full') }),
      el('div', { class: 'changes' }, el('h3', at('versus')), el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What differs' }, el('table', { class: 'versus diff' },
        el('tbody', at('changes')))), el('p', { class: 'sub', ...at('same') })),
      el('div', { class: 'past', tabindex: '0', role: 'region', 'aria-label': 'Latest snapshots, the newest first. Arrow keys step through them; c compares with the one that is looked at', on: { keydown: (event) => this.#key(event) } },
        el('table', {}, el('thead', {}, el('tr', at('head'))), el('tbody', at('rows')))),
      el('p', {}, el('button', { type: 'button', text: 'Show older ones', ...at('more'), on: { click: () => this.#more() } })),
    ];
  }

  #hold(n, base = 0) {
    [this.#held, this.#base] = [n, base];
    this.#draw();
  }

  /** The row of a snapshot that another one is compared with. */
  #before(row) {
    const real = this.#rows.filter((r) => r.id);
    return real.find((r) => r.n === this.#base && r !== row) ?? real[real.indexOf(row) + 1];
  }

  /** Looks at the snapshot that is so many rows further down. */
  #go(rows) {
    const real = this.#rows.filter((r) => r.id);
    const i = Math.max(0, real.findIndex((r) => r.n === this.#held));
    const next = real[i + rows];
    if (next) this.#hold(i + rows === 0 ? 0 : next.n, this.#base);
  }

  #key(event) {
    if (event.key === 'c') return this.#hold(this.#held, this.#base ? 0 : this.#held || this.#rows.find((r) => r.id)?.n);
    const rows = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!rows) return;
    event.preventDefault();
    this.#go(rows);
    part(this.#root, 'rows').querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  #more() {
    const oldest = this.#rows.findLast((row) => row.id);
    const newest = this.#rows.find((row) => row.id);
    if (newest) this.start(this.name, this.key, `${newest.epoch}:${newest.id}`, newest.id - oldest.id + 1 + more);
  }

  #step(shown, newest) {
    const real = this.#rows.filter((r) => r.id);
    const i = real.indexOf(shown);
    text(part(this.#root, 'id'), shown ? `${count(shown.id)}` : '–');
    text(part(this.#root, 'when'), !shown ? '' : shown === newest ? 'the newest' : `${many(newest.id - shown.id, 'newer one')} since`);
    part(this.#root, 'older').disabled = i < 0 || i === real.length - 1;
    part(this.#root, 'newer').disabled = i <= 0;
    part(this.#root, 'newest').disabled = this.#held === 0;
    const oldest = real.at(-1);
    part(this.#root, 'more').hidden = !oldest || oldest.id <= 1 || real.length >= most - more || this.#rows.at(-1)?.gap !== undefined;
  }

  /** The snapshot that is looked at: its fields when it has simple ones, else as it is. */
  #latest(shown) {
    const names = shown ? fields(shown.value, 12) : [];
    const simple = names.length > 0 && names.length === Object.keys(shown.value).length;
    part(this.#root, 'latest').hidden = !simple;
    part(this.#root, 'full').hidden = !shown || simple;
    if (simple) {
      list(part(this.#root, 'latest'), names, (name) => name, (name) => el('div', {}, el('dt', { text: name }), el('dd')),
        (node, name) => {
          text(node.lastChild, short(shown.value[name]));
          attribute(node.lastChild, 'title', line(shown.value[name]));
        });
    } else if (shown) text(part(this.#root, 'full'), full(shown.value));
  }

  #compare(shown, base) {
    part(this.#root, 'versus').parentElement.hidden = !base;
    if (!base) return;
    text(part(this.#root, 'versus'), `From ${count(base.id)} to ${count(shown.id)}`);
    const [older, newer] = base.n < shown.n ? [base, shown] : [shown, base];
    const lines = diff(older.value, newer.value);
    list(part(this.#root, 'changes'), lines, (l) => l.path, (l) => el('tr', {}, el('th', { scope: 'row', class: 'left', text: l.path }), el('td', { class: 'left wrap' }, el('del'), el('span', { class: 'arrow', text: ' → ', 'aria-label': 'became' }), el('ins'))), (node, l) => {
      const cell = node.lastChild;
      text(cell.firstChild, l.from ?? '(none)');
      text(cell.lastChild, l.to ?? '(none)');
    });
    const kept = same(older.value, newer.value);
    text(part(this.#root, 'same'), lines.length === 0 ? 'They are the same.' : kept > 0 ? `${many(kept, 'field')} the same.` : '');
  }

  #past(newest, shown, base) {
    const names = newest ? fields(newest.value, 6) : [];
    const titles = newest ? ['snapshot', ...(names.length ? names : ['payload']), ''] : [];
    list(part(this.#root, 'head'), titles, (t) => t, (t) => (t ? el('th', { scope: 'col', text: t }) : el('td', { class: 'blank' })), () => {});
    const fresh = this.#rows[0]?.n ?? 0;
    list(part(this.#root, 'rows'), this.#rows, (row) => `${row.n} ${titles.length}`, (row) => this.#tr(row, names), (node, row) => {
      node.classList.toggle('new', row.n === fresh);
      attribute(node, 'aria-selected', row === shown ? 'true' : null);
      node.classList.toggle('base', row === base);
    });
  }

  #tr(row, names) {
    if (row.gap) return el('tr', {}, el('td', { class: 'gap', colspan: '9', text: row.gap }));
    const cells = names.length && isRecord(row.value) ? names.map((name) => row.value[name] ?? '') : [row.value];
    const look = () => this.#hold(row.n);
    const against = () => this.#hold(this.#held || this.#rows.find((r) => r.id).n, row.n);
    return el('tr', { 'data-id': row.id, 'data-epoch': row.epoch }, el('td', {}, el('button', { type: 'button', class: 'link', tabindex: '-1', text: count(row.id), title: 'Look at this snapshot', on: { click: look } })),
      cells.map((cell) => el('td', { text: short(cell), title: line(cell) })),
      el('td', {}, el('button', { type: 'button', class: 'link faint', tabindex: '-1', text: 'compare', 'aria-label': `Compare with snapshot ${row.id}`, on: { click: against } })));
  }
}
