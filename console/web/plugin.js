// One plugin: its figures, what is done to it, how its versions fared, and what it says.

import { may } from './ask.js';
import { curve, size } from './charts.js';
import * as client from './client.js';
import { attribute, el, figure, list, part, svg, text } from './dom.js';
import { away, bytes, count, digest, many, rate, spent } from './format.js';
import * as histogram from './histogram.js';
import { toTap } from './pages.js';
import { figures, percent, show as showRollout, tried } from './rollout.js';
import * as acts from './swap.js';
import { cost, why } from './tables.js';

const at = (name) => ({ 'data-part': name });
const kept = 300; // lines of the log that are shown

export class Plugin {
  #root;
  #name = '';
  #plugin = null;
  #revisions = [];
  #mark = '';
  #busy = false;
  #logged = 0;
  #lines = -1;

  constructor(root) {
    this.#root = root;
  }

  /** Shows this plugin; an empty name shows none. */
  open(name) {
    if (name === this.#name) return;
    [this.#name, this.#plugin, this.#revisions, this.#mark, this.#lines] = [name, null, [], '', -1];
    if (!name) return;
    this.#root.replaceChildren(
      el('p', { class: 'back' }, el('a', { href: '#plugins', text: '‹ Plugins' }), ' · ', el('a', { href: toTap(name.startsWith('session/') ? name : `plugin/${name}`), text: 'Tap: see what it is given and puts out' })),
      el('div', { class: 'titles' }, el('h1', { class: 'title', text: name }), el('span', { class: 'chip', ...at('state') }), el('span', { class: 'chip', ...at('pinned') }), el('div', { class: 'acts', ...at('acts') })),
      el('p', { class: 'sub', ...at('what') }), el('p', { class: 'why', ...at('why') }), el('p', { class: 'none', role: 'status', ...at('note'), text: 'Reading …' }),
      el('section', { class: 'card', 'aria-label': 'Rollout', hidden: '', ...at('rollout') }),
      el('div', { class: 'figures', ...at('body'), hidden: '' },
        el('div', { class: 'charts' }, chart('rate', 'Deliveries'), chart('cost', 'Time per delivery'), chart('memory', 'Memory')),
        histogram.make(),
        el('section', { class: 'card', 'aria-label': 'Figures' }, el('dl', { class: 'facts', ...at('facts') })),
        el('section', { class: 'card', 'aria-label': 'History' }, el('h2', { text: 'History ' }, el('small', { text: 'the newest first; open one to see how it fared' })), el('div', at('history')), el('div', { ...at('diff'), role: 'region', 'aria-label': 'Differences' })),
        el('section', { class: 'card', 'aria-label': 'Log' }, this.#logHead(), el('div', { class: 'log', tabindex: '0', role: 'log', 'aria-label': 'Lines, the newest last', ...at('log') }))));
    this.#acts();
    this.#read();
  }

  #logHead() {
    const levels = [['', 'All lines'], ['info', 'Info and worse'], ['warn', 'Warnings and errors'], ['error', 'Errors']];
    return el('div', { class: 'titles' }, el('h2', { text: 'Log' }),
      el('select', { 'aria-label': 'Level', ...at('level'), on: { change: () => this.#log() } }, levels.map(([value, words]) => el('option', { value, text: words }))));
  }

  #acts() {
    const button = (name, scope, act) => el('button', { type: 'button', ...at(name), disabled: may(scope) ? null : '', title: may(scope) ? null : `needs the scope ${scope}`,
      on: { click: async () => (await act(this.#plugin, this.#revisions), this.#read()) } });
    part(this.#root, 'acts').replaceChildren(button('swap', 'admin', (p, r) => acts.swap(p, r)), button('rollback', 'admin', acts.rollback),
      button('pause', 'operate', (p) => (p.paused || stopped(p) ? acts.resume(p) : acts.pause(p))), button('pin', 'admin', acts.pin));
    for (const [name, words] of [['swap', 'Swap …'], ['rollback', 'Roll back …']]) text(part(this.#root, name), words);
  }

  /** It is known now who is at this page, and what they may do. */
  rights() {
    if (!this.#name) return;
    this.#acts();
    this.#show();
  }

  /** Takes the figures; what they say that may have changed is read again. */
  update(stats, history) {
    if (!this.#name) return;
    const p = stats.plugins?.find((row) => row.name === this.#name);
    if (p) this.#figures(p, stats, history);
    const mark = p ? [p.revision, p.state, p.paused, p.pinned, p.revisions, p.stopped, p.restarts].join(' ') : 'none';
    if (mark !== this.#mark || this.#plugin?.rollout) this.#read(mark);
    if (p && p.log_lines !== this.#lines && Date.now() - this.#logged > 1500) this.#log(p.log_lines);
  }

  async #read(mark) {
    if (this.#busy) return;
    this.#busy = true;
    const name = this.#name;
    try {
      const plugin = await client.plugin(name);
      const revisions = plugin ? await client.revisions(name) : [];
      if (name !== this.#name) return;
      [this.#plugin, this.#revisions, this.#mark] = [plugin ?? null, revisions, mark ?? this.#mark];
      text(part(this.#root, 'note'), plugin ? '' : `This wheel has no plugin ${name}.`);
      this.#show();
    } catch (error) {
      if (name === this.#name) text(part(this.#root, 'note'), `It cannot be read: ${error.message}`);
    } finally {
      this.#busy = false;
    }
  }

  #show() {
    const p = this.#plugin;
    part(this.#root, 'note').hidden = !part(this.#root, 'note').textContent;
    part(this.#root, 'body').hidden = part(this.#root, 'acts').hidden = !p;
    if (!p) return;
    text(part(this.#root, 'state'), p.state);
    attribute(part(this.#root, 'state'), 'data-state', p.state);
    part(this.#root, 'pinned').hidden = !p.pinned;
    text(part(this.#root, 'pinned'), 'pinned');
    text(part(this.#root, 'pause'), p.paused || stopped(p) ? 'Resume …' : 'Pause …');
    text(part(this.#root, 'pin'), p.pinned ? 'Unpin …' : 'Pin …');
    part(this.#root, 'rollback').disabled = !may('admin') || (this.#revisions.length < 2 && !tried(p.rollout));
    text(part(this.#root, 'what'), [p.kind, p.from?.length ? `from ${p.from.join(', ')}` : '', p.outputs?.length ? `puts out ${p.outputs.join(', ')}` : '', many(p.instances ?? 0, 'instance')].filter(Boolean).join(' · '));
    showRollout(part(this.#root, 'rollout'), p.rollout, async () => (await acts.rollback(this.#plugin, this.#revisions), this.#read()));
    part(this.#root, 'swap').disabled = !may('admin') || p.rollout?.state === 'loading' || tried(p.rollout);
    this.#history();
  }

  #figures(p, stats, history) {
    const place = (field) => `plugins.${p.name}.${field}`;
    draw(this.#root, 'rate', history.series(`plugin/${p.name}`), rate(history.rate(`plugin/${p.name}`)), rate);
    const costs = history.quotients(`busy/${p.name}`, `plugin/${p.name}`);
    draw(this.#root, 'cost', costs, spent(costs.at(-1)?.value), spent);
    histogram.show(this.#root, p, history);
    draw(this.#root, 'memory', history.gauge(`memory/${p.name}`), bytes(p.memory), bytes);
    const say = (title, field, shown = count(p[field]), sub = '') => ({ title, field, value: p[field], shown, sub });
    const facts = [
      say('Revision', 'revision', `r${p.revision}`, digest(p.digest)), say('Deliveries', 'deliveries', undefined, 'offers, each attempt counted'), say('Acked', 'acked'), say('Retried', 'retried'), say('Deferred', 'deferred'),
      say('Held', 'held'), say('Dead', 'dead'), say('Emits', 'emits'), say('Queued', 'queued', undefined, p.behind > 0 ? `${count(p.behind)} parked behind their key` : ''), say('Restarts', 'restarts'), say('Memory', 'memory', bytes(p.memory)),
      { title: 'Time per delivery', field: 'busy_ns', value: p.busy_ns, shown: cost(p), sub: 'since the start' },
      say('Revisions kept', 'revisions'), say('Lines logged', 'log_lines'),
    ];
    list(part(this.#root, 'facts'), facts, (f) => f.field, (f) => el('div', {}, el('dt', { text: f.title }), el('dd', {}, el('span', at('value')), el('span', { class: 'sub', ...at('sub') }))), (node, f) => {
      figure(part(node, 'value'), place(f.field), f.value ?? 0, f.shown, false);
      text(part(node, 'sub'), f.sub);
    });
    const fact = this.#plugin;
    text(part(this.#root, 'why'), [why(p, fact), mark('paused', fact?.paused), mark('pinned', fact?.pinned)].filter(Boolean).join(' · '));
  }

  #history() {
    const root = part(this.#root, 'history');
    if (this.#revisions.length === 0) return root.replaceChildren(el('p', { class: 'none', text: 'It has no history yet.' }));
    root.querySelector(':scope > .none')?.remove();
    const now = Date.now();
    list(root, this.#revisions, (r) => r.number, (r) => this.#revision(r), (node, r) => {
      text(part(node, 'outcome'), r.live ? 'live' : r.outcome);
      attribute(part(node, 'outcome'), 'data-state', r.live ? 'running' : r.outcome === 'rolled back' ? 'failed' : 'old');
      text(part(node, 'when'), away(r.at, now));
      text(part(node, 'said'), [r.who ? `${r.who}: ${r.why || 'no reason given'}` : r.why, r.reason].filter(Boolean).join(' — '));
      for (const name of ['go', 'compare']) part(node, name).hidden = Boolean(r.live);
      part(node, 'go').disabled = Boolean(r.deleted) || !may('admin');
    });
  }

  #revision(r) {
    const pairs = [['Digest', r.digest], ['Made by', [r.source, r.strategy].filter(Boolean).join(', ')], ['When', new Date(r.at).toLocaleString()], ['Size', r.size ? bytes(Number(r.size)) : ''], ['Config', r.configHash], ['Puts out', r.outputs?.join(', ')], ['Built with', r.built?.join(', ')], ['Artifact', r.deleted ? 'removed: nothing goes back to it' : '']];
    const errors = r.figures ? `errors ${percent(r.figures.old?.errorRate)} → ${percent(r.figures.new?.errorRate)}` : '';
    return el('details', { class: 'row' },
      el('summary', {}, el('span', { class: 'line' }, el('span', { class: 'name', text: `r${r.number}` }), el('span', { class: 'chip', ...at('outcome') }), el('code', { text: digest(r.digest) }), el('span', { class: 'sub inline', text: errors }), el('span', at('when'))),
        el('span', { class: 'said', ...at('said') })),
      el('div', { class: 'more' },
        el('dl', { class: 'pairs' }, pairs.filter(([, v]) => v).flatMap(([name, v]) => [el('dt', { text: name }), el('dd', { text: v })])),
        r.strategy || r.figures ? figures(r.figures) : null,
        el('div', { class: 'acts' },
          el('button', { type: 'button', text: 'Swap to this …', ...at('go'), on: { click: async () => (await acts.swap(this.#plugin, this.#revisions, r.number), this.#read()) } }),
          el('button', { type: 'button', text: 'Compare with what is live', ...at('compare'), on: { click: () => this.#diff(r.number) } }))));
  }

  async #diff(from) {
    const root = part(this.#root, 'diff');
    root.replaceChildren(el('p', { class: 'none', text: 'Comparing …' }));
    try {
      const d = await client.diff(this.#name, from, this.#plugin.revision);
      root.replaceChildren(
        el('h3', { text: `r${from} and r${this.#plugin.revision}, which is live` }),
        d.changes?.length ? el('div', { class: 'scroll' }, el('table', { class: 'versus' }, el('thead', {}, el('tr', {}, ['', `r${from}`, `r${this.#plugin.revision}`].map((t) => el('th', { scope: 'col', class: 'left', text: t })))),
          el('tbody', {}, d.changes.map((c) => el('tr', {}, [c.what, c.from ?? '', c.to ?? ''].map((t) => el('td', { class: 'left wrap', text: t })))))) ) : el('p', { class: 'none', text: 'The code and what it declares are the same.' }),
        d.config ? el('pre', {}, d.config.split('\n').map((l) => el('span', { class: l.startsWith('+') ? 'plus' : l.startsWith('-') ? 'minus' : null, text: l + '\n' }))) : el('p', { class: 'none', text: 'Config and limits are the same.' }));
      root.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      root.replaceChildren(el('p', { class: 'bad', text: error.message }));
    }
  }

  async #log(lines = this.#lines) {
    [this.#logged, this.#lines] = [Date.now(), lines];
    const [name, root] = [this.#name, part(this.#root, 'log')];
    try {
      const rows = await client.logs(name, part(this.#root, 'level').value, kept);
      if (name !== this.#name) return;
      const end = root.scrollHeight - root.scrollTop - root.clientHeight < 40;
      if (rows.length === 0) root.replaceChildren(el('p', { class: 'none', text: `It has logged nothing ${part(this.#root, 'level').value ? 'of that kind ' : ''}since the start.` }));
      else {
        root.querySelector(':scope > .none')?.remove();
        list(root, rows, (l) => l.seq, (l) => el('p', { 'data-level': l.level }, el('time', { datetime: l.time, text: new Date(l.time).toLocaleTimeString() }), el('b', { text: l.level }), el('span', { class: 'sub inline', text: `r${l.revision ?? 0}` }), el('span', { text: l.text ?? '' })), () => {});
      }
      if (end) root.scrollTop = root.scrollHeight;
    } catch (error) {
      root.replaceChildren(el('p', { class: 'none', text: `The log cannot be read: ${error.message}` }));
    }
  }
}

const stopped = (p) => p.state === 'stopped';
const mark = (what, m) => (m ? `${what} by ${m.who ?? 'somebody'}${m.why ? `: ${m.why}` : ''}${m.park ? ' (its deliveries are parked)' : ''}` : '');

function chart(name, title) {
  return el('div', { class: 'card chart' }, el('h2', { text: title }), el('p', { class: 'now', ...at(`${name}-now`) }),
    svg('svg', { viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title} over the last two minutes`, ...at(`${name}-chart`) },
      svg('line', { class: 'base', x1: 0, x2: size.width, y1: size.height, y2: size.height }), svg('path', { class: 'area' }), svg('path', { class: 'curve' })),
    el('p', { class: 'ends' }, el('span', { text: '2 min ago' }), el('span', at(`${name}-high`)), el('span', { text: 'now' })));
}

function draw(root, name, series, now, say) {
  const high = Math.max(0, ...series.map((p) => p.value ?? 0));
  text(part(root, `${name}-now`), now);
  text(part(root, `${name}-high`), high > 0 ? `highest ${say(high)}` : '');
  const { line, area } = curve(series, high);
  const picture = part(root, `${name}-chart`);
  attribute(picture.querySelector('.curve'), 'd', line);
  attribute(picture.querySelector('.area'), 'd', area);
}
