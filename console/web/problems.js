// What is stuck and why, in words: the headline, and a line for each box that does not run. Pure.

import { count, many, rate } from './format.js';

/** Lines [{level: 'bad' | 'warn', who, why}], the worst first. */
export function problems(stats, plugins, history) {
  const out = [];
  const add = (level, who, why) => out.push({ level, who, why });
  // A store that takes nothing more stops the whole wheel, but loses nothing and goes on by itself.
  if (stats.store.full) add('bad', 'Store', stats.store.reason || 'it is full');
  if (stats.paused && stats.paused !== stats.store.reason) add('warn', 'The whole wheel', stats.paused);
  for (const source of stats.sources ?? []) {
    if (source.state === 'failed') add('bad', `Source ${source.name} failed`, source.reason || 'it gives no reason');
    const held = history.held(source.name);
    if (held) add('warn', `Source ${source.name} is ${held}`, source.reason || 'it gives no reason');
  }
  for (const plugin of stats.plugins ?? []) {
    const reason = plugins.find((p) => p.name === plugin.name)?.reason;
    if (plugin.state === 'failed') add('bad', `Plugin ${plugin.name} failed`, reason || 'its page has its history');
    if (plugin.state === 'restarting') add('warn', `Plugin ${plugin.name} starts again`, reason || `started again ${many(plugin.restarts, 'time')}`);
    if (plugin.state === 'paused') add('warn', `Plugin ${plugin.name} is paused`, reason || 'by an operator; resume it on its page');
    if (plugin.state === 'stopped') add('bad', `Plugin ${plugin.name} stopped`, plugin.stopped || reason || 'a message failed at its last attempt; resume it on its page');
    const of = (what) => history.rate(`${what}/${plugin.name}`) / history.rate(`plugin/${plugin.name}`); // no number while nothing comes
    if (of('dead') >= 0.5) add('bad', `Plugin ${plugin.name} gives up ${of('dead') >= 1 ? 'every message' : 'most of its messages'}`, 'why is on the page of dead letters; when it is mended, replay them there');
    if (of('retried') >= 0.5) add('warn', `Plugin ${plugin.name} wants ${of('retried') >= 1 ? 'every message' : 'most of its messages'} again`, 'its log may say why; the page of parked deliveries has what waits');
    if (plugin.state === 'swapping') add('warn', `Plugin ${plugin.name} gets a new revision`, reason || 'the old one stays until it is healthy');
  }
  for (const sink of stats.sinks ?? []) {
    if (sink.state === 'failed') add('bad', `Sink ${sink.name} failed`, sink.last_error || 'it gives no reason');
    if (sink.state === 'waiting') add('warn', `Sink ${sink.name} waits`, sink.last_error || 'its last write failed; it tries again');
  }
  return out.sort((a, b) => (a.level === b.level ? 0 : a.level === 'bad' ? -1 : 1));
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
