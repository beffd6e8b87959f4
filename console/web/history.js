// Figures over time. Rates are differences of the wheel's counters over the wheel's clock; nothing else is counted here.
// Pure: it reads no clock.

const span = 120; // seconds that are kept
const window = 3; // seconds over which a rate is taken
const hole = 6; // seconds without figures that break a curve: the tab was hidden, or the wheel did not answer

export class History {
  #samples = []; // {at: seconds, counters, paused: names of sources}
  #born = null;

  /** Takes the figures of one time. A wheel that was started again counts from zero: its past is forgotten. */
  add(stats) {
    const at = Date.parse(stats.time) / 1000;
    const born = at - stats.uptime_ns / 1e9;
    if (this.#born !== null && Math.abs(born - this.#born) > 2) this.#samples = [];
    this.#born = born;
    const last = this.#samples.at(-1);
    if (last && at <= last.at) return;
    this.#samples.push({ at, counters: counters(stats), gauges: gauges(stats), spreads: spreads(stats), paused: new Set((stats.sources ?? []).filter((s) => s.state === 'paused').map((s) => s.name)) });
    while (this.#samples[0].at < at - span) this.#samples.shift();
  }

  /** The rate of a counter now, per second; null while it is not known. */
  rate(name) {
    return this.#at(name, this.#samples.length - 1);
  }

  /**
   * How a source is held up: 'paused' while nothing comes, 'slowed' when it waits and goes on by turns, else ''. A
   * source that waits for a moment, as any does now and then, is not held up: it takes two sets of figures to say so.
   */
  held(source) {
    const latest = this.#samples.slice(-2);
    if (!latest.every((sample) => sample.paused.has(source))) return '';
    const [before, now] = [latest[0], latest.at(-1)].map((sample) => sample.counters[`source/${source}`]);
    return now > before ? 'slowed' : 'paused';
  }

  /** The rate over time: [{at, value}], value null where the curve breaks. at is in seconds before now, not positive. */
  series(name) {
    const now = this.#samples.at(-1)?.at ?? 0;
    return this.#samples.map((sample, i) => ({ at: sample.at - now, value: this.#at(name, i) }));
  }

  /** A figure that goes up and down, over time. */
  gauge(name) {
    const now = this.#samples.at(-1)?.at ?? 0;
    return this.#samples.map((sample) => ({ at: sample.at - now, value: sample.gauges[name] ?? null }));
  }

  /** How much a counter grew over the time that is kept. */
  grown(name) {
    const [then, now] = [this.#samples[0]?.counters[name], this.#samples.at(-1)?.counters[name]];
    return then === undefined || now === undefined ? 0 : now - then;
  }

  /** How much each of several counters grew over the time that is kept, and how many seconds that is. */
  since(name) {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const then = first?.spreads[name] ?? [];
    return { counts: (last?.spreads[name] ?? []).map((n, i) => n - (then[i] ?? 0)), seconds: last ? last.at - first.at : 0 };
  }

  /** How much of one counter came with each of another, over time: null where nothing came. */
  quotients(of, by) {
    const [above, below] = [this.series(of), this.series(by)];
    return above.map((point, i) => ({ at: point.at, value: below[i].value > 0 ? point.value / below[i].value : null }));
  }

  #at(name, i) {
    const to = this.#samples[i];
    let from = null;
    for (let j = i - 1; j >= 0; j--) {
      const before = this.#samples[j];
      if (this.#samples[j + 1].at - before.at > hole || (from && to.at - before.at > window)) break;
      from = before;
    }
    if (!from || !(name in to.counters) || !(name in from.counters)) return null;
    return Math.max(0, (to.counters[name] - from.counters[name]) / (to.at - from.at));
  }
}

/** The counters of the figures by name: one for each box, and their sums for the charts. */
function counters(stats) {
  const out = { read: 0, handled: 0, snapshots: 0, written: 0, records: stats.store.records };
  const add = (sum, kind, row, value) => {
    out[`${kind}/${row.name}`] = value;
    out[sum] += value;
  };
  for (const row of stats.sources ?? []) add('read', 'source', row, row.messages);
  for (const row of stats.plugins ?? []) {
    add('handled', 'plugin', row, row.deliveries);
    out[`busy/${row.name}`] = row.busy_ns;
    out[`dead/${row.name}`] = row.dead;
    out[`retried/${row.name}`] = row.retried;
    out[`restarts/${row.name}`] = row.restarts;
  }
  for (const row of stats.sessions ?? []) add('snapshots', 'session', row, row.snapshots);
  for (const row of stats.sinks ?? []) add('written', 'sink', row, row.written);
  return out;
}

function gauges(stats) {
  const out = {};
  for (const row of stats.arenas ?? []) out[`arena/${row.name}`] = row.used;
  for (const row of stats.plugins ?? []) out[`memory/${row.name}`] = row.memory;
  return out;
}

const spreads = (stats) => Object.fromEntries((stats.plugins ?? []).map((p) => [`took/${p.name}`, p.took ?? []]));
