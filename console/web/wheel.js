// Draws the picture of the wheel: boxes with their figures, lines with what flows along them.

import { attribute, part, svg, text } from './dom.js';
import { box, layout } from './graph.js';
import { bytes, count, digest, many, rate, share } from './format.js';
import { toPlugin, toTap } from './pages.js';

const targets = { source: () => '#sources', plugin: toPlugin, session: () => '#sessions', sink: () => '#sinks' };

export class Wheel {
  #root;
  #choose;
  #plan = null;
  #boxes = new Map();
  #lines = [];

  /** choose(name) is called when the box of a session is taken. */
  constructor(root, choose) {
    this.#root = root;
    this.#choose = choose;
  }

  /** Draws the boxes and lines of a topology; the figures come with update. */
  draw(topology) {
    this.#plan = layout(topology);
    this.#boxes.clear();
    if (!topology.nodes?.length) {
      this.#root.textContent = 'This wheel has no boxes: its config names no source.';
      this.#root.className = 'picture none';
      return;
    }
    const { width, height } = this.#plan;
    this.#lines = this.#plan.edges.map(line);
    const boxes = this.#plan.nodes.map((place) => this.#box(place));
    const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, width: Math.round(width * 1.08), role: 'group', 'aria-label': 'Sources on the left, plugins, then sessions and sinks' });
    picture.append(...this.#lines.map((l) => l.node), ...boxes, ...this.#lines.map((l) => l.label));
    this.#root.className = 'picture';
    this.#root.replaceChildren(picture);
  }

  /** Shows figures and rates. */
  update(stats, history) {
    if (!this.#plan) return;
    for (const [id, { node, group }] of this.#boxes) show(group, view(node, id, stats, history));
    for (const { edge, node, label } of this.#lines) {
      const flow = this.#flow(edge, history);
      attribute(node, 'data-flow', String(flow > 0));
      attribute(node, 'data-speed', flow < 20 ? 'slow' : flow > 1000 ? 'fast' : null);
      text(part(label, 'amount'), flow > 0 ? rate(flow) : '');
    }
  }

  /** What flows along a line; null where the figures do not say, because several lines of plugins meet. */
  #flow(edge, history) {
    if (edge.from.startsWith('source/')) return history.rate(edge.from);
    const beside = this.#plan.edges.map((e) => e.edge).filter((e) => e.to === edge.to && e !== edge);
    if (!beside.every((e) => e.from.startsWith('source/'))) return null;
    const all = history.rate(edge.to);
    return all === null ? null : Math.max(0, beside.reduce((rest, e) => rest - history.rate(e.from), all));
  }

  #box({ node, x, y }) {
    const id = `${node.kind}/${node.name}`;
    const { width, height } = box;
    const clip = `M0 0H4V${height}H0Z`;
    const link = svg('a', { href: targets[node.kind]?.(node.name) ?? '#wheel' },
      svg('rect', { class: 'body', width, height, rx: 9 }),
      svg('rect', { class: 'stripe', x: 0, y: 14, width: 4, height: height - 28, rx: 2 }),
      svg('text', { class: 'kind', x: 18, y: 23, text: [node.kind, node.type].filter(Boolean).join(' · ') + ' ' }),
      svg('text', { class: 'badge', x: width - 14, y: 23, 'data-part': 'badge' }),
      svg('text', { class: 'title', x: 18, y: 45, text: cut(node.name, 15) + ' ' }),
      svg('text', { class: 'value', x: width - 14, y: 46, 'data-part': 'value' }),
      svg('text', { class: 'total', x: 18, y: 66, 'data-part': 'total' }),
      svg('rect', { class: 'trough', x: 18, y: 73, width: width - 32, height: 3, rx: 1.5, 'data-part': 'trough' }),
      svg('rect', { class: 'level', x: 18, y: 73, width: 0, height: 3, rx: 1.5, 'data-part': 'level' }),
      svg('title', { 'data-part': 'hint' }));
    if (node.kind === 'session') link.addEventListener('click', () => this.#choose(node.name));
    const group = svg('g', { class: 'box', transform: `translate(${x} ${y})` }, link);
    this.#boxes.set(id, { node, group });
    return group;
  }
}

function line({ edge, path, label }) {
  const name = edge.output && edge.output !== 'default' ? edge.output : '';
  const node = edge.output ? `${edge.from}.${edge.output}` : edge.from;
  const words = `Tap what goes from ${node} to ${edge.to}`;
  return {
    edge,
    node: svg('a', { class: 'edge', href: toTap(node), 'aria-label': words }, svg('title', { text: words }), svg('path', { class: 'grip', d: path }), svg('path', { class: 'bed', d: path }), svg('path', { class: 'stream', d: path })),
    label: svg('g', { class: 'edge', 'aria-hidden': 'true' }, svg('text', { class: 'label', x: label.x, y: label.y },
      svg('tspan', { text: name ? name + ' ' : '' }), svg('tspan', { class: 'amount', 'data-part': 'amount' }))),
  };
}

const cut = (name, most) => (name.length > most ? name.slice(0, most - 1) + '…' : name);

/** What a box says: {state, flow, value, total, badge, level, hint}. */
function view(node, id, stats, history) {
  const find = (rows) => rows?.find((row) => row.name === node.name);
  const views = { source, plugin, session, sink };
  const rows = { source: stats.sources, plugin: stats.plugins, session: stats.sessions, sink: stats.sinks };
  const row = find(rows[node.kind]);
  if (!row) return { state: '', flow: null, value: '', total: 'no figures', badge: '', level: null };
  const v = views[node.kind](row, history.rate(id), stats, node, history);
  return blocks(id, stats, history) && v.state === 'running' ? { ...v, state: 'waiting', value: 'full', hint: 'it takes no more, so its source is paused' } : v;
}

/** Whether a source is paused for this box: the reason begins with its id. */
const blocks = (id, stats, history) => (stats.sources ?? []).some((s) => history.held(s.name) === 'paused' && s.reason?.startsWith(id + ' '));

function source(row, flow, stats, _, history) {
  const held = history.held(row.name);
  const state = row.state === 'paused' ? held || 'running' : row.state;
  const arena = stats.arenas?.find((a) => a.name === row.name);
  const level = arena ? share(arena.used, arena.size) : null;
  const memory = arena ? `; arena ${bytes(arena.used)} of ${bytes(arena.size)}` : '';
  return {
    state, flow, value: said(state, rate(flow)), total: many(row.messages, 'message'), badge: '', level,
    hint: `${row.state}${row.reason ? ': ' + row.reason : ''}${memory}`,
  };
}

function plugin(row, flow) {
  return {
    state: row.state, flow, value: said(row.state, rate(flow)), total: row.queued > 0 ? `${count(row.deliveries)} offers · ${count(row.queued)} queued` : many(row.deliveries, 'delivery', 'deliveries'),
    badge: `r${row.revision}${row.pinned ? ' · pinned' : ''}`, level: null,
    hint: `${row.state}, revision ${row.revision} ${digest(row.digest)}${row.stopped ? ': ' + row.stopped : ''}${row.behind > 0 ? `; ${count(row.behind)} parked behind their key` : ''}`,
  };
}

function session(row, flow, stats, node) {
  const reducer = node.reducer && stats.plugins?.find((p) => p.name === node.reducer);
  const state = reducer && reducer.state !== 'running' ? reducer.state : 'running';
  return {
    state, flow, value: said(state, rate(flow)), total: many(row.sessions, 'session'), level: null,
    badge: reducer ? `reduced · r${reducer.revision}` : '', hint: many(row.snapshots, 'snapshot') + ' since the start',
  };
}

function sink(row, flow) {
  return {
    state: row.state, flow, value: said(row.state, rate(flow)), total: `${count(row.written)} written`, level: null,
    badge: row.queued > 0 ? `${count(row.queued)} queued` : '', hint: row.state + (row.last_error ? ': ' + row.last_error : ''),
  };
}

/** A box that does not simply run says so in place of its rate. */
const said = (state, value) => (['running', 'slowed', ''].includes(state) ? value : state);

function show(group, v) {
  attribute(group, 'data-state', v.state);
  attribute(group, 'data-flow', String(v.flow > 0));
  for (const name of ['badge', 'value', 'total', 'hint']) text(part(group, name), v[name] ? v[name] + ' ' : ''); // the space parts words for who listens
  attribute(part(group, 'trough'), 'visibility', v.level === null ? 'hidden' : null);
  attribute(part(group, 'level'), 'width', v.level === null ? 0 : ((box.width - 32) * v.level) / 100);
  // What is read out has what is seen, in its order, and more.
  const seen = [...group.querySelectorAll('text, title')].map((t) => t.textContent.trim()).filter(Boolean).join(' ');
  attribute(group.firstElementChild, 'aria-label', seen);
}
