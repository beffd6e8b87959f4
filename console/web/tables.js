// Plugins, sources, arenas, sinks and the store, figure by figure.

import { curve, size } from './charts.js';
import { attribute, el, figure, list, part, svg, text } from './dom.js';
import { bytes, count, digest, duration, many, rate, share, spent } from './format.js';
import { toPlugin } from './pages.js';

const columns = [
  { title: 'Deliveries', field: 'deliveries' },
  { title: 'Acked', field: 'acked' },
  { title: 'Retried', field: 'retried', level: 'warn' },
  { title: 'Deferred', field: 'deferred' },
  { title: 'Held', field: 'held' },
  { title: 'Dead', field: 'dead', level: 'bad' },
  { title: 'Emits', field: 'emits' },
  { title: 'Queued', field: 'queued' },
];

/** The table of plugins: facts is what /v1/plugins says, stats has the figures. */
export function plugins(root, stats, facts, history) {
  if (!stats.plugins?.length) {
    root.replaceChildren(el('p', { class: 'none', text: 'This wheel has no plugins.' }));
    return;
  }
  if (!root.querySelector('table')) root.replaceChildren(pluginTable());
  list(root.querySelector('tbody'), stats.plugins, (p) => p.name, pluginRow, (row, p) => showPlugin(row, p, facts.find((f) => f.name === p.name), history));
}

function pluginTable() {
  const head = (title, left) => el('th', { scope: 'col', class: left ? 'left' : null, text: title });
  return el('table', { 'aria-labelledby': 'plugins-title' },
    el('thead', {}, el('tr', {}, head('Plugin'), head('State', true), head('Revision', true), head('Rate'), ...columns.map((c) => head(c.title)), head('Per call'))),
    el('tbody'));
}

function pluginRow() {
  const cell = (name, left) => el('td', { class: left ? 'left' : null }, el('span', { 'data-part': name }));
  return el('tr', {},
    el('td', {}, el('a', { class: 'name', 'data-part': 'name' }), el('span', { class: 'sub', 'data-part': 'kind' })),
    el('td', { class: 'left' }, el('span', { class: 'chip', 'data-part': 'state' }), el('span', { class: 'why', 'data-part': 'why' })),
    el('td', { class: 'left' }, el('span', { 'data-part': 'revision' }), el('code', { class: 'sub', 'data-part': 'digest' })),
    cell('rate'), ...columns.map((c) => cell(c.field)),
    el('td', {}, el('span', { 'data-part': 'busy' }), el('span', { class: 'sub', 'data-part': 'memory' })));
}

function showPlugin(row, p, fact, history) {
  const at = (name) => part(row, name);
  const place = (field) => `plugins.${p.name}.${field}`;
  text(at('name'), p.name);
  attribute(at('name'), 'href', toPlugin(p.name));
  text(at('kind'), [fact?.kind, fact?.from?.length ? `from ${fact.from.join(', ')}` : ''].filter(Boolean).join(' · '));
  text(at('state'), p.state);
  attribute(at('state'), 'data-state', p.state);
  text(at('why'), why(p, fact));
  figure(at('revision'), place('revision'), p.revision, `r${p.revision}`);
  figure(at('digest'), place('digest'), p.digest, digest(p.digest));
  attribute(at('digest'), 'title', p.digest ?? null);
  text(at('rate'), rate(history.rate(`plugin/${p.name}`)));
  for (const { field, level } of columns) {
    figure(at(field), place(field), p[field], count(p[field]));
    if (level) at(field).classList.toggle(level, p[field] > 0);
  }
  text(at('busy'), cost(p));
  figure(at('memory'), place('memory'), p.memory, p.memory > 0 ? bytes(p.memory) : '', false);
}

/** The time that its code takes for a delivery, since the start. */
export const cost = (p) => spent(p.deliveries > 0 ? p.busy_ns / p.deliveries : 0);

/** Why a plugin is as it is, and what it did wrong or threw away. */
export function why(p, fact) {
  const counts = (record) => Object.entries(record ?? {}).filter(([, n]) => n > 0).map(([kind, n]) => `${count(n)} ${kind}`);
  const parts = [];
  if (p.state !== 'running' && fact?.reason) parts.push(fact.reason);
  if (p.restarts > 0) parts.push(many(p.restarts, 'restart'));
  const faults = counts(p.faults);
  if (faults.length) parts.push(`faults: ${faults.join(', ')}`);
  const dropped = counts(p.dropped);
  if (dropped.length) parts.push(`dropped: ${dropped.join(', ')}`);
  return parts.join(' · ');
}

function none(root, what) {
  root.replaceChildren(el('p', { class: 'none', text: what }));
}

/** Empties a list that said "none" before. */
function ready(root) {
  root.querySelector(':scope > .none')?.remove();
}

function row() {
  return el('div', { class: 'row' },
    el('div', { class: 'line' }, el('span', { class: 'name', 'data-part': 'name' }), el('span', { class: 'chip', 'data-part': 'state' })),
    el('p', { 'data-part': 'amount' }),
    el('p', { class: 'why', 'data-part': 'why' }),
    el('div', { 'data-part': 'lanes' }));
}

function state(node, row, why) {
  text(part(node, 'name'), row.name);
  text(part(node, 'state'), row.state);
  attribute(part(node, 'state'), 'data-state', row.state);
  text(part(node, 'why'), why ?? '');
}

/** Sources, and how far each of their lanes is. */
export function sources(root, stats) {
  if (!stats.sources?.length) return none(root, 'This wheel has no sources.');
  ready(root);
  list(root, stats.sources, (s) => s.name, row, (node, s) => {
    state(node, s, s.reason);
    figure(part(node, 'amount'), `sources.${s.name}.messages`, s.messages, `${many(s.messages, 'message')} · ${bytes(s.bytes)}` + (s.bad > 0 ? ` · ${many(s.bad, 'bad frame')}` : ''), false);
    list(part(node, 'lanes'), s.lanes ?? [], (l) => l.lane, lane, (n, l) => showLane(n, l, s));
  });
}

function lane() {
  return el('div', { class: 'lane' },
    el('div', { class: 'bar', 'data-part': 'bar' }, el('i', { class: 'ahead', 'data-part': 'read' }), el('i', { 'data-part': 'done' })),
    el('p', { class: 'sub', 'data-part': 'words' }));
}

function showLane(node, l, s) {
  const name = s.lanes.length > 1 ? `lane ${l.lane}: ` : '';
  const bar = part(node, 'bar');
  bar.hidden = !l.size;
  attribute(bar, 'title', 'pale: read; full: settled and durable');
  part(node, 'read').style.width = `${share(l.position, l.size)}%`;
  part(node, 'done').style.width = `${share(l.watermark, l.size)}%`;
  const done = l.size ? `durable up to position ${count(l.watermark)} of ${count(l.size)}` : `durable up to position ${count(l.watermark)}, read up to ${count(l.position)}`;
  text(part(node, 'words'), `${name}${done} · ${count(l.in_flight)} in flight${l.settled ? ' · settled' : ''}`);
}

/** How full each arena is, and was at most. */
export function arenas(root, stats, history) {
  if (!stats.arenas?.length) return none(root, 'This wheel has no arenas.');
  ready(root);
  list(root, stats.arenas, (a) => a.name, arena, (node, a) => {
    const used = share(a.used, a.size);
    text(part(node, 'name'), a.name);
    figure(part(node, 'used'), `arenas.${a.name}.used`, a.used, `${bytes(a.used)} of ${bytes(a.size)}`, false);
    part(node, 'level').style.width = `${used}%`;
    part(node, 'mark').hidden = a.high_water === 0;
    part(node, 'mark').style.left = `calc(${share(a.high_water, a.size)}% - 1px)`;
    const { line, area } = curve(history.gauge(`arena/${a.name}`), a.size);
    attribute(part(node, 'line'), 'd', line);
    attribute(part(node, 'area'), 'd', area);
    attribute(part(node, 'bar'), 'data-full', used > 90);
    attribute(part(node, 'bar'), 'aria-valuenow', Math.round(used));
    attribute(part(node, 'bar'), 'aria-label', `arena ${a.name}`);
    text(part(node, 'words'), `${many(a.slots, 'message')} · highest ${bytes(a.high_water)}` + (a.waits > 0 ? ` · waited for room ${many(a.waits, 'time')}` : ''));
  });
}

function arena() {
  return el('div', { class: 'row' },
    el('div', { class: 'line' }, el('span', { class: 'name', 'data-part': 'name' }), el('span', { 'data-part': 'used' })),
    el('div', { class: 'bar', role: 'meter', 'aria-valuemin': 0, 'aria-valuemax': 100, 'data-part': 'bar' }, el('i', { 'data-part': 'level' }), el('b', { 'data-part': 'mark' })),
    svg('svg', { class: 'spark', viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'how full over the last two minutes' },
      svg('line', { class: 'base', x1: 0, x2: size.width, y1: size.height, y2: size.height }), svg('path', { class: 'area', 'data-part': 'area' }), svg('path', { class: 'curve', 'data-part': 'line' })),
    el('p', { class: 'sub', 'data-part': 'words' }));
}

/** Sinks. */
export function sinks(root, stats) {
  if (!stats.sinks?.length) return none(root, 'This wheel has no sinks.');
  ready(root);
  list(root, stats.sinks, (s) => s.name, row, (node, s) => {
    state(node, s, s.state === 'running' ? '' : s.last_error);
    const more = (s.queued > 0 ? ` · ${count(s.queued)} queued` : '') + (s.retries > 0 ? ` · ${many(s.retries, 'retry', 'retries')}` : '');
    figure(part(node, 'amount'), `sinks.${s.name}.written`, s.written, `${count(s.written)} written · ${bytes(s.bytes)}${more}`, false);
  });
}

/** The store's and the process's figures. */
export function store(root, stats, history) {
  const { store, memory } = stats;
  const facts = [
    { title: 'Directory', place: 'store.dir', value: store.dir, shown: store.dir || 'in memory', wide: true },
    { title: 'Stored', place: 'store.bytes', value: store.bytes, shown: bytes(store.bytes), sub: store.max_bytes ? `of at most ${bytes(store.max_bytes)}` : 'no limit' },
    { title: 'Free disk', place: 'store.free_disk', value: store.free_disk, shown: bytes(store.free_disk) },
    { title: 'Commits', place: 'store.commits', value: store.commits, shown: count(store.commits) },
    { title: 'Records', place: 'store.records', value: store.records, shown: count(store.records), sub: rate(history.rate('records')) },
    { title: 'Resident memory', place: 'memory.rss', value: memory.rss, shown: bytes(memory.rss), sub: `heap ${bytes(memory.heap)}` },
    { title: 'Goroutines', place: 'memory.goroutines', value: memory.goroutines, shown: count(memory.goroutines) },
    { title: 'Running for', place: 'uptime_ns', value: stats.uptime_ns, shown: duration(stats.uptime_ns / 1e9) },
  ];
  list(root, facts, (f) => f.place, fact, (node, f) => {
    figure(part(node, 'value'), f.place, f.value, f.shown, false);
    text(part(node, 'sub'), f.sub ?? '');
  });
}

function fact(f) {
  return el('div', { class: f.wide ? 'wide' : null }, el('dt', { text: f.title }),
    el('dd', {}, el('span', { 'data-part': 'value' }), el('span', { class: 'sub', 'data-part': 'sub' })));
}
