// The page at /graphql/ide, in a browser that reaches nothing but the wheel.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { start } from "./wheel.mjs";

const wheel = await start();
await wheel.post([{ item: "tea", n: 1 }]);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
});
after(async () => {
  await browser.close();
  await wheel.stop();
});

// open gives the page once it has read the schema, with what it asked for and complained of.
async function open(hash = "") {
  const page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
  const asked = [], wrong = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  await page.goto(`http://${wheel.http}/graphql/ide${hash}`);
  await page.locator("#page dt").first().waitFor();
  return { page, asked, wrong };
}

const answer = (page, text) => page.waitForFunction((text) => document.getElementById("answer").textContent.includes(text), text);

test("it works offline: it asks nobody but the wheel", async () => {
  const { page, asked, wrong } = await open();
  await page.getByRole("button", { name: "Run" }).click();
  await answer(page, '"name": "orders"');
  const strangers = asked.filter((url) => !url.startsWith(`http://${wheel.http}/`));
  assert.deepEqual([strangers, wrong.filter((text) => !text.includes("favicon"))], [[], []]);
});

test("Ctrl+Enter runs, a subscription streams, Stop ends it", async () => {
  const { page } = await open();
  await page.locator("#query").fill(`subscription { snapshots(name: "orders", key: "tea", after: "") { ... on Snapshot { id payload } } }`);
  await page.keyboard.press("Control+Enter");
  await answer(page, '"id": "1"');
  await wheel.post([{ item: "tea", n: 2 }]);
  await answer(page, '"id": "2"');
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("status").getByText("stopped").waitFor();
});

test("the documentation leads from type to type, and finds", async () => {
  const { page } = await open();
  await page.locator("#page").getByRole("link", { name: "Query", exact: true }).click();
  await page.locator("#page").getByRole("link", { name: "SessionConnection" }).click();
  await page.locator("#page h3").getByText("SessionConnection (object)").waitFor();
  await page.locator("#find").fill("watermark");
  await page.locator("#page").getByText("Before it everything is settled and durable.").waitFor();
});

test("each operation that the documentation writes is a valid one", async () => {
  for (const root of ["Query", "Mutation", "Subscription"]) {
    const { page } = await open(`#${root}`);
    const fields = await page.locator("#page dt > a:first-child").count();
    assert.ok(fields >= 2, `${root} has ${fields} fields`);
    for (let i = 0; i < fields; i++) {
      await page.locator("#page dt > a:first-child").nth(i).click();
      const query = await page.locator("#query").inputValue();
      const result = await wheel.ask(query.replace(/^(\w+)/, "$1 Written"), { ...JSON.parse(await page.locator("#variables").inputValue()) });
      for (const error of result.errors ?? []) assert.doesNotMatch(error.extensions?.code ?? "", /PARSE|VALIDATION/, `${query}: ${error.message}`);
    }
  }
});
