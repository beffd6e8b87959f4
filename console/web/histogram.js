// How long a plugin takes for a delivery: the wheel's own counts, by powers of two of a microsecond.

import { el, figure, list, part, text } from './dom.js';
import { count, duration, many } from './format.js';

const at = (name) => ({ 'data-part': name });

/** A length of time that is a power of two of microseconds: 1 µs, 512 µs, 1.02 ms, 1.05 s. */
export function edge(i) {
  const us = 2 ** i;
  if (us < 1000) return `${us} µs`;
  return us < 1e6 ? `${Number((us / 1e3).toPrecision(3))} ms` : `${Number((us / 1e6).toPrecision(3))} s`;
}

/** The edge below which a share q of all deliveries lies; null when there are none. */
export function below(counts, q) {
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (all === 0) return null;
  let left = q * all;
  for (const [i, n] of counts.entries()) {
    left -= n;
    if (left <= 1e-9) return edge(i);
  }
  return edge(counts.length - 1);
}

export function make() {
  return el('section', { class: 'card', 'aria-label': 'How long a delivery takes', ...at('took') },
    el('div', { class: 'titles' }, el('h2', { text: 'How long a delivery takes' }),
      el('select', { 'aria-label': 'Of which deliveries', ...at('took-span') }, el('option', { value: 'recent', text: 'Lately, if there were any' }), el('option', { value: 'all', text: 'Since the start' }))),
    el('p', { class: 'sub', ...at('took-said') }),
    el('ol', { class: 'bars', 'aria-label': 'Deliveries by their time in the plugin\'s code', ...at('took-bars') }),
    el('p', { class: 'sub', text: 'Time in the plugin\'s code. Messages that it is given together share the time of their turn; the edges double from bar to bar.' }));
}

/** Shows the counts of a plugin: those since the start, or what history says came lately. */
export function show(root, p, history) {
  const whole = p.took ?? [];
  const lately = history.since(`took/${p.name}`);
  const recent = part(root, 'took-span').value === 'recent' && lately.counts.some((n) => n > 0);
  const counts = recent ? lately.counts : whole;
  const all = counts.reduce((sum, n) => sum + n, 0);
  const words = all === 0 ? 'No delivery yet.' : `${recent ? `In the last ${duration(lately.seconds)}` : 'Since the start'} ${many(all, 'delivery', 'deliveries')}: half took less than ${below(counts, 0.5)}, 99 % less than ${below(counts, 0.99)}.`;
  figure(part(root, 'took-said'), `plugins.${p.name}.took`, whole.join(','), words, false);
  const first = Math.max(0, counts.findIndex((n) => n > 0) - 1);
  const bars = all === 0 ? [] : counts.map((n, i) => ({ n, i })).slice(first, counts.findLastIndex((n) => n > 0) + 1);
  const high = Math.max(1, ...counts);
  list(part(root, 'took-bars'), bars, (b) => b.i, (b) => el('li', {}, el('span', { class: 'amount', ...at('amount') }), el('i', at('bar')), el('span', { class: 'edge', text: `< ${edge(b.i)}` })), (node, b) => {
    text(part(node, 'amount'), b.n > 0 ? count(b.n) : '');
    part(node, 'bar').style.height = `${(100 * b.n) / high}%`;
    node.title = `${b.i === 0 ? 'less than' : `${edge(b.i - 1)} to`} ${edge(b.i)}: ${many(b.n, 'delivery', 'deliveries')}`;
  });
}
