// The acts on a plugin: swap, roll back, pause, resume, pin. Each asks first and shows what came of it.

import { ask } from './ask.js';
import * as client from './client.js';
import { el } from './dom.js';
import { digest } from './format.js';
import { figures, show, tried } from './rollout.js';

const field = (title, input, hint) => el('label', {}, el('span', { text: title }), input, hint ? el('small', { text: hint }) : null);
const choice = (name, options) => el('select', { name }, options.map(([value, words]) => el('option', { value, text: words })));

/** The fields of a strategy, and a function that reads them. */
function strategy() {
  const kind = choice('strategy', [['', 'As the config says'], ['immediate', 'Immediate: all messages at once'], ['canary', 'Canary: a share of the keys first'], ['shadow', 'Shadow: beside the old one, unseen']]);
  const [percent, keys, hold, time, most, then] = [
    el('input', { name: 'percent', value: '1, 10, 50, 100', autocomplete: 'off' }), el('input', { name: 'keys', autocomplete: 'off' }), el('input', { name: 'hold', value: '30', inputmode: 'decimal' }),
    el('input', { name: 'for', value: '60', inputmode: 'decimal' }), el('input', { name: 'max_diff', value: '0', inputmode: 'decimal' }), choice('then', [['promote', 'goes live'], ['drop', 'is dropped']]),
  ];
  const canary = el('fieldset', { hidden: '' }, el('legend', { text: 'Canary' }), field('Percent of the keys at each step', percent), field('Or these keys alone', keys, 'with commas between them'), field('Seconds that a step takes', hold));
  const shadow = el('fieldset', { hidden: '' }, el('legend', { text: 'Shadow' }), field('Seconds of comparison', time), field('Share of messages that may differ, 0 to 1', most), field('If it is good, it', then));
  kind.addEventListener('change', () => {
    canary.hidden = kind.value !== 'canary';
    shadow.hidden = kind.value !== 'shadow';
  });
  const split = (input) => input.value.split(',').map((s) => s.trim()).filter(Boolean);
  const read = () => {
    if (kind.value === '') return undefined;
    if (kind.value === 'canary') {
      const named = split(keys);
      return { kind: 'canary', hold: `${number(hold, 'Seconds that a step takes')}s`, ...(named.length ? { keys: named } : { percent: split(percent).map((s) => numeral(s, 'Percent')) }) };
    }
    if (kind.value === 'shadow') return { kind: 'shadow', for: `${number(time, 'Seconds of comparison')}s`, maxDiff: number(most, 'Share of messages that may differ'), then: then.value };
    return { kind: kind.value };
  };
  return { nodes: [field('How it comes in', kind), canary, shadow], read };
}

const number = (input, what) => numeral(input.value, what);

function numeral(value, what) {
  const n = Number(value);
  if (value.trim() === '' || !Number.isFinite(n) || n < 0) throw new Error(`${what}: "${value}" is no number that is not negative.`);
  return n;
}

/** Waits for a swap and says meanwhile how far it is; then how it ended. */
async function watch(name, swapped, went) {
  const [line, progress] = [el('p', { text: 'It is being brought in. You may leave it to go on; the plugin\'s page shows how far it is.' }), el('section', { 'aria-label': 'Progress', hidden: '' })];
  went.replaceChildren(line, progress);
  const timer = setInterval(async () => {
    const now = await client.plugin(name).catch(() => null);
    if (now?.rollout) show(progress, now.rollout);
  }, 500);
  try {
    return ended(await swapped);
  } finally {
    clearInterval(timer);
  }
}

/** How a swap ended. */
export function ended(r) {
  const live = r.outcome === 'live';
  return [
    el('p', { class: live ? 'good' : 'bad', text: live ? `Live: ${r.plugin} runs revision ${r.live ?? r.revision} now.` : `${r.outcome}: ${r.reason ?? ''} Revision ${r.live ?? ''} runs on.` }),
    r.figures ? figures(r.figures) : null,
  ].filter(Boolean);
}

/** Swaps to an earlier revision, or to an artifact that was pushed. chosen is a revision's number, or null. */
export function swap(plugin, revisions, chosen) {
  const kept = revisions.filter((r) => !r.live && !r.deleted);
  const which = choice('which', [...kept.map((r) => [String(r.number), `r${r.number} · ${digest(r.digest)} · ${r.outcome}${r.why ? ` · ${r.why}` : ''}`]), ['', 'A pushed artifact, by its digest']]);
  if (chosen) which.value = String(chosen);
  const named = el('input', { name: 'digest', placeholder: 'sha256:…', spellcheck: 'false', autocomplete: 'off' });
  const pushed = field('Digest', named, 'as `pelton plugin push PATH` prints it; a digest of the history will do');
  const turn = () => (pushed.hidden = which.value !== '');
  which.addEventListener('change', turn);
  turn();
  const how = strategy();
  return ask({
    title: `Swap ${plugin.name}`, action: 'Swap',
    body: [
      el('p', { text: `Revision ${plugin.revision} runs now. It stays until the new one is healthy, and comes back by itself if that fails in its health window.` }),
      field('To', which), pushed, ...how.nodes,
    ],
    run: ({ who, why }, went) => {
      if (which.value === '' && !/^sha256:[0-9a-f]{64}$/.test(named.value.trim())) throw new Error('A digest is sha256: and 64 hexadecimal digits.');
      const to = which.value === '' ? { digest: named.value.trim() } : { revision: Number(which.value) };
      return watch(plugin.name, client.swap({ name: plugin.name, who, why, expect: plugin.revision, ...to, strategy: how.read() }), went);
    },
  });
}

export function rollback(plugin, revisions) {
  if (tried(plugin.rollout)) return takeBack(plugin);
  const how = strategy();
  const now = revisions.find((r) => r.live);
  return ask({
    title: `Roll ${plugin.name} back`, action: 'Roll back', danger: true,
    body: [el('p', { text: `Revision ${plugin.revision}${now?.why ? ` (${now.why})` : ''} gives way to the revision that was live before it, with the config that it ran with. What was put out meanwhile stays.` }), ...how.nodes],
    run: ({ who, why }, went) => watch(plugin.name, client.rollback({ name: plugin.name, who, why, expect: plugin.revision, strategy: how.read() }), went),
  });
}

/** Ends a canary or shadow that is under way. */
const takeBack = (plugin) => ask({
  title: `Take back what comes into ${plugin.name}`, action: 'Take it back', danger: true,
  body: [el('p', { text: `Revision ${plugin.rollout.revision} is given up; revision ${plugin.revision} goes on alone.` })],
  run: ({ who, why }) => client.rollback({ name: plugin.name, who, why }).then((r) => el('p', { class: 'good', text: `${r.plugin} runs revision ${r.live ?? plugin.revision}.` })),
});

export function pause(plugin) {
  const park = el('input', { type: 'checkbox', name: 'park' });
  return ask({
    title: `Pause ${plugin.name}`, action: 'Pause', danger: true,
    body: [
      el('p', { text: 'It is offered nothing more until it is resumed, also after a restart. Its sources fill up and pause; nothing is lost.' }),
      el('label', { class: 'check' }, park, el('span', { text: 'Park its deliveries, so that its sources go on' })),
    ],
    run: ({ who, why }) => client.pause({ name: plugin.name, park: park.checked, who, why }).then(() => null),
  });
}

export const resume = (plugin) => ask({
  title: `Resume ${plugin.name}`, action: 'Resume',
  body: [el('p', { text: plugin.paused ? 'It is offered messages again; what was parked for it comes back.' : 'It is offered messages again, the one that stopped it first.' })],
  run: ({ who, why }) => client.resume({ name: plugin.name, who, why }).then(() => null),
});

export const pin = (plugin) => ask({
  title: `${plugin.pinned ? 'Unpin' : 'Pin'} ${plugin.name}`, action: plugin.pinned ? 'Unpin' : 'Pin',
  body: [el('p', { text: plugin.pinned ? 'Its code may be changed again.' : 'Nothing but its own health can change its code until it is unpinned: no swap, no rollback, no changed config.' })],
  run: ({ who, why }) => client.pin({ name: plugin.name, off: Boolean(plugin.pinned), who, why }).then(() => null),
});
