// The wheel's API, as much of it as the page needs. Addresses are relative: the page also works below a prefix.

const patience = 5000; // milliseconds until an answer is taken for lost

/** An answer that is an error; message says what is wrong. */
export class Refused extends Error {
  constructor(status, message, code = '') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(path, { wait = patience, ...options } = {}) {
  const answer = await fetch(path, { cache: 'no-store', signal: wait ? AbortSignal.timeout(wait) : null, ...options });
  if (answer.status === 401) location.assign('login'); // and back here with a cookie
  const body = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, said(body) ?? `${path} answers ${answer.status}`);
  return parse(body);
}

function said(body) {
  try {
    const value = JSON.parse(body);
    return value.error?.message ?? value.message;
  } catch {
    return undefined;
  }
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error('what answers at this address is no wheel');
  }
}

export const stats = () => ask('v1/stats');
export const topology = () => ask('v1/topology');
export const plugins = () => ask('v1/plugins');

/** A page of sessions behind a key: rows {name, key, id, epoch, time}. */
export const heads = (name, after, limit) =>
  ask(`v1/sessions/${encodeURIComponent(name)}?limit=${limit}&after=${encodeURIComponent(after)}`);

/** A session's newest snapshot: {name, key, epoch, id, time, payload}. */
export const newest = (name, key) => ask(`v1/sessions/${encodeURIComponent(name)}/${encodeURIComponent(key)}`);

/** Where a session's events stream. */
export function events(name, key, after) {
  const query = new URLSearchParams({ on_gap: 'reset', slow: 'conflate' });
  if (after !== null) query.set('after', after);
  return `v1/sessions/${encodeURIComponent(name)}/${encodeURIComponent(key)}/events?${query}`;
}

/** Who calls, and what they may do: {auth, name, scopes}. */
export const me = () => ask('v1/me');

/** Gives the cookie back. */
export async function logout() {
  await fetch('logout', { method: 'POST' });
  location.assign('login');
}

/**
 * Calls a method of the API. Messages are those of its protocol buffers as JSON: names in camel case, times and lengths
 * of time as text, what is zero left out. wait 0 is as long as it takes.
 */
const call = (method, message, wait) =>
  ask(`pelton.v1.${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' },
    body: JSON.stringify(message),
    wait,
  });

/** One plugin as the API sees it now, with its rollout, pin and pause; undefined when there is none of that name. */
export const plugin = async (name) => (await call('PluginService/List', {})).plugins?.find((p) => p.name === name);

/** A plugin's revisions, the newest first. */
export const revisions = async (name) => ((await call('PluginService/History', { name })).revisions ?? []).reverse();
export const diff = (name, from, to) => call('PluginService/Diff', { name, from, to });
export const logs = async (name, level, tail) => (await call('PluginService/Logs', { name, level, tail })).lines ?? [];

/** Swap and roll back wait for the outcome: {outcome, reason, revision, live, figures}. */
export const swap = async (order) => (await call('PluginService/Swap', order, 0)).result;
export const rollback = async (order) => (await call('PluginService/Rollback', order, 0)).result;
export const pin = (order) => call('PluginService/Pin', order);
export const pause = (order) => call('PluginService/Pause', order);
export const resume = (order) => call('PluginService/Resume', order);

const long = 60000; // milliseconds: a filter may select a million records

/** Dead letters: a page {rows, next}, and acts on those with ids, or else on all that the filter selects. */
export const dead = {
  async list(filter, after, limit) {
    const { deadLetters = [], next = '' } = await call('DeadLetterService/List', { filter, after, limit });
    return { rows: deadLetters, next };
  },
  replay: (which) => call('DeadLetterService/Replay', which, long),
  drop: (which) => call('DeadLetterService/Drop', which, long),
};

/** Parked deliveries, in due order. */
export const parked = {
  async list(filter, after, limit) {
    const { parked: rows = [], next = '' } = await call('ParkedService/List', { filter, after, limit });
    return { rows, next };
  },
  release: (which) => call('ParkedService/Release', which, long),
  drop: (which) => call('ParkedService/Drop', which, long),
};

/**
 * Calls a method that answers with a stream, and gives each message as it comes. Each is framed by a byte of flags and four
 * of its length; the last frame, with the flag 2, says how it ended. signal ends it.
 */
async function stream(method, message, give, signal) {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(1, body.length);
  const answer = await fetch(`pelton.v1.${method}`, { method: 'POST', cache: 'no-store', signal, headers: { 'Content-Type': 'application/connect+json', 'Connect-Protocol-Version': '1' }, body: new Blob([head, body]) });
  if (answer.status === 401) location.assign('login');
  if (!answer.ok) throw new Refused(answer.status, said(await answer.text()) ?? `${method} answers ${answer.status}`);
  const reader = answer.body.getReader();
  let rest = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error('the stream broke off');
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = joined;
    while (rest.length >= 5) {
      const end = 5 + new DataView(rest.buffer, rest.byteOffset).getUint32(1);
      if (rest.length < end) break;
      const words = JSON.parse(new TextDecoder().decode(rest.subarray(5, end)) || '{}');
      if (rest[0] & 2) {
        if (words.error) throw new Refused(200, words.error.message, (words.error.code ?? '').toUpperCase());
        return;
      }
      give(words);
      rest = rest.subarray(end);
    }
  }
}

/** Samples of what passes a node: frames {samples, counts}, until the wheel ends it or signal does. */
export const tap = (order, give, signal) => stream('WheelService/Tap', order, give, signal);

/** The config that runs, without secrets: {config, hash, file}. */
export const config = () => call('WheelService/GetConfig', {});

/** Applies a config, or with planOnly says what it would change: {plan}. It waits until that is done. */
export const apply = (order) => call('WheelService/Apply', order, 0);

/** What happened to the wheel behind an event, the oldest first: {events}. */
export const happened = (after, limit) => call('WheelService/ListEvents', { after, limit });

/** A page of the audit log, the newest first: {entries, next}; next is '0' at the end. */
export const audit = (before, limit) => call('WheelService/ListAudit', { before, limit });
