// The wheel's API, as much of it as the page needs. Addresses are relative: the page also works below a prefix.

const patience = 5000; // milliseconds until an answer is taken for lost

/** An answer that is an error; message says what is wrong. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(patience), ...options });
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

const call = (method, message) =>
  ask(`pelton.v1.${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' },
    body: JSON.stringify(message),
  });

/** The first dead letters. */
export const dead = async (limit) => (await call('DeadLetterService/List', { limit })).deadLetters ?? [];

/** The first parked deliveries, in due order. */
export const parked = async (limit) => (await call('ParkedService/List', { limit })).parked ?? [];
