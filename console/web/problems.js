// What is stuck and why, in words: the headline, and a line for each box that does not run. Pure.

import { count, many, rate } from './format.js';
import { toPlugin } from './pages.js';

/** Lines [{level: 'bad' | 'warn', who, why, to}], the worst first; to is where there is more about it. */
export function problems(stats, plugins, history) {
  const out = [];
  const add = (level, to, who, why) => out.push({ level, to, who, why });
  // A store that takes nothing more stops the whole wheel, but loses nothing and goes on by itself.
  if (stats.store.full) add('bad', '#store', 'Store', stats.store.reason || 'it is full');
  if (stats.paused && stats.paused !== stats.store.reason) add('warn', '#wheel', 'The whole wheel', stats.paused);
  for (const source of stats.sources ?? []) {
    if (source.state === 'failed') add('bad', '#sources', `Source ${source.name} failed`, source.reason || 'it gives no reason');
    const held = history.held(source.name);
    if (held) add('warn', '#sources', `Source ${source.name} is ${held}`, source.reason || 'it gives no reason');
  }
  for (const plugin of stats.plugins ?? []) ofPlugin(plugin, plugins.find((p) => p.name === plugin.name)?.reason, history, add);
  for (const sink of stats.sinks ?? []) {
    if (sink.state === 'failed') add('bad', '#sinks', `Sink ${sink.name} failed`, sink.last_error || 'it gives no reason');
    if (sink.state === 'waiting') add('warn', '#sinks', `Sink ${sink.name} waits`, sink.last_error || 'its last write failed; it tries again');
  }
  return out.sort((a, b) => (a.level === b.level ? 0 : a.level === 'bad' ? -1 : 1));
}

/** What is wrong with a plugin: what its state says, and what its counters do. */
function ofPlugin(plugin, reason, history, tell) {
  const add = (level, what, why, to = toPlugin(plugin.name)) => tell(level, to, `Plugin ${plugin.name} ${what}`, why);
  const states = {
    failed: ['bad', 'failed', reason || 'its page has its history'],
    restarting: ['warn', 'starts again', reason || `started again ${many(plugin.restarts, 'time')}`],
    paused: ['warn', 'is paused', reason || 'by an operator; resume it on its page'],
    stopped: ['bad', 'stopped', plugin.stopped || reason || 'a message failed at its last attempt; resume it on its page'],
    swapping: ['warn', 'gets a new revision', reason || 'the old one stays until it is healthy'],
  };
  if (states[plugin.state]) add(...states[plugin.state]);
  const again = history.grown(`restarts/${plugin.name}`);
  const faults = Object.values(plugin.faults ?? {}).reduce((sum, n) => sum + n, 0);
  if (plugin.queued > 0 && plugin.acked === 0 && faults > 0) add('bad', 'has answered nothing yet', `${many(faults, 'fault')}, ${many(plugin.restarts, 'restart')}; its log says why, and its messages wait`);
  else if (again >= 3) add('bad', 'fails again and again', `${many(again, 'restart')} lately; its log says why`);
  const share = (what) => history.rate(`${what}/${plugin.name}`) / history.rate(`plugin/${plugin.name}`); // no number while nothing comes
  const most = (n) => (n >= 1 ? 'every message' : 'most of its messages');
  if (share('dead') >= 0.5) add('bad', `gives up ${most(share('dead'))}`, 'the dead letters say why; replay them there when it is mended', `#dead?${new URLSearchParams({ plugin: plugin.name })}`);
  if (share('retried') >= 0.5) add('warn', `wants ${most(share('retried'))} again`, 'its log may say why; what waits is on the page of parked deliveries');
}

/** What the wheel does, in one word and one sentence: {state, word, sentence}. history gives the rates. */
export function headline(stats, found, history) {
  const read = sum(stats.sources, 'messages');
  const broken = found.some((p) => p.level === 'bad' && p.who !== 'Store');
  if (stats.store.full && !broken) return { state: 'paused', word: 'Paused', sentence: 'The store is full: nothing is taken until there is room.' };
  const paused = stats.paused || (stats.sources ?? []).some((s) => history.held(s.name) === 'paused');
  if (broken) return { state: 'failed', word: 'Trouble', sentence: trouble(found) };
  if (paused) return { state: 'paused', word: 'Paused', sentence: pausedText(stats, history) };
  if (stats.settled) return { state: 'settled', word: 'Settled', sentence: read > 0 ? 'Every message is done and durable.' : 'Nothing is left to do.' };
  if (!stats.sources?.length) return { state: 'idle', word: 'Empty', sentence: 'This wheel has no sources: nothing can flow.' };
  const flowing = stats.sources.filter((s) => speed(s, history) > 0);
  if (flowing.length > 0) {
    const all = flowing.reduce((total, s) => total + speed(s, history), 0);
    return { state: 'running', word: 'Running', sentence: `${rate(all).replace('/s', '')} messages a second from ${flowing.map((s) => s.name).join(', ')}` };
  }
  if (['handled', 'snapshots', 'written'].some((name) => history.rate(name) > 0)) return { state: 'running', word: 'Running', sentence: 'Nothing more comes in; what is under way is being finished.' };
  if (read === 0) return { state: 'idle', word: 'Waiting', sentence: 'Running, and no message has come yet.' };
  return { state: 'idle', word: 'Quiet', sentence: `Nothing comes in; ${many(read, 'message')} so far.` };
}

function trouble(found) {
  const bad = found.filter((p) => p.level === 'bad').length;
  return bad === 1 ? 'One box does not do its work.' : `${count(bad)} boxes do not do their work.`;
}

/** How fast a source reads; until there are two sets of figures, as the wheel says itself. */
const speed = (source, history) => history.rate(`source/${source.name}`) ?? source.rate;

function pausedText(stats, history) {
  const paused = (stats.sources ?? []).filter((s) => history.held(s.name) === 'paused');
  if (stats.paused || paused.length === 0) return 'The whole wheel is paused.';
  const still = stats.sources.filter((s) => !paused.includes(s) && speed(s, history) > 0);
  const names = paused.map((s) => s.name).join(', ');
  return `${paused.length === 1 ? `Source ${names} is` : `Sources ${names} are`} paused; nothing is lost` + (still.length ? `, ${still.map((s) => s.name).join(', ')} flows on.` : '.');
}

/** What came out so far: [{words, to, level}], to being the section that tells more. */
export function totals(stats) {
  const { lot } = stats;
  return [
    { name: 'read', words: many(sum(stats.sources, 'messages'), 'message') + ' read', to: '#sources' },
    stats.sessions?.length && { name: 'sessions', words: many(sum(stats.sessions, 'sessions'), 'session'), to: '#sessions' },
    stats.sinks?.length && { name: 'written', words: `${count(sum(stats.sinks, 'written'))} written to ${many(stats.sinks.length, 'sink')}`, to: '#sinks' },
    lot.dead > 0 && { name: 'dead', words: many(lot.dead, 'dead letter'), to: '#dead', level: 'bad' },
    lot.parked > 0 && { name: 'parked', words: `${count(lot.parked)} parked`, to: '#parked', level: 'warn' },
  ].filter(Boolean);
}

const sum = (rows, field) => (rows ?? []).reduce((total, row) => total + row[field], 0);
