// Which page is shown: the address says it behind #, so that a reload, a link and the way back keep it.

import { attribute } from './dom.js';

const titles = { wheel: 'Wheel', plugins: 'Plugins', plugin: 'Plugin', sessions: 'Sessions', dead: 'Dead letters', parked: 'Parked', tap: 'Tap', config: 'Config', events: 'Events', audit: 'Audit', lost: 'No such page' };
const anchors = { '': 'wheel', main: null, sources: 'wheel', sinks: 'wheel', store: 'wheel' };

/** The page and its parameters: #plugins/delays is {page: 'plugin', name: 'delays'}, #dead?plugin=delays has a query. */
export function where(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const [page, ...rest] = path.split('/');
  const name = decode(rest.join('/'));
  const found = page in anchors ? anchors[page] : page === 'plugins' && name ? 'plugin' : page;
  return { page: found === null || found in titles ? found : 'lost', name: ['plugin', 'tap'].includes(found) ? name : '', query: new URLSearchParams(query) };
}

function decode(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export const toPlugin = (name) => `#plugins/${name.split('/').map(encodeURIComponent).join('/')}`;

/** The tap of a node, "kind/name" or "plugin/name.output". */
export const toTap = (node) => `#tap/${node.split('/').map(encodeURIComponent).join('/')}`;

/** Shows the page that the address names, now and whenever that changes. show(place) is told. */
export function start(show) {
  let shown = '';
  const turn = () => {
    const place = where(location.hash);
    if (place.page === null) return; // a link to a place in the page that is shown
    for (const page of document.querySelectorAll('[data-page]')) page.hidden = page.dataset.page !== place.page;
    const section = place.page === 'plugin' ? 'plugins' : place.page;
    for (const link of document.querySelectorAll('#nav a')) attribute(link, 'aria-current', link.hash === `#${section}` ? 'page' : null);
    document.title = `${place.page === 'tap' && place.name ? `Tap ${place.name}` : place.name || titles[place.page]} · Pelton`;
    const moved = shown !== '' && shown !== location.hash.split('?')[0];
    shown = location.hash.split('?')[0] || '#wheel';
    show(place);
    if (!moved) return;
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1).split(/[/?]/)[0]);
    if (target && place.page === 'wheel') target.scrollIntoView();
    else {
      scrollTo({ top: 0, behavior: 'instant' });
      document.getElementById('main').focus({ preventScroll: true });
    }
  };
  addEventListener('hashchange', turn);
  turn();
}
