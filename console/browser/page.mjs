// A browser, and what every test asks of a page.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const binary = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(binary)) throw new Error(`there is no browser at ${binary}: apt-get install chromium, or name one by CHROMIUM`);

export const launch = () => chromium.launch({ executablePath: binary, args: ['--no-sandbox'] });

/** A page that remembers what went wrong in it: scripts, the policy, and requests that fail. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, deviceScaleFactor: 1, locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  const wrong = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && wrong.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => wrong.push(`script: ${e.stack}`));
  return Object.assign(page, { wrong });
}

/** Nothing went wrong in the page so far. */
export function clean(page) {
  assert.deepEqual(page.wrong, []);
}

/** The rules of axe, all of them, in the state in which the page is. */
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  assert.ok(passes.length > 10, 'axe looked at the page');
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).slice(0, 3).join(' | ')}`), []);
}

/** What can be operated, is visible and enabled can be reached by Tab alone, in one round. Arrow keys go through long lists. */
export async function keyboard(page) {
  const selector = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary, [tabindex="0"]'.replaceAll(',', ':not([tabindex="-1"]),');
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
    globalThis.reached = new Set();
    document.addEventListener('focusin', (e) => globalThis.reached.add(e.target));
  });
  const many = await page.locator(selector).count();
  for (let i = 0; i < many + 5; i++) await page.keyboard.press('Tab');
  const missed = await page.evaluate((what) => [...document.querySelectorAll(what)].filter((e) => e.checkVisibility({ visibilityProperty: true }) && !globalThis.reached.has(e)).map((e) => e.outerHTML.slice(0, 160)), selector);
  assert.deepEqual(missed, []);
}

/** Takes a picture into SHOTS, if that is set: of what is seen, of the whole page, or of a part of it. */
export async function picture(page, name, fullPage = false) {
  const dir = process.env.SHOTS;
  if (!dir) return;
  mkdirSync(dir, { recursive: true });
  await page.evaluate(placed);
  if (fullPage) await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' })); // the header is at its top
  await page.screenshot({ path: join(dir, `${name}.png`), ...(fullPage ? { fullPage } : {}) });
}

/** In a picture the wheel lies where a user's would, and not in a directory of the tests. */
function placed() {
  const better = (text) => text.replace(/[^\s"']*\/pelton-console-\w+\/live/g, '/srv/flights');
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) if (better(texts.currentNode.data) !== texts.currentNode.data) texts.currentNode.data = better(texts.currentNode.data);
  for (const area of document.querySelectorAll('textarea')) area.value = better(area.value);
}
