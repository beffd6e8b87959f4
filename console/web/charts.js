// Small charts: a rate over the last two minutes, its figure now, and the counter that it is the difference of.

import { attribute, el, figure, list, part, svg, text } from './dom.js';
import { count, rate } from './format.js';

export const size = { width: 240, height: 64, seconds: 120 };

const charts = [
  { name: 'read', title: 'Messages read', rows: 'sources', field: 'messages', place: 'sources.messages' },
  { name: 'handled', title: 'Deliveries to plugins', rows: 'plugins', field: 'deliveries', place: 'plugins.deliveries' },
  { name: 'snapshots', title: 'Snapshots', rows: 'sessions', field: 'snapshots', place: 'sessions.snapshots' },
  { name: 'written', title: 'Written by sinks', rows: 'sinks', field: 'written', place: 'sinks.written' },
];

/** Shows the charts of the boxes that this wheel has. */
export function show(root, stats, history) {
  const known = charts.filter((c) => stats[c.rows]?.length);
  list(root, known, (c) => c.name, make, (node, c) => update(node, c, stats, history));
}

function make(c) {
  const at = (name) => ({ 'data-part': name });
  return el('div', { class: 'card chart' },
    el('h3', { text: c.title }),
    el('p', { class: 'now', ...at('now') }),
    el('p', { class: 'sub', ...at('total') }),
    svg('svg', { viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: 'none', role: 'img', ...at('curve') },
      svg('line', { class: 'base', x1: 0, x2: size.width, y1: size.height, y2: size.height }),
      svg('path', { class: 'area', ...at('area') }),
      svg('path', { class: 'curve', ...at('line') })),
    el('p', { class: 'ends' }, el('span', { text: '2 min ago' }), el('span', at('high')), el('span', { text: 'now' })));
}

function update(node, c, stats, history) {
  const now = history.rate(c.name);
  const total = stats[c.rows].reduce((sum, row) => sum + row[c.field], 0);
  const series = history.series(c.name);
  const high = Math.max(0, ...series.map((p) => p.value ?? 0));
  text(part(node, 'now'), rate(now));
  figure(part(node, 'total'), c.place, total, `${count(total)} in all`, false);
  text(part(node, 'high'), high > 0 ? `highest ${rate(high)}` : '');
  const { line, area } = curve(series, high);
  attribute(part(node, 'line'), 'd', line);
  attribute(part(node, 'area'), 'd', area);
  attribute(part(node, 'curve'), 'aria-label', `${c.title} over the last two minutes: now ${rate(now)}, highest ${rate(high)}`);
}

/** The curve and the area below it; both break where there are no figures. */
export function curve(series, high) {
  const x = (p) => (size.width * (1 + p.at / size.seconds)).toFixed(1);
  const y = (p) => (size.height - (high > 0 ? (p.value / high) * (size.height - 4) : 0)).toFixed(1);
  let line = '';
  let area = '';
  let run = [];
  const close = () => {
    if (run.length > 1) {
      const way = run.map((p) => `${x(p)} ${y(p)}`).join('L');
      line += `M${way}`;
      area += `M${x(run[0])} ${size.height}L${way}V${size.height}Z`;
    }
    run = [];
  };
  for (const point of series) {
    if (point.value === null) close();
    else run.push(point);
  }
  close();
  return { line, area };
}
