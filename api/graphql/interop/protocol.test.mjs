// What breaks graphql-transport-ws is closed with the code of the protocol; the limits hold on the real wheel.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { start } from "./wheel.mjs";

const wheel = await start();
after(() => wheel.stop());

async function open() {
  const socket = new WebSocket(`ws://${wheel.http}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  return socket;
}

async function refused(limit) {
  const answer = await fetch(`http://${wheel.http}/metrics`);
  const line = (await answer.text()).match(new RegExp(`^pelton_graphql_refused_total\\{limit="${limit}"\\} (\\d+)$`, "m"));
  return line ? Number(line[1]) : 0;
}

const init = { type: "connection_init" };
const watch = { id: "1", type: "subscribe", payload: { query: `subscription { stats { version } }` } };

for (const [name, code, messages] of [
  ["bad JSON", 4400, ["{"]],
  ["an unknown type", 4400, [{ type: "hello" }]],
  ["subscribe before connection_init", 4401, [watch]],
  ["the same id twice", 4409, [init, watch, watch]],
  ["two connection_init", 4429, [init, init]],
  ["a message over the limit", 1009, [init, { type: "ping", payload: "x".repeat(2 << 20) }]],
]) {
  test(`${name} closes with ${code}`, async () => {
    const socket = await open();
    for (const message of messages) socket.send(typeof message === "string" ? message : JSON.stringify(message));
    const [got] = await once(socket, "close");
    assert.equal(got, code);
  });
}

test("no connection_init closes with 4408 in time", async () => {
  const socket = await open();
  const [code] = await once(socket, "close");
  assert.equal(code, 4408);
  assert.equal(await refused("init"), 1);
});

test("ping is answered, with its payload", async () => {
  const socket = await open();
  socket.send(JSON.stringify({ type: "ping", payload: { a: 1 } }));
  const [data] = await once(socket, "message");
  assert.deepEqual(JSON.parse(data), { type: "pong", payload: { a: 1 } });
  socket.close();
});

test("graphql-ws's own pings keep a connection", async () => {
  let pongs = 0;
  const enough = Promise.withResolvers?.() ?? (() => { const p = {}; p.promise = new Promise((resolve) => (p.resolve = resolve)); return p; })();
  const client = createClient({
    url: `ws://${wheel.http}/graphql`, webSocketImpl: WebSocket, lazy: false, keepAlive: 50, retryAttempts: 0,
    on: { pong: (received) => { if (received && ++pongs === 3) enough.resolve(); } },
  });
  await enough.promise;
  client.dispose();
});

test("an offer of another protocol is refused before the upgrade", async () => {
  const socket = new WebSocket(`ws://${wheel.http}/graphql`, "graphql-ws");
  const [error] = await once(socket, "error");
  assert.match(error.message, /400/);
});

test("a flood of subscriptions ends at api.graphql.operations", async () => {
  const socket = await open();
  socket.send(JSON.stringify(init));
  const seen = { next: new Set(), error: new Set() };
  const flood = 200;
  for (let i = 0; i < flood; i++) socket.send(JSON.stringify({ ...watch, id: String(i) }));
  await new Promise((resolve) => socket.on("message", (data) => {
    const message = JSON.parse(data);
    seen[message.type]?.add(message.id);
    if (seen.next.size + seen.error.size === flood) resolve();
  }));
  assert.equal(seen.next.size, 20);
  assert.equal(await refused("operations"), flood - 20);
  socket.close();
});

test("deep, wide and many-named operations are refused, and counted", async () => {
  for (const [limit, query] of [
    ["depth", "{__type(name:\"Query\"){".concat("ofType{".repeat(20), "name", "}".repeat(22))],
    ["aliases", `{${Array.from({ length: 60 }, (_, i) => `a${i}:stats{version}`).join(" ")}}`],
    ["tokens", `{stats{${"version ".repeat(5000)}}}`],
    ["complexity", `{sessions(name:"orders",first:1000){edges{node{name key id epoch time snapshot{session key epoch id cursor time contentType effectId payload payloadBase64}}}}}`.replace("time contentType", "time contentType ".concat("id ".repeat(20)))],
    ["items", `{sessions(name:"orders",first:1001){pageInfo{hasNextPage}}}`],
  ]) {
    const before = await refused(limit);
    const answer = await wheel.ask(query);
    assert.match(answer.errors[0].message, new RegExp(`api\\.graphql\\.${limit}`));
    assert.equal(answer.errors[0].extensions.code, "BAD_USER_INPUT");
    assert.equal(await refused(limit), before + 1, limit);
  }
});
