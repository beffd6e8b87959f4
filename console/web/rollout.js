// A rollout: how far a new version has come, and what both versions did meanwhile.

import { el, list, part, text } from './dom.js';
import { bytes, count, many, spent } from './format.js';

/** "0.000123s" in words. */
function span(value) {
  return spent(Number.parseFloat(value ?? '0') * 1e9);
}

export const percent = (share) => `${Number(((share ?? 0) * 100).toFixed(2))} %`;

const lines = [
  ['Answered', (s) => count(Number(s.deliveries ?? 0))],
  ['Errors', (s) => count(Number(s.errors ?? 0))],
  ['Error rate', (s) => percent(s.errorRate)],
  ['Traps', (s) => count(Number(s.traps ?? 0))],
  ['Timeouts', (s) => count(Number(s.timeouts ?? 0))],
  ['Half took at most', (s) => span(s.p50)],
  ['99 % took at most', (s) => span(s.p99)],
  ['Memory', (s) => bytes(Number(s.memory ?? 0))],
];

/** A table of what both versions did. */
export function figures(f) {
  if (!f) return el('p', { class: 'none', text: 'The new version never ran, so there is nothing to compare.' });
  const row = ([name, say]) => el('tr', {}, el('th', { scope: 'row', class: 'left', text: name }), el('td', { text: say(f.old ?? {}) }), el('td', { text: say(f.new ?? {}) }));
  return el('div', {},
    el('table', { class: 'versus' }, el('thead', {}, el('tr', {}, el('th', { class: 'left', scope: 'col', text: 'While it was watched' }), el('th', { scope: 'col', text: 'old' }), el('th', { scope: 'col', text: 'new' }))),
      el('tbody', {}, lines.map(row))),
    f.shadow ? shadow(f.shadow) : null);
}

/** What a shadow found. */
function shadow(s) {
  const n = (name) => Number(s[name] ?? 0);
  const say = [
    `${many(n('compared'), 'message')} compared`, `${count(n('verdicts'))} decided otherwise`, `${count(n('emits'))} put out something else`,
    `${count(n('errors'))} failed by the new version alone`, n('skipped') ? `${count(n('skipped'))} it was too slow for` : '',
  ];
  return el('div', { class: 'shadow' },
    el('h3', { text: 'Shadow' }), el('p', { text: say.filter(Boolean).join(' · ') }),
    (s.samples ?? []).map((d) => el('details', { class: 'row' },
      el('summary', {}, el('span', { class: 'line' }, el('span', { class: 'name', text: d.key || '(no key)' }), el('span', { text: d.position ?? '' }))),
      el('div', { class: 'more two' }, side('old', d.oldVerdict, d.oldEmits), side('new', d.newVerdict, d.newEmits)))));
}

const side = (which, verdict, emits = []) => el('div', {}, el('p', { class: 'sub', text: `${which}: ${verdict ?? ''}` }), el('pre', { text: emits.length ? emits.join('\n') : '(nothing put out)' }));

/** Whether a version is tried beside the one that is live, and can be taken back. */
export const tried = (r) => ['canary', 'shadow'].includes(r?.state);

const names = { canary: 'Canary', shadow: 'Shadow' };

/** What a rollout is at, in words. */
function stage(r) {
  const left = r.until ? Math.max(0, Math.round((Date.parse(r.until) - Date.now()) / 1000)) : null;
  const words = {
    building: 'is being built', loading: 'is being loaded', probing: 'has all messages and is watched', live: 'is live and watched',
    canary: `has ${Number((r.percent ?? 0).toFixed(2))} % of the keys, step ${r.step ?? 1}`, shadow: 'runs beside the old one, unseen',
  };
  return `Revision ${r.revision ?? ''} ${words[r.state] ?? r.state}${left === null ? '' : `, for ${left} s more at most`}.`;
}

/** Shows a rollout in root, or hides root when there is none. back, if given, takes the version back. */
export function show(root, r, back) {
  root.hidden = !r;
  if (!r) return;
  if (!root.firstChild) {
    root.append(...[el('div', { class: 'titles' }, el('h2', { text: 'A new version comes in' }), back ? el('div', { class: 'acts', 'data-part': 'back' }, el('button', { type: 'button', class: 'danger', text: 'Take it back …', on: { click: back } })) : null),
      el('p', { 'data-part': 'stage', role: 'status' }),
      el('ol', { class: 'steps', 'aria-label': 'States', 'data-part': 'steps' }), el('div', { 'data-part': 'figures' })].filter(Boolean));
  }
  text(part(root, 'stage'), `${names[r.strategy] ?? 'Immediate'}. ${stage(r)}`);
  if (back) part(root, 'back').hidden = !tried(r);
  const steps = ['loading', ['canary', 'shadow'].find((s) => s === r.strategy), 'probing', 'live'].filter(Boolean);
  const at = steps.indexOf(r.state);
  list(part(root, 'steps'), steps, (s) => s, (s) => el('li', { text: s }), (node, s) => {
    const i = steps.indexOf(s);
    node.dataset.at = i < at ? 'past' : i === at ? 'now' : 'next';
    node.toggleAttribute('aria-current', i === at);
  });
  const open = new Set([...root.querySelectorAll('details[open]')].map((d) => d.textContent));
  const next = r.figures ? figures(r.figures) : el('p', { class: 'sub', text: 'No message has been handled by it yet.' });
  for (const d of next.querySelectorAll('details')) d.open = open.has(d.textContent);
  part(root, 'figures').replaceChildren(next);
}
