// The console in a real browser, on real wheels.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accessible, clean, keyboard, launch, open, picture } from './page.mjs';
import { dir, until, wheel } from './stage.mjs';
import { version } from './wheel.mjs';

let browser;
let settled; // 3,000 flights, all done
let live; // flights without end

before(async () => {
  version(dir, 'checks');
  browser = await launch();
  settled = wheel('settled', { source: '{count: 3000, seed: 7}' });
  live = wheel('live', { source: '{rate: 60/s, keys: 8}' });
  await Promise.all([settled.start('settled'), live.start()]);
});

after(async () => {
  await browser?.close();
  await Promise.all([settled?.kill(), live?.kill()]);
});

/** The pages, where they are, and what shows that they are there. */
const pages = {
  wheel: ['#wheel', '#picture .box'],
  plugins: ['#plugins', '#plugin-table tbody tr'],
  plugin: ['#plugins/checks', '#plugin [data-part="history"] summary'],
  sessions: ['?session=flights&key=ATL#sessions', '#follow tr[data-id]'],
  dead: ['#dead', '#dead-list .letter'],
  parked: ['#parked', '#parked-list .letter'],
  tap: ['#tap/plugin/checks', '#tap-list summary'],
  config: ['#config', '#config pre.config:not([hidden])'],
  events: ['#events', '#event-list [data-part="rows"] tr'],
  audit: ['#audit', '#audit-list [data-part="rows"] tr'],
};

/** A key of the wheel's sessions, whatever the made-up flights are. */
const key = (w) => w.json('session', 'list', 'flights')[0].key;
const address = (w, name) => `${w.url}/${pages[name][0].replace('ATL', encodeURIComponent(key(w)))}`;

async function to(page, w, name) {
  await page.goto('about:blank'); // so that another hash is another page
  await page.goto(address(w, name));
  await page.locator(pages[name][1]).first().waitFor();
}

describe('what is done to a plugin', () => {
  const dialog = (page) => page.getByRole('dialog');
  const confirm = async (page, button, why) => {
    await dialog(page).locator('[name=why]').fill(why);
    await dialog(page).locator('[name=who]').fill('operator');
    await dialog(page).getByRole('button', { name: button, exact: true }).click();
  };
  const state = (page, words) => page.locator('#plugin .titles [data-part="state"]').filter({ hasText: words }).waitFor();
  const gone = (page) => dialog(page).waitFor({ state: 'detached' });

  test('a swap to a pushed digest goes live, and the history says who and why', async () => {
    const page = await open(browser);
    const digest = live.json('plugin', 'push', version(dir, 'patient', { 'longest = 90 ': 'longest = 120' })).digest;
    await to(page, live, 'plugin');
    await page.getByRole('button', { name: 'Swap …' }).click();
    await dialog(page).locator('[name=which]').selectOption({ label: 'A pushed artifact, by its digest' });
    await dialog(page).locator('[name=digest]').fill('sha256:12');
    await confirm(page, 'Swap', 'believe longer delays');
    await dialog(page).getByText('A digest is sha256: and 64 hexadecimal digits.').waitFor();
    await dialog(page).locator('[name=digest]').fill(digest);
    await accessible(page);
    await picture(page, 'swap');
    await dialog(page).getByRole('button', { name: 'Swap', exact: true }).click();
    await dialog(page).getByText('Live: checks runs revision 2 now.').waitFor();
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await page.getByText('operator: believe longer delays').waitFor();
    assert.equal(live.json('plugin', 'list').find((p) => p.name === 'checks').revision, 2);
    clean(page);
    await page.context().close();
  });

  test('a broken version goes back by itself, and the page says why, with figures', async () => {
    const page = await open(browser);
    const digest = live.json('plugin', 'push', version(dir, 'broken', { 'broken  = false': 'broken  = true ' })).digest;
    await to(page, live, 'plugin');
    await page.getByRole('button', { name: 'Swap …' }).click();
    await dialog(page).locator('[name=which]').selectOption({ label: 'A pushed artifact, by its digest' });
    await dialog(page).locator('[name=digest]').fill(digest);
    await confirm(page, 'Swap', 'try the new rules');
    await dialog(page).getByText(/^rolled back: /).waitFor({ timeout: 60000 });
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    const row = page.locator('#plugin [data-part="history"] details').first();
    await row.getByText('rolled back').waitFor();
    await row.locator('summary').click();
    await row.getByText('try the new rules').waitFor();
    const history = live.json('plugin', 'history', 'checks').find((r) => r.outcome === 'rolled back');
    if (history.figures) await row.getByRole('row', { name: /^Error rate/ }).waitFor();
    clean(page);
    await page.context().close();
  });

  /** Begins a swap to what was pushed first, by a strategy whose fields are given, and leaves it to go on. */
  const bring = async (page, kind, fields) => {
    await to(page, live, 'plugin');
    await page.getByRole('button', { name: 'Swap …' }).click();
    await dialog(page).locator('[name=which]').selectOption({ label: 'A pushed artifact, by its digest' });
    await dialog(page).locator('[name=digest]').fill(live.json('plugin', 'history', 'checks')[0].digest);
    await dialog(page).locator('[name=strategy]').selectOption(kind);
    for (const [name, value] of Object.entries(fields)) await dialog(page).locator(`[name=${name}]`).fill(value);
    await confirm(page, 'Swap', `by ${kind}`);
    await dialog(page).getByRole('region', { name: 'Progress' }).waitFor();
    await dialog(page).getByRole('button', { name: 'Leave it to go on' }).click();
    await gone(page);
  };

  test('a canary is seen step by step, and taken back', async () => {
    const page = await open(browser);
    await bring(page, 'canary', { percent: '50, 75', hold: '20' });
    const rollout = page.getByRole('region', { name: 'Rollout' });
    await rollout.getByText('50 % of the keys').waitFor();
    await rollout.getByRole('row', { name: /^Answered [1-9]\d{2,} [1-9]\d{2,}$/ }).waitFor(); // both versions work
    await accessible(page);
    await picture(page, 'console-canary-light');
    assert.equal(live.json('plugin', 'list').find((p) => p.name === 'checks').rollout.strategy, 'canary');
    await rollout.getByRole('button', { name: 'Take it back …' }).click();
    await confirm(page, 'Take it back', 'enough seen');
    await dialog(page).getByText(/^checks runs revision/).waitFor();
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await rollout.waitFor({ state: 'hidden' });
    clean(page);
    await page.context().close();
  });

  test('a shadow is compared, and its report is in the history', async () => {
    const page = await open(browser);
    await bring(page, 'shadow', { for: '6', max_diff: '1' });
    await page.getByRole('region', { name: 'Rollout' }).getByText(/messages? compared/).waitFor();
    await until('the end of the shadow', () => !live.json('plugin', 'list').find((p) => p.name === 'checks').rollout);
    const row = page.locator('#plugin [data-part="history"] details').first();
    await row.getByText('by shadow').waitFor();
    await row.locator('summary').first().click();
    await row.getByText(/messages? compared/).waitFor();
    clean(page);
    await page.context().close();
  });

  test('roll back, compare, pin, pause and resume', async () => {
    const page = await open(browser);
    await to(page, live, 'plugin');
    await page.getByRole('button', { name: 'Roll back …' }).click();
    await confirm(page, 'Roll back', 'the old rules were right');
    await dialog(page).getByText(/^Live: checks runs revision/).waitFor({ timeout: 60000 });
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await page.getByText('operator: the old rules were right').waitFor();

    const old = page.locator('#plugin [data-part="history"] details').filter({ hasText: 'first start' });
    await old.locator('summary').click();
    await old.getByRole('button', { name: 'Compare with what is live' }).click();
    await page.getByRole('region', { name: 'Differences' }).getByRole('row', { name: /^digest/ }).waitFor();

    await page.getByRole('button', { name: 'Pin …' }).click();
    await confirm(page, 'Pin', 'holidays');
    await gone(page);
    await page.getByText('pinned by operator: holidays').waitFor();
    await page.getByRole('button', { name: 'Roll back …' }).click();
    await confirm(page, 'Roll back', 'in spite of it');
    await dialog(page).locator('.went .bad').filter({ hasText: 'pinned' }).waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    page.wrong.length = 0; // the browser tells of the answer that was a refusal
    await page.getByRole('button', { name: 'Unpin …' }).click();
    await confirm(page, 'Unpin', 'back at work');
    await gone(page);

    await page.getByRole('button', { name: 'Pause …' }).click();
    await confirm(page, 'Pause', 'look at the letters');
    await gone(page);
    await state(page, 'paused');
    await page.getByText('paused by operator: look at the letters').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Plugin checks is paused' }).waitFor();
    await page.getByRole('button', { name: 'Resume …' }).click();
    await confirm(page, 'Resume', 'done');
    await gone(page);
    await state(page, 'running');
    clean(page);

    await to(page, live, 'audit');
    for (const act of ['Swap', 'Rollback', 'Pin', 'Pause', 'Resume']) await page.getByRole('cell', { name: act, exact: true }).first().waitFor();
    await page.getByRole('row').filter({ hasText: 'in spite of it' }).filter({ hasText: /refused|failed/ }).waitFor();
    assert.deepEqual(await page.locator('#audit-list tbody td:nth-child(3) > span').allTextContents(), live.json('audit').map((e) => e.act));
    clean(page);
    await page.context().close();
  });
});

describe('dead letters and parked deliveries', () => {
  test('they are filtered, looked at, and dropped after a dry run', async () => {
    const page = await open(browser);
    await to(page, settled, 'dead');
    const all = settled.json('dead', 'list');
    assert.equal(await page.locator('#dead-count').textContent(), all.length.toLocaleString('en'));
    assert.equal(await page.locator('#dead-list .letter').count(), Math.min(50, all.length));

    const reason = all[0].reason;
    await page.locator('#dead-list [data-part="reason"]').first().fill(reason);
    await page.locator('#dead-list [data-part="reason"]').first().press('Enter');
    const some = all.filter((d) => d.reason.includes(reason));
    await until('the filter', async () => (await page.locator('#dead-list .letter').count()) === some.length);
    assert.ok(page.url().includes(`reason=${encodeURIComponent(reason).replaceAll('%20', '+')}`), 'the address keeps the filter');
    const first = page.locator('#dead-list .letter').first();
    await first.locator('summary').click();
    await first.locator('pre').filter({ hasText: '"delay":' }).waitFor();
    await first.getByText('flights, lane').waitFor();

    await first.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Drop 1 …' }).click();
    await page.getByText('1 dead letter would be removed for good.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(settled.json('dead', 'list').length, all.length, 'a dry run drops nothing');
    await page.getByRole('button', { name: 'Drop 1 …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drop', exact: true }).click();
    await page.getByText('1 dead letter removed.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    assert.equal(settled.json('dead', 'list').length, all.length - 1);
    await until('the tally', async () => (await page.locator('#dead-count').textContent()) === String(all.length - 1));
    clean(page);
    await page.context().close();
  });

  test('a replay is looked at first; pages go on and back', async () => {
    const page = await open(browser);
    await to(page, settled, 'dead');
    const [id] = [settled.json('dead', 'list')[0].id];
    const next = page.getByRole('button', { name: 'Next ›' });
    if (await next.isEnabled()) {
      const before = await page.locator('#dead-list .letter').first().getAttribute('data-key');
      await next.click();
      await page.getByText('page 2').waitFor();
      assert.notEqual(await page.locator('#dead-list .letter').first().getAttribute('data-key'), before);
      await page.getByRole('button', { name: '‹ Before' }).click();
      await page.getByText('page 1').waitFor();
    }
    await page.locator(`#dead-list .letter[data-key="${id}"]`).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Replay 1 …' }).click();
    await page.getByText('1 dead letter would be offered again.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('1 dead letter will be offered again.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await until('the replay', () => settled.json('dead', 'show', id).replays === 1);
    clean(page);
    await page.context().close();
  });

  test('a parked delivery is released', async () => {
    const page = await open(browser);
    await to(page, settled, 'parked');
    const all = settled.json('parked', 'list');
    assert.equal(await page.locator('#parked-list .letter').count(), Math.min(50, all.length));
    await page.locator('#parked-list .letter').first().getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Release 1 …' }).click();
    await page.getByText('1 delivery would be due now.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Release', exact: true }).click();
    await page.getByText('1 delivery due now.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    clean(page);
    await page.context().close();
  });
});

describe('figures', () => {
  test('each one on the page is that of pelton stats', async () => {
    const page = await open(browser);
    const changing = /^(memory|uptime_ns|store\.(bytes|free_disk))/; // from look to look, also at rest
    for (const name of ['wheel', 'plugins', 'plugin', 'dead', 'config', 'events']) {
      await to(page, settled, name);
      let wrong = [];
      let seen = 0;
      await until(`the figures of ${name}`, async () => {
        const shown = await page.locator('[data-figure]').evaluateAll((nodes) => nodes.map((n) => [n.dataset.figure, n.dataset.value ?? '']));
        const stats = settled.json('stats');
        wrong = shown.filter(([place, value]) => !changing.test(place) && String(look(stats, place)) !== value).map(([place, value]) => `${place} is ${look(stats, place)}, shown ${value}`);
        seen = shown.length;
        return seen > 0 && wrong.length === 0;
      }, 10000).catch((error) => assert.fail(`${error.message}: ${wrong.join('; ')}`));
      assert.ok(seen > 0, `${name} shows figures`);
    }
    clean(page);
    await page.context().close();
  });

  /** The figure at a place: sources.flights.messages, or a sum over rows: sources.messages. */
  function look(stats, place) {
    const [rows, ...rest] = place.split('.');
    const value = stats[rows];
    if (!Array.isArray(value)) return rest.reduce((v, step) => v?.[step], value) ?? '';
    if (rest.length === 1) return value.reduce((sum, row) => sum + row[rest[0]], 0);
    const field = rest.at(-1);
    return value.find((row) => row.name === rest.slice(0, -1).join('.'))?.[field] ?? (field === 'digest' ? '' : 0);
  }
});

describe('every page', () => {
  for (const name of Object.keys(pages)) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${name}, ${colorScheme}: without errors, by keyboard, for everybody`, async () => {
        const page = await open(browser, { colorScheme });
        const w = name === 'parked' || name === 'dead' ? settled : live;
        await to(page, w, name);
        await until('figures', () => page.evaluate(() => document.body.dataset.link === 'up'));
        await accessible(page);
        if (process.env.SHOTS) await page.waitForTimeout(['wheel', 'plugin'].includes(name) ? 30000 : 4000); // for curves to grow
        if (name === 'tap') await page.getByRole('button', { name: 'Pause', exact: true }).click(); // rows that come would run away
        if (['dead', 'plugin', 'tap'].includes(name)) await page.locator('[data-page]:not([hidden]) summary').first().click();
        await picture(page, `console-${name}-${colorScheme}`, name === 'plugin');
        if (colorScheme === 'light') await keyboard(page);
        clean(page);
        await page.context().close();
      });
    }
  }

  test('what is not there is said', async () => {
    const page = await open(browser);
    await page.goto(`${settled.url}/#plugins/nobody`);
    await page.getByText('This wheel has no plugin nobody.').waitFor();
    await page.goto(`${settled.url}/#nowhere`);
    await page.getByText('There is no such page').waitFor();
    await page.goto(`${settled.url}/#audit`);
    clean(page);
    await page.context().close();
  });

  test('on a narrow screen nothing is wider than it', async () => {
    const page = await open(browser, { viewport: { width: 390, height: 800 } });
    for (const name of Object.keys(pages)) {
      await to(page, name === 'parked' || name === 'dead' ? settled : live, name);
      const wide = await page.evaluate(() => (document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML.slice(0, 120))));
      assert.deepEqual(wide, [], `${name} is wider than the screen`);
    }
    clean(page);
    await page.context().close();
  });
});

describe('a session', () => {
  const ids = (page) => page.locator('#follow tr[data-id]').evaluateAll((rows) => rows.map((r) => [r.dataset.epoch, Number(r.dataset.id)]).reverse());
  const gapless = (all) => {
    for (let i = 1; i < all.length; i++) assert.deepEqual(all[i], [all[i - 1][0], all[i - 1][1] + 1], `after ${all[i - 1]}`);
  };

  test('is stepped through, and two snapshots are compared', async () => {
    const page = await open(browser);
    await to(page, settled, 'sessions');
    const shown = () => page.locator('#follow [data-part="id"]').textContent();
    await page.locator('#follow [data-state="live"]').waitFor();
    await until('rows', async () => (await ids(page)).length > 5);
    const newest = Number((await shown()).replaceAll(',', ''));
    await page.getByRole('button', { name: 'Older snapshot' }).click();
    assert.equal(Number((await shown()).replaceAll(',', '')), newest - 1);
    await page.getByText(`From ${(newest - 2).toLocaleString('en')} to ${(newest - 1).toLocaleString('en')}`).waitFor();
    await page.getByRole('button', { name: `Compare with snapshot ${newest - 4}` }).click();
    await page.getByText(`From ${(newest - 4).toLocaleString('en')} to ${(newest - 1).toLocaleString('en')}`).waitFor();
    const [a, b] = [newest - 4, newest - 1].map((id) => settled.json('session', 'follow', 'flights', key(settled), '--after', `${(settledEpoch())}:${id - 1}`, '--limit', '1').payload);
    const other = ['delay', 'late', 'to'].find((field) => a[field] !== b[field]);
    const row = page.getByRole('region', { name: 'What differs' });
    if (!other) await page.getByText('They are the same.').waitFor();
    else await row.getByText(JSON.stringify(b[other]), { exact: true }).waitFor();
    // The same by keyboard: c holds one end, arrows move the other.
    await page.getByRole('button', { name: 'Newest' }).click();
    await page.getByRole('region', { name: /^Latest snapshots/ }).press('c');
    for (const step of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(step);
    await page.getByText(`From ${newest.toLocaleString('en')} to ${(newest - 3).toLocaleString('en')}`).waitFor();
    await page.getByRole('button', { name: 'Newest' }).click();
    assert.equal(Number((await shown()).replaceAll(',', '')), newest);
    const before = (await ids(page)).length;
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await until('older ones', async () => (await ids(page)).length > before);
    gapless(await ids(page));
    clean(page);
    await page.context().close();
  });
  test('that clients write is followed as text, until they close it', async () => {
    const stream = `${settled.url}/v1/stream/notes/a`;
    const send = (method, body, headers = {}) => fetch(stream, { method, body, headers: { 'Content-Type': 'text/plain', ...headers } }).then((r) => assert.ok(r.ok, `${method}: ${r.status}`));
    await send('PUT');
    await send('POST', 'Grüße');
    const page = await open(browser);
    await page.goto(`${settled.url}/?session=notes&key=a#sessions`);
    await page.locator('#follow pre').filter({ hasText: 'Grüße' }).waitFor();
    await send('POST', 'and more');
    await page.locator('#follow pre').filter({ hasText: 'and more' }).waitFor();
    await send('POST', 'the end', { 'Stream-Closed': 'true' });
    await page.getByText('A client closed this session: nothing more will come.').waitFor();
    await page.locator('#follow [data-state="ended"]').waitFor();
    clean(page);
    await page.context().close();
  });
  const settledEpoch = () => settled.json('session', 'show', 'flights', key(settled)).epoch;

  test('a wheel that is killed and starts again: every snapshot is shown once, and a reload goes on', async () => {
    const page = await open(browser);
    await to(page, live, 'sessions');
    await until('snapshots', async () => (await ids(page)).length > 25);
    const before = (await ids(page)).at(-1);
    await live.kill();
    await page.getByRole('alert').getByText('Disconnected.').waitFor();
    await accessible(page);
    await picture(page, 'console-disconnected');
    await live.start();
    await until('snapshots after the kill', async () => (await ids(page)).at(-1)[1] > before[1] + 30, 60000);
    await page.getByRole('alert').getByText('Disconnected.').waitFor({ state: 'hidden' });
    const all = await ids(page);
    gapless(all);
    assert.ok(all.some(([, id]) => id === before[1]) && all[0][1] < before[1], 'what was shown before stays');

    await until('the cursor in the address', () => page.url().includes('at='));
    await live.kill();
    await live.start();
    page.wrong.length = 0; // the browser tells of requests that found nobody
    const seen = (await ids(page)).at(-1);
    await page.reload();
    await until('snapshots after the reload', async () => (await ids(page)).at(-1)?.[1] > seen[1] + 10, 60000);
    const again = await ids(page);
    gapless(again);
    assert.ok(again[0][0] === seen[0] && again[0][1] <= seen[1] + 1, `it goes on from ${again[0]}, and ${seen} was seen`);
    clean(page);
    await page.context().close();
  });
});

describe('log-in', () => {
  test('a wheel that asks for a token sends to the log-in, and out again', async () => {
    const minted = JSON.parse((await import('node:child_process')).execFileSync((await import('./wheel.mjs')).pelton, ['token', 'mint', '--name', 'ada', '--scope', 'read', '--json'], { encoding: 'utf8' }));
    const guarded = wheel('guarded', { source: '{count: 50}', extra: `api: {auth: {tokens: {ada: {hash: "${minted.hash}", scopes: [read]}}}}` });
    await guarded.start();
    try {
      const page = await open(browser);
      await page.goto(guarded.url);
      await page.waitForURL(/\/login$/);
      await accessible(page);
      await picture(page, 'console-login');
      await page.getByLabel('Token').fill('wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Token').fill(minted.token);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.locator('#me').getByText('ada').waitFor();
      await page.locator('#picture .box').first().waitFor();
      await page.goto(`${guarded.url}/#plugins/checks`);
      await page.getByText('first start').waitFor();
      for (const act of ['Swap …', 'Pause …', 'Pin …']) await until(`no ${act} for who may only read`, () => page.getByRole('button', { name: act }).isDisabled());
      for (const hash of ['dead', 'config', 'events']) {
        await page.goto(`${guarded.url}/#${hash}`);
        await page.locator('main').getByText('You may not read this: it needs the scope operate.').filter({ visible: true }).waitFor();
      }
      await page.goto(`${guarded.url}/#tap/plugin/checks`);
      await page.getByText('You may not look at messages: it needs the scope operate.').waitFor();
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.waitForURL(/\/login$/);
      await page.goto(guarded.url);
      await page.waitForURL(/\/login$/);
      await page.context().close();
    } finally {
      await guarded.kill();
    }
  });
});
