// The page of examples/tokens in a real browser: an answer that grows while the page is reloaded and the wheel is killed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { accessible, clean, launch, open } from './page.mjs';
import { dir, until } from './stage.mjs';
import { Wheel } from './wheel.mjs';

const question = Array.from({ length: 400 }, (_, i) => i).join(' ');
const whole = `You asked: ${question}`;

let browser;
let wheel;
let app; // the process
let url;

before(async () => {
  mkdirSync(join(dir, 'tokens'));
  wheel = new Wheel(join(dir, 'tokens'), 'store: {dir: .pelton}\nsessions: {answers: {writable: true}}\n');
  browser = await launch();
  await wheel.start();
  app = spawn(process.env.TOKENS, ['-listen', '127.0.0.1:0', '-wheel', wheel.url, '-pace', '15ms'], { stdio: ['ignore', 'pipe', 'ignore'] });
  url = await new Promise((resolve, reject) => {
    app.once('exit', (code) => reject(new Error(`the app ended with ${code}`)));
    createInterface({ input: app.stdout }).once('line', resolve);
  });
});

after(async () => {
  await browser?.close();
  app?.kill('SIGKILL');
  await wheel?.kill();
});

test('reloads at any moment, and a wheel that is killed, lose no token and show none twice', async () => {
  const page = await open(browser);
  await page.goto(url);
  await page.getByLabel('Your question').fill(question);
  await page.getByRole('button', { name: 'Ask' }).click();
  const shown = () => page.locator('output').textContent();
  const grow = async (from) => {
    await until('more of the answer', async () => (await shown()).length > from + 40);
    const text = await shown();
    assert.equal(text, whole.slice(0, text.length), 'what is shown is the beginning of the answer');
    return text.length;
  };
  let length = await grow(0);
  await accessible(page);
  for (let i = 0; i < 6; i++) {
    await page.reload();
    length = await grow(length);
    assert.ok(length < whole.length, 'the answer still grows: a reload shows something');
  }
  clean(page);
  await wheel.kill();
  await page.reload();
  assert.equal(await shown(), whole.slice(0, (await shown()).length)); // what was seen is there without a wheel
  await wheel.start();
  await grow(length);
  await page.reload();
  await until('the whole answer', async () => (await page.locator('output').getAttribute('aria-busy')) === 'false', 60000);
  assert.equal(await shown(), whole);
  await page.reload();
  await until('the answer that is at its end', async () => (await page.locator('output').getAttribute('aria-busy')) === 'false');
  assert.equal(await shown(), whole);
  await page.context().close();
});
