// What differs between two payloads, field by field. Pure.

import { Digits, isRecord, line } from './payload.js';

/** Lines [{path, from, to}] where the values at a path differ; from or to is null where there is none. */
export function diff(from, to) {
  const [before, after] = [leaves(from), leaves(to)];
  const paths = [...before.keys(), ...[...after.keys()].filter((path) => !before.has(path))];
  return paths.map((path) => ({ path, from: before.get(path) ?? null, to: after.get(path) ?? null })).filter((l) => l.from !== l.to);
}

/** How many leaves are the same in both. */
export const same = (from, to) => {
  const [before, after] = [leaves(from), leaves(to)];
  return [...before].filter(([path, value]) => after.get(path) === value).length;
};

/** The values that hold no others, by their path: delays[0].minutes. */
function leaves(value, path = '', into = new Map()) {
  if (Array.isArray(value) && value.length > 0) value.forEach((v, i) => leaves(v, `${path}[${i}]`, into));
  else if (isRecord(value) && Object.keys(value).length > 0) for (const [name, v] of Object.entries(value)) leaves(v, step(path, name), into);
  else into.set(path || '(all)', typeof value === 'string' ? JSON.stringify(value) : value instanceof Digits ? value.source : line(value));
  return into;
}

function step(path, name) {
  if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path ? `${path}.${name}` : name;
}
