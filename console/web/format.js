// Turns figures into words for people. Pure.

const whole = new Intl.NumberFormat('en');
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Every digit: 20,000. */
export const count = (n) => whole.format(n ?? 0);

/** One or many: "1 message", "2 messages". */
export const many = (n, word, words = word + 's') => `${count(n)} ${n === 1 ? word : words}`;

/** Per second; null, while it is not known, is a dash. */
export function rate(n) {
  if (n === null || n === undefined) return '–';
  if (n > 0 && n < 9.95) return tenth.format(n) + '/s';
  return whole.format(Math.round(n)) + '/s';
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 12.3 MiB. */
export function bytes(n) {
  let unit = 0;
  let value = n ?? 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return (unit === 0 ? whole.format(value) : tenth.format(value)) + ' ' + units[unit];
}

/** A length of time from seconds: 4 s, 3 min, 2 h 5 min, 3 d 4 h. */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A short time from nanoseconds: 81.9 µs, 7.86 ms, 1.2 s; a dash when there is none. */
export function spent(ns) {
  if (!ns) return '–';
  if (ns < 1e6) return `${(ns / 1000).toFixed(1)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e9).toFixed(1)} s`;
}

/** "3 min ago" or "in 4 s", by the wheel's clock. */
export function away(then, now) {
  const seconds = (Date.parse(then) - now) / 1000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

/** The first digits of a digest, as the CLI shows them. */
export const digest = (d) => (d ?? '').replace(/^sha256:/, '').slice(0, 12);

/** A percentage between 0 and 100. */
export const share = (part, of) => (of > 0 ? Math.min(100, (100 * part) / of) : 0);
