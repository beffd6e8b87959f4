// Boots the page and keeps its parts in step: one set of figures a second goes to all of them.

import { identify } from './ask.js';
import { Audit } from './audit.js';
import * as charts from './charts.js';
import * as client from './client.js';
import { Config } from './config.js';
import { attribute, el, list, text } from './dom.js';
import { Events } from './events.js';
import { Finder } from './finder.js';
import { Follow } from './follow.js';
import { duration } from './format.js';
import { History } from './history.js';
import { Link } from './link.js';
import { kinds, Letters } from './letters.js';
import * as pages from './pages.js';
import { Plugin } from './plugin.js';
import { headline, problems, totals } from './problems.js';
import * as tables from './tables.js';
import { Tap } from './tap.js';
import { Wheel } from './wheel.js';

const at = (id) => document.getElementById(id);
const history = new History();
const link = new Link();
const lists = Object.keys(kinds).map((name) => new Letters(at(`${name}-list`), name));
const audit = new Audit(at('audit-list'));
const events = new Events(at('event-list'));
const config = new Config(at('config'));
const tap = new Tap(at('tap-list'));
const plugin = new Plugin(at('plugin'));
const follow = new Follow(at('follow'), remember);
const finder = new Finder(at('finder'), follow);
const wheel = new Wheel(at('picture'), (name) => finder.choose(name));

let facts = []; // what /v1/plugins says
let graph = ''; // the topology that is drawn
let mark = ''; // of the plugins and the process that facts and graph were read for
let asking = false;

/** Reads what changes rarely again when the figures say that it may have: after a start, a swap, a restart. */
async function learn(stats) {
  const born = Math.round((Date.parse(stats.time) - stats.uptime_ns / 1e6) / 5000);
  const next = [born, ...(stats.plugins ?? []).map((p) => `${p.name} ${p.revision} ${p.state} ${p.restarts}`)].join('|');
  if (next === mark || asking) return;
  asking = true;
  try {
    const [topology, plugins] = await Promise.all([client.topology(), client.plugins()]);
    [facts, mark] = [plugins ?? [], next];
    if (JSON.stringify(topology) !== graph) {
      graph = JSON.stringify(topology);
      wheel.draw(topology);
      tap.learn(topology);
    }
    show(stats);
  } catch {
    // The next figures ask again; whether the wheel answers is the link's to say.
  } finally {
    asking = false;
  }
}

function show(stats) {
  const found = problems(stats, facts, history);
  const { state, word, sentence } = headline(stats, found, history);
  attribute(document.body, 'data-state', state);
  text(at('state'), word);
  text(at('headline'), sentence);
  list(at('totals'), totals(stats), (t) => t.name, (t) => el('span', {}, el('a', { href: t.to })), (node, t) => {
    text(node.firstChild, t.words);
    attribute(node.firstChild, 'data-level', t.level);
  });
  list(at('problems'), found, (p) => p.who, () => el('li', {}, el('b', {}, el('a')), el('span')), (node, p) => {
    attribute(node, 'data-level', p.level);
    attribute(node.firstChild.firstChild, 'href', p.to);
    text(node.firstChild.firstChild, p.who);
    text(node.lastChild, p.why);
  });
  text(at('version'), `Pelton ${stats.version}, up ${duration(stats.uptime_ns / 1e9)}. `);
  wheel.update(stats, history);
  charts.show(at('charts'), stats, history);
  tables.plugins(at('plugin-table'), stats, facts, history);
  tables.sources(at('source-list'), stats);
  tables.arenas(at('arena-list'), stats, history);
  tables.sinks(at('sink-list'), stats);
  tables.store(at('store-facts'), stats, history);
}

let newest = null; // figures

link.addEventListener('stats', ({ detail: stats }) => {
  newest = stats;
  history.add(stats);
  learn(stats);
  show(stats);
  for (const page of lists) page.update(stats);
  audit.update();
  events.update(stats);
  config.update(stats);
  plugin.update(stats, history);
  finder.update(stats);
});

// The banner counts down by itself; everything else waits for figures.
let ticking = 0;
link.addEventListener('change', () => {
  attribute(document.body, 'data-link', link.state);
  clearInterval(ticking);
  banner();
  if (link.state === 'up') follow.wake();
  else ticking = setInterval(banner, 1000);
});

const since = el('span');
const again = el('button', { type: 'button', text: 'Try now', on: { click: () => link.now() } });
at('banner').append(el('span', {}, el('strong', { text: 'Disconnected. ' }), since), again);

function banner() {
  const down = link.state === 'down';
  at('banner').hidden = !down;
  if (!down) return;
  const wait = Math.max(0, Math.ceil((link.next - Date.now()) / 1000));
  const old = graph ? ` The figures below are from ${new Date(link.last).toLocaleTimeString()}.` : '';
  text(since, `No answer from ${location.host}: ${link.error}.${old} ${wait > 0 ? `Trying again in ${wait} s.` : 'Trying again …'}`);
  attribute(document.body, 'data-state', 'down');
  text(at('state'), 'Disconnected');
  if (!graph) text(at('headline'), `No wheel answers at ${location.host}.`);
}

let kept = ''; // what the address says of the session that is followed
let keeping = 0;

/** Keeps the session that is followed, and how far it was seen, in the address, so that a reload goes on with it. */
function remember() {
  const next = follow.name ? `?${new URLSearchParams({ session: follow.name, key: follow.key, ...(follow.cursor ? { at: follow.cursor } : {}) })}` : '';
  const same = next.split('&at=')[0] === kept.split('&at=')[0];
  if (!same) finder.draw();
  if (next === kept) return;
  kept = next;
  // Browsers allow few changes a second; another session is kept at once, so that no reload loses it.
  clearTimeout(keeping);
  const keep = () => globalThis.history.replaceState(null, '', (kept || location.pathname) + location.hash);
  if (same) keeping = setTimeout(keep, 500);
  else keep();
}
addEventListener('pagehide', () => keeping && globalThis.history.replaceState(null, '', (kept || location.pathname) + location.hash));

async function whoami() {
  const me = await identify();
  plugin.rights();
  config.rights();
  tap.rights();
  if (!me.auth) return;
  at('me').replaceChildren(el('span', { text: me.name || 'you' }), ' ', el('button', { type: 'button', class: 'link', text: 'Log out', on: { click: () => client.logout() } }));
}

text(at('host'), location.host);
const asked = new URLSearchParams(location.search);
if (asked.get('session') && asked.has('key')) {
  if (!location.hash) location.hash = '#sessions';
  finder.choose(asked.get('session'));
  follow.start(asked.get('session'), asked.get('key'), asked.get('at') ?? '');
}
pages.start((place) => {
  plugin.open(place.page === 'plugin' ? place.name : '');
  lists.forEach((page, i) => page.open(Object.keys(kinds)[i] === place.page ? place.query : null));
  audit.open(place.page === 'audit');
  events.open(place.page === 'events', newest);
  config.open(place.page === 'config');
  tap.open(place.page === 'tap' ? place.name : null);
});
whoami().catch(() => {}); // a wheel that does not answer is the link's to tell
link.start();
