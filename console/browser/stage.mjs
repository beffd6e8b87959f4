// What the tests share: wheels of one config, and waiting.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { room, Wheel } from './wheel.mjs';

export const dir = room();
const healthy = 'health: {window: 5s, max_error_rate: 0.5, min_samples: 20}';

export const config = ({ source, extra = '' }) => `
store: {dir: .pelton}
sources:
  flights:
    demo: ${source}
    decode: {format: json, key: origin, fields: [origin, destination, delay], time: {field: date, layout: "2006/01/02 15:04"}}
plugins:
  checks:
    from: [flights]
    wasm: {path: ../checks}
    ${healthy}
sessions:
  flights: {from: [checks.delays], retain: {snapshots: 10000}}
  notes: {writable: true}
sinks:
  delays: {from: [checks.delays], file: {path: delays.jsonl, on_new: truncate}}
${extra}`;

export function wheel(name, options, text = config(options)) {
  mkdirSync(join(dir, name));
  return new Wheel(join(dir, name), text);
}

/** Waits until ask() is true. */
export async function until(what, ask, patience = 30000) {
  const end = Date.now() + patience;
  while (!(await ask())) {
    assert.ok(Date.now() < end, `not within ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
