// Looking at messages, changing the config, and what happened, in a real browser on a real wheel.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accessible, clean, launch, open, picture } from './page.mjs';
import { config, dir, until, wheel } from './stage.mjs';
import { version } from './wheel.mjs';

const source = '{rate: 60/s, keys: 8}';
const secret = 'hunter2';
const running = config({ source }).replace('path: ../checks}', `path: ../checks}\n    config: {api_key: ${secret}}`);

let browser;
let w;

before(async () => {
  version(dir, 'checks');
  browser = await launch();
  w = wheel('changed', {}, running);
  await w.start();
});

after(async () => {
  await browser?.close();
  await w?.kill();
});

/** Calls a method of the API as the page does. */
const call = async (method, message = {}) =>
  (await fetch(`${w.url}/pelton.v1.WheelService/${method}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) })).json();

describe('the tap', () => {
  const rows = (page) => page.locator('#tap-list details');
  const chip = (page, words) => page.locator('#tap-list [data-part="state"]').filter({ hasText: words }).waitFor();
  const counts = (page) => page.locator('#tap-list [data-part="counts"]').textContent();

  test('a line of the picture leads to samples of what passes there; they are read as JSON and byte by byte', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#wheel`);
    await page.getByRole('link', { name: 'Tap what goes from plugin/checks.delays to sink/delays' }).focus();
    await page.keyboard.press('Enter');
    await chip(page, 'tapped');
    await rows(page).first().waitFor();
    assert.equal(await page.locator('#tap-list [data-part="node"]').inputValue(), 'plugin/checks.delays');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await rows(page).first().locator('summary').click();
    const payload = rows(page).first().locator('pre').first();
    const value = JSON.parse(await payload.textContent());
    assert.deepEqual(Object.keys(value), ['delay', 'late', 'to']);
    assert.match(await payload.textContent(), /^\{\n {2}"delay": /);
    await page.locator('#tap-list [data-part="as"]').selectOption('hex');
    await rows(page).first().locator('summary').click();
    assert.match(await rows(page).first().locator('pre').first().textContent(), /^000000 {2}7b 22 64 65 6c 61 79 22 .* \{"delay":/);
    clean(page);
    await page.context().close();
  });

  test('at a plugin a sample has what came, what was decided and what was put out', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#plugins/checks`);
    await page.getByRole('link', { name: /^Tap/ }).last().click();
    await page.locator('#tap-list [data-part="rate"]').selectOption('100');
    const verdict = (name) => rows(page).filter({ has: page.locator('summary .chip', { hasText: name }) }).first();
    await verdict('ack').waitFor();
    await verdict('dead').waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await verdict('ack').locator('summary').click();
    const [before, emit] = (await verdict('ack').locator('pre').allTextContents()).map(JSON.parse);
    assert.equal(emit.delay, before.delay);
    assert.equal(emit.to, before.destination);
    await verdict('ack').getByText('After: 1 emit', { exact: true }).waitFor();
    await verdict('dead').locator('summary').click();
    await verdict('dead').getByText(/^a delay of \d+ minutes is a typing error$/).first().waitFor();
    await verdict('dead').getByText('After: nothing put out').waitFor();
    await accessible(page);
    clean(page);
    await page.context().close();
  });

  test('it keeps few, pauses, and takes one key alone', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#tap/source/flights`);
    await page.locator('#tap-list [data-part="rate"]').selectOption('100');
    await page.getByText('the newest 200 are shown').waitFor();
    await until('more than are kept', async () => Number(/([\d,]+) taken/.exec(await counts(page))[1].replaceAll(',', '')) > 230);
    assert.equal(await rows(page).count(), 200);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    const first = await rows(page).first().getAttribute('data-key');
    await until('messages while it is paused', async () => / not shown while paused/.test(await counts(page)));
    assert.equal(await rows(page).first().getAttribute('data-key'), first, 'a paused list stands still');
    await page.getByRole('button', { name: 'Go on' }).click();
    await until('messages after the pause', async () => (await rows(page).first().getAttribute('data-key')) !== first);

    await page.locator('#tap-list [data-part="key"]').fill('ORD');
    await page.locator('#tap-list [data-part="key"]').press('Enter');
    await until('one key', async () => (await rows(page).count()) > 3);
    assert.deepEqual([...new Set(await rows(page).locator('.name').allTextContents())], ['ORD']);
    await until('one tap is open', () => w.json('stats').taps.open === 1);
    await page.goto(`${w.url}/#events`);
    await until('no tap is left open', () => w.json('stats').taps.open === 0);
    clean(page);
    await page.context().close();
  });

  test('what is not there is said, and a wheel that goes away is waited for', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#tap/plugin/nobody`);
    await page.locator('#tap-list').getByText(/nobody.*checks/).waitFor();
    await page.goto(`${w.url}/#tap/source/flights`);
    await rows(page).first().waitFor();
    await w.kill();
    await chip(page, 'not tapped');
    await page.locator('#tap-list').getByText('It is tried again').waitFor();
    await w.start();
    await chip(page, 'tapped');
    await until('samples of the wheel that is back', async () => (await rows(page).count()) > 2);
    await page.context().close();
  });
});

describe('the config', () => {
  const next = (page) => page.locator('#config [data-part="next"]');
  const plan = (page) => page.locator('#config [data-part="plan"]');
  const dialog = (page) => page.getByRole('dialog');
  const look = async (page, text) => {
    if (text !== undefined) await next(page).fill(text);
    await page.getByRole('button', { name: 'Show the plan' }).click();
  };
  const apply = async (page, why) => {
    await page.getByRole('button', { name: 'Apply exactly this …' }).click();
    await dialog(page).locator('[name=why]').fill(why);
    await dialog(page).locator('[name=who]').fill('operator');
    await dialog(page).getByRole('button', { name: 'Apply', exact: true }).click();
  };
  const show = async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#config`);
    await page.locator('#config pre.config:not([hidden])').waitFor();
    return page;
  };

  test('what runs is shown as the API gives it, without secrets; those are not applied by mistake', async () => {
    const page = await show();
    const { config: text, file } = await call('GetConfig');
    assert.equal(await page.locator('#config pre.config').textContent(), text);
    assert.ok(text.includes('(hidden)') && !(await page.content()).includes(secret), 'a secret is hidden');
    await page.locator('#config').getByText(file, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Change a copy of it' }).click();
    assert.equal(await next(page).inputValue(), text);
    await look(page);
    await plan(page).getByText(`The text has (hidden) in line ${text.slice(0, text.indexOf('(hidden)')).split('\n').length}`).waitFor();
    clean(page);
    await page.context().close();
  });

  test('a plan is seen as a diff, and exactly that is applied', async () => {
    const page = await show();
    const more = running.replace('window: 5s', 'window: 6s').replace('sinks:\n', 'sinks:\n  also: {from: [checks.delays], file: {path: also.jsonl, on_new: truncate}}\n');
    writeFileSync(join(dir, 'next.yaml'), more);
    await page.locator('#config [data-part="upload"]').setInputFiles(join(dir, 'next.yaml'));
    await page.getByText('from next.yaml').waitFor();
    await look(page);
    await plan(page).getByRole('heading', { name: /^Plan [0-9a-f]{12}: 2 changes$/ }).waitFor();
    await plan(page).getByRole('row', { name: /checks.*health\.window 5s becomes 6s/ }).waitFor();
    await plan(page).getByRole('row', { name: /also sink/ }).waitFor();
    await accessible(page);
    await picture(plan(page), 'console-plan-light'); // not what stands above it: the text has a secret
    assert.deepEqual(w.json('stats').config.outcomes ?? {}, {}, 'a plan changes nothing');
    await apply(page, 'a second file');
    await dialog(page).getByText('Applied: 2 changes. The wheel runs this config now.').waitFor({ timeout: 60000 });
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await plan(page).waitFor({ state: 'hidden' });
    await page.locator('#config pre.config').filter({ hasText: 'also.jsonl' }).waitFor();
    await page.locator('#config [data-part="last"]').getByText(/since the start: 1 applied/).waitFor();
    assert.ok(w.json('graph').nodes.some((n) => n.name === 'also'));
    const entry = w.json('audit').find((e) => e.act === 'Apply');
    assert.deepEqual([entry.who, entry.why, entry.outcome], ['operator', 'a second file', 'done']);
    await look(page);
    await plan(page).getByRole('heading', { name: 'No changes' }).waitFor();
    clean(page);

    // Somebody else is faster: the plan that was approved does not hold any more.
    await look(page, more.replace('6s', '7s'));
    await plan(page).getByRole('heading', { name: /1 change$/ }).waitFor();
    writeFileSync(join(dir, 'changed', 'other.yaml'), more.replace('6s', '8s'));
    w.cli('apply', join(dir, 'changed', 'other.yaml'));
    await apply(page, 'too late');
    await dialog(page).locator('.went .bad').getByText('does not hold any more').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#config pre.config').filter({ hasText: 'window: 8s' }).waitFor();
    await page.locator('#config [data-part="last"]').getByText(/refused/).waitFor();
    await page.context().close();
  });

  test('what is wrong with a text is said with its place; what needs a restart can not be applied', async () => {
    const page = await show();
    await look(page, '');
    await plan(page).getByText('There is no text').waitFor();
    await look(page, 'sources:\n  flights: {demo: {rate: fast}}\n');
    await plan(page).getByText(/:2:\d+: .*rate/).waitFor();
    await look(page, running + 'arena: {size: 32MiB}\n');
    await plan(page).getByText('Some of it needs a restart of the wheel').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Apply exactly this …' }).isDisabled());
    await next(page).press('End');
    await next(page).pressSequentially(' ');
    await plan(page).waitFor({ state: 'hidden' }); // another text has another plan
    await look(page, running.replace('path: ../checks', 'path: ../other'));
    await plan(page).getByText('the code of plugin checks did not come with the config').waitFor();
    const digest = w.json('plugin', 'push', version(dir, 'slower', { 'longest = 90 ': 'longest = 120' })).digest;
    await page.getByText('Code of plugins that are new').click();
    await page.locator('#config [data-part="codes"]').fill(`checks ${digest}`);
    await look(page);
    await plan(page).getByRole('row', { name: /checks/ }).waitFor();
    await accessible(page);
    await page.context().close();
  });
});

describe('events', () => {
  const rows = (page) => page.locator('#event-list [data-part="rows"] tr');

  test('they are those of the API, come live, and are filtered', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#events`);
    await rows(page).first().waitFor();
    w.cli('plugin', 'pause', 'checks', '--reason', 'look at the events');
    await rows(page).filter({ hasText: 'plugin checks paused: by tests: look at the events' }).waitFor();
    w.cli('plugin', 'resume', 'checks', '--reason', 'seen');
    await rows(page).filter({ hasText: 'plugin checks goes on' }).waitFor();
    const { events } = await call('ListEvents');
    await until('the same as the API has', async () => (await rows(page).count()) >= events.length);
    const shown = (await rows(page).locator('td:nth-child(4)').allTextContents()).reverse();
    assert.deepEqual(shown.slice(0, events.length), events.map((e) => e.text));
    assert.deepEqual(events.map((e) => Number(e.seq)), events.map((_, i) => i + 1));

    await page.locator('#event-list [data-part="level"]').selectOption('error');
    await rows(page).filter({ hasText: 'apply refused' }).first().waitFor();
    assert.equal(await rows(page).count(), events.filter((e) => e.level === 'error').length);
    await page.locator('#event-list [data-part="level"]').selectOption('');
    await page.locator('#event-list [data-part="kind"]').selectOption('resumed');
    assert.equal(await rows(page).count(), events.filter((e) => e.kind === 'resumed').length);
    await page.locator('#event-list [data-part="query"]').fill('nothing like this');
    await page.getByText('No event is like this.').waitFor();
    clean(page);
    await page.context().close();
  });

  test('those of a wheel that starts again begin anew', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#events`);
    await rows(page).filter({ hasText: 'plugin checks goes on' }).first().waitFor();
    await w.kill();
    await w.start();
    await until('the events of the new one', async () => (await rows(page).filter({ hasText: 'listening on' }).count()) === 1 && (await rows(page).filter({ hasText: 'goes on' }).count()) === 0);
    await page.context().close();
  });
});

describe('what goes wrong', () => {
  test('is said in words, which lead to more', async () => {
    version(dir, 'broken', { 'broken  = false': 'broken  = true ' });
    version(dir, 'traps', { 'broken  = false': 'broken  = true ', 'return pelton.Dead("this version is broken")': 'panic("no such airport")' });
    const more = ['broken', 'traps'].map((name) => `  ${name}: {from: [flights], wasm: {path: ../${name}}}\n`).join('');
    const bad = wheel('bad', {}, config({ source }).replace('sessions:\n', `${more}sessions:\n`));
    await bad.start();
    try {
      const page = await open(browser);
      await page.goto(bad.url);
      await page.getByRole('heading', { name: '2 boxes do not do their work.' }).waitFor();
      const said = page.locator('#problems');
      await accessible(page);
      await said.getByRole('link', { name: 'Plugin broken gives up every message' }).click();
      await until('the filter of the address', async () => (await page.locator('#dead-list [data-part="plugin"]').first().inputValue()) === 'broken');
      await page.locator('#dead-list .letter').first().getByText('this version is broken').waitFor();
      await said.getByRole('link', { name: 'Plugin traps has answered nothing yet' }).click();
      await page.getByRole('heading', { name: 'traps', exact: true }).waitFor();
      await page.locator('#plugin .log').getByText('panic: no such airport').first().waitFor();
      clean(page);
      await page.context().close();
    } finally {
      await bad.kill();
    }
  });
});

describe('how long a delivery takes', () => {
  test('the bars are the counts of the wheel, and none is missing', async () => {
    const page = await open(browser);
    await page.goto(`${w.url}/#plugins/checks`);
    await page.locator('#plugin .bars li').first().waitFor();
    await page.getByText(/^In the last \d+ s [\d,]+ deliver/).waitFor();
    await page.getByLabel('Of which deliveries').selectOption('all');
    await page.getByText(/^Since the start [\d,]+ deliver/).waitFor();
    const [took, words, bars] = await page.evaluate(() => {
      const said = document.querySelector('[data-part="took-said"]'); // at one moment
      return [said.dataset.value, said.textContent, [...document.querySelectorAll('#plugin .bars [data-part="amount"]')].map((n) => Number(n.textContent.replaceAll(',', '')))];
    });
    const counts = took.split(',').map(Number);
    const all = counts.reduce((a, b) => a + b, 0);
    assert.equal(bars.reduce((a, b) => a + b, 0), all);
    assert.equal(Number(/start ([\d,]+) /.exec(words)[1].replaceAll(',', '')), all);
    const p = w.json('stats').plugins.find((row) => row.name === 'checks');
    assert.ok(all <= p.deliveries && all > 0, `${all} of ${p.deliveries}`);
    clean(page);
    await page.context().close();
  });
});
