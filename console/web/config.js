// The config that runs, and another one: what that would change, and exactly that is applied.

import { ask, may } from './ask.js';
import * as client from './client.js';
import { attribute, el, figure, list, part, text } from './dom.js';
import { away, digest, many } from './format.js';

const at = (name) => ({ 'data-part': name });
const hidden = '(hidden)'; // stands in the place of a secret
const signs = { add: '+', change: '~', remove: '−' };

export class Config {
  #root;
  #shown = false;
  #hash = ''; // of what is shown
  #busy = false;
  #file = '';
  #plan = null;
  #order = null; // what the plan is of

  constructor(root) {
    this.#root = root;
    const changed = () => this.#forget();
    root.append(
      el('section', { class: 'card', 'aria-labelledby': 'config-runs' },
        el('div', { class: 'titles' }, el('h2', { id: 'config-runs', text: 'What runs' }), el('div', { class: 'acts' },
          el('button', { type: 'button', text: 'Copy', ...at('copy'), on: { click: () => this.#copy() } }),
          el('button', { type: 'button', text: 'Change a copy of it', ...at('edit'), on: { click: () => this.#edit() } }))),
        el('dl', { class: 'pairs' }, ['File', 'Hash', 'Last apply'].flatMap((name, i) => [el('dt', { text: name }), el('dd', at(['file', 'hash', 'last'][i]))])),
        el('p', { class: 'none', role: 'status', ...at('note'), text: 'Reading …' }),
        el('pre', { tabindex: '0', class: 'config', 'aria-label': 'The config that runs', hidden: '', ...at('text') }),
        el('p', { class: 'sub', text: `With all defaults. ${hidden} stands for a secret; variables are shown as the file has them.` })),
      el('section', { class: 'card', 'aria-labelledby': 'config-next' },
        el('h2', { id: 'config-next' }, 'Another config ', el('small', { text: 'see what it would change before anything does' })),
        el('form', { class: 'next', on: { submit: (event) => (event.preventDefault(), this.#look()) } },
          el('label', {}, el('span', { text: 'Its text' }), el('textarea', { rows: '14', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', placeholder: 'Paste the text of a config file', ...at('next'), on: { input: changed } })),
          el('label', {}, el('span', { text: 'or a file' }), el('input', { type: 'file', accept: '.yaml,.yml,.json,text/*', ...at('upload'), on: { change: () => this.#open() } })),
          el('details', {}, el('summary', { text: 'Code of plugins that are new, or whose path is' }),
            el('label', {}, el('span', { text: 'A plugin and its digest on each line, as `pelton plugin push PATH` prints it' }), el('textarea', { rows: '2', spellcheck: 'false', autocomplete: 'off', placeholder: 'delays sha256:…', ...at('codes'), on: { input: changed } }))),
          el('div', { class: 'acts' }, el('button', { class: 'main', ...at('look'), text: 'Show the plan' }), el('button', { type: 'button', text: 'Clear', on: { click: () => this.#set('', '') } }), el('span', { class: 'sub inline', ...at('name') })))),
      el('section', { class: 'card', 'aria-labelledby': 'config-plan', tabindex: '-1', hidden: '', ...at('plan') },
        el('div', { class: 'titles' }, el('h2', { id: 'config-plan', ...at('planned') }), el('div', { class: 'acts' }, el('button', { type: 'button', class: 'main', text: 'Apply exactly this …', ...at('apply'), on: { click: () => this.#apply() } }))),
        el('p', { class: 'bad lines', role: 'alert', ...at('wrong') }), el('ul', { class: 'problems', 'aria-label': 'Warnings', ...at('warnings') }),
        el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What changes' }, el('table', { class: 'audit' },
          el('thead', {}, el('tr', {}, ['', 'Box', 'What changes', 'What that does'].map((t) => (t ? el('th', { scope: 'col', class: 'left', text: t }) : el('td', { class: 'blank' }))))), el('tbody', at('rows')))),
        el('p', { class: 'sub', ...at('drained') })));
    this.rights();
  }

  open(shown) {
    this.#shown = shown;
    if (shown) this.#read();
  }

  /** It is known now what they may do. */
  rights() {
    const may_ = may('admin');
    for (const name of ['look', 'apply', 'edit', 'next', 'upload', 'codes']) part(this.#root, name).disabled = !may_;
    attribute(part(this.#root, 'look'), 'title', may_ ? null : 'needs the scope admin');
  }

  /** Takes the figures: the config is read again when another one runs. */
  update(stats) {
    if (!this.#shown) return;
    const { config, time } = stats;
    figure(part(this.#root, 'hash'), 'config.hash', config.hash, digest(config.hash), false);
    attribute(part(this.#root, 'hash'), 'title', config.hash);
    const outcomes = Object.entries(config.outcomes ?? {}).filter(([, n]) => n > 0).map(([outcome, n]) => `${n} ${outcome}`).join(', ');
    text(part(this.#root, 'last'), config.last ? `${away(config.last, Date.parse(time))}${config.error ? `, not applied: ${config.error}` : ''} · since the start: ${outcomes}` : 'none since the start');
    part(this.#root, 'last').classList.toggle('bad', Boolean(config.error));
    if (config.hash !== this.#hash) this.#read(config.hash);
  }

  async #read(hash = this.#hash) {
    if (this.#busy) return;
    this.#busy = true;
    let error = '';
    try {
      const running = await client.config();
      text(part(this.#root, 'text'), running.config ?? '');
      text(part(this.#root, 'file'), running.file || '(it was built in Go)');
      [this.#file, this.#hash] = [running.file ?? '', hash];
    } catch (problem) {
      error = problem.status === 403 ? 'You may not read this: it needs the scope operate.' : `It cannot be read: ${problem.message}`;
      if (problem.status === 403) this.#hash = hash;
    }
    this.#busy = false;
    text(part(this.#root, 'note'), error);
    part(this.#root, 'note').hidden = !error;
    part(this.#root, 'text').hidden = part(this.#root, 'copy').hidden = part(this.#root, 'edit').hidden = !part(this.#root, 'text').textContent;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(part(this.#root, 'text').textContent);
      text(part(this.#root, 'copy'), 'Copied');
    } catch {
      getSelection().selectAllChildren(part(this.#root, 'text'));
      text(part(this.#root, 'copy'), 'Selected: press Ctrl+C');
    }
    setTimeout(() => text(part(this.#root, 'copy'), 'Copy'), 2500);
  }

  #edit() {
    this.#set(part(this.#root, 'text').textContent, this.#file);
    part(this.#root, 'next').focus();
  }

  async #open() {
    const [file] = part(this.#root, 'upload').files;
    if (file) this.#set(await file.text(), file.name);
  }

  #set(words, name) {
    part(this.#root, 'next').value = words;
    text(part(this.#root, 'name'), words ? (name ? `from ${name}` : '') : '');
    if (!words) part(this.#root, 'upload').value = '';
    this.#forget();
  }

  /** A text that was changed has no plan yet. */
  #forget() {
    [this.#plan, this.#order] = [null, null];
    part(this.#root, 'plan').hidden = true;
  }

  /** Asks what the text would change. */
  async #look() {
    const button = part(this.#root, 'look');
    this.#forget();
    button.disabled = true;
    text(button, 'Asking …');
    let wrong = '';
    try {
      const order = this.#ordered();
      const { plan = {} } = await client.apply({ ...order, planOnly: true });
      [this.#plan, this.#order] = [plan, order];
    } catch (error) {
      wrong = error.message;
    }
    button.disabled = !may('admin');
    text(button, 'Show the plan');
    this.#draw(wrong);
    part(this.#root, 'plan').scrollIntoView({ block: 'nearest' });
    part(this.#root, 'plan').focus({ preventScroll: true });
  }

  #ordered() {
    const config = part(this.#root, 'next').value;
    if (!config.trim()) throw new Error('There is no text: paste that of a config file, or choose the file.');
    if (config.includes(hidden)) throw new Error(`The text has ${hidden} in line ${config.slice(0, config.indexOf(hidden)).split('\n').length}, which stands for a secret: write the variable there that the file has, or the secret itself.`);
    const artifacts = {};
    for (const line of part(this.#root, 'codes').value.split('\n').map((l) => l.trim()).filter(Boolean)) {
      const [, plugin, code] = /^(\S+)\s+(sha256:[0-9a-f]{64})$/.exec(line) ?? [];
      if (!plugin) throw new Error(`"${line}" is not a plugin and its digest: want for example delays sha256: and 64 hexadecimal digits.`);
      artifacts[plugin] = code;
    }
    return { config, file: 'the text', artifacts };
  }

  #draw(wrong = '') {
    const { changes = [], drained = [], warnings = [], hash = '' } = this.#plan ?? {};
    const refused = changes.some((c) => c.effect === 'refused');
    part(this.#root, 'plan').hidden = false;
    text(part(this.#root, 'planned'), wrong ? 'There is no plan' : changes.length === 0 ? 'No changes' : `Plan ${digest(hash)}: ${many(changes.length, 'change')}`);
    text(part(this.#root, 'wrong'), wrong || (refused ? 'Some of it needs a restart of the wheel, so nothing of it can be applied while it runs.' : changes.length === 0 ? '' : ''));
    part(this.#root, 'wrong').hidden = !part(this.#root, 'wrong').textContent;
    part(this.#root, 'apply').hidden = changes.length === 0;
    part(this.#root, 'apply').disabled = refused || !may('admin');
    list(part(this.#root, 'warnings'), warnings, (w) => w, (w) => el('li', { text: w }), () => {});
    part(this.#root, 'rows').replaceChildren(...changes.map(changed));
    part(this.#root, 'rows').closest('.scroll').hidden = changes.length === 0;
    text(part(this.#root, 'drained'), drained.length ? `Lanes drained and opened again: ${drained.join(', ')}.` : !wrong && changes.length === 0 ? 'The wheel runs this config already.' : '');
  }

  async #apply() {
    const { hash, changes } = this.#plan;
    const order = this.#order;
    const done = await ask({
      title: 'Apply this config', action: 'Apply', danger: true,
      body: [el('p', { text: `${many(changes.length, 'change')}, and nothing else: if the wheel, its config or the code of a plugin has changed since the plan was made, nothing is applied. If it fails, the wheel runs as before.` }),
        el('ul', { class: 'skipped' }, changes.map((c) => el('li', { text: `${signs[c.op] ?? c.op} ${c.kind} ${c.name ?? ''}: ${c.does ?? c.effect}` }))),
        el('p', { class: 'sub', text: `The file ${this.#file || ''} is not written: put the text there as well, or the next start undoes this.` })],
      run: async ({ who, why }) => {
        await client.apply({ ...order, planHash: hash, who, why });
        return el('p', { class: 'good', text: `Applied: ${many(changes.length, 'change')}. The wheel runs this config now.` });
      },
    });
    if (done) this.#forget();
    this.#read();
  }
}

function changed(c) {
  const field = (f) => el('p', {}, el('code', { text: f.path ?? '' }), ' ', f.old ? el('del', { text: f.old }) : null, ...(f.old && f.new ? [' ', el('span', { 'aria-label': 'becomes', text: '→' }), ' '] : []), f.new ? el('ins', { text: f.new }) : el('span', { class: 'sub inline', text: ' goes' }));
  return el('tr', { class: 'diff', 'data-op': c.op },
    el('td', { class: 'left sign', 'aria-label': c.op, text: signs[c.op] ?? c.op }), el('td', { class: 'left' }, el('span', { class: 'name', text: c.name || 'the wheel' }), el('span', { class: 'sub', text: c.name ? c.kind : '' })),
    el('td', { class: 'left wrap' }, c.fields?.length ? c.fields.map(field) : el('p', { text: { add: 'it is new', remove: 'it goes' }[c.op] ?? '' })),
    el('td', { class: 'left wrap' }, el('span', { class: 'chip', 'data-state': c.effect === 'refused' ? 'failed' : 'old', text: c.effect ?? '' }), el('span', { class: 'sub', text: c.does ?? '' })));
}
