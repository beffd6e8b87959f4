// Reads payloads for show. Numbers keep the digits that the payload has: 7.500 stays 7.500, and 2^60 stays exact. Pure.

import { bytes } from './format.js';

/** A number as the payload writes it. */
export class Digits {
  constructor(source) {
    this.source = source;
  }
  toJSON() {
    return JSON.rawJSON ? JSON.rawJSON(this.source) : Number(this.source);
  }
  toString() {
    return this.source;
  }
}

/** The payload of a snapshot event, or of a document. */
export function read(data) {
  return JSON.parse(data, (_, value, context) => (typeof value === 'number' && context?.source ? new Digits(context.source) : value));
}

/** The payload of a snapshot event: one that is no JSON comes as base64, and is shown as text if it is text. */
export function snapshot(data) {
  const value = read(data);
  return isRecord(value) && typeof value.payload_base64 === 'string' ? decoded(value.payload_base64) : value;
}

/** Bytes in base64 as text, JSON with its lines; what is no text byte by byte. */
export function pretty(base64) {
  let words;
  try {
    words = new TextDecoder('utf-8', { fatal: true }).decode(raw(base64));
    return full(read(words));
  } catch {
    return words ?? hex(base64);
  }
}

const most = 4096; // bytes that are shown one by one

/** Bytes in base64 one by one: where they are, what they are, and as text where they are letters. */
export function hex(base64) {
  const all = raw(base64);
  const lines = [];
  for (let i = 0; i < Math.min(all.length, most); i += 16) {
    const row = [...all.subarray(i, Math.min(i + 16, most))];
    lines.push(`${i.toString(16).padStart(6, '0')}  ${row.map((b) => b.toString(16).padStart(2, '0')).join(' ').padEnd(47)}  ${row.map((b) => (b > 31 && b < 127 ? String.fromCharCode(b) : '.')).join('')}`);
  }
  return lines.join('\n') + (all.length > most ? `\n… ${bytes(all.length - most)} more` : '');
}

const raw = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Bytes in base64 as text when they are text, else how many they are. */
export function decoded(base64) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw(base64));
  } catch {
    return `${bytes(raw(base64).length)} that are no text`;
  }
}

/** Whether it has fields that can be columns. */
export const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Digits);

/** A value on one line. */
export function line(value) {
  if (typeof value === 'string') return value;
  return value instanceof Digits ? value.source : JSON.stringify(value);
}

/** A value on one line where long fractions are rounded; line has all of it. */
export function short(value) {
  const long = value instanceof Digits && /^-?\d{1,9}\.\d{5,}$/.test(value.source);
  return long ? Number(value.source).toFixed(3) : line(value);
}

/** A value in full. */
export const full = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

/** The fields of a record whose values are no records, at most this many. */
export function fields(value, most) {
  return isRecord(value) ? Object.keys(value).filter((name) => !isRecord(value[name]) && !Array.isArray(value[name])).slice(0, most) : [];
}
