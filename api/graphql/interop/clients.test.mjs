// graphql-ws and graphql-sse, as they come from npm, and the programs of docs/graphql.md that follow by them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";
import WebSocket from "ws";
import { program } from "./docs.mjs";
import { start } from "./wheel.mjs";

const wheel = await start();
after(() => wheel.kill());
await wheel.post([{ item: "tea", n: 1 }]);

const kinds = {
  "graphql-ws": {
    client: (more) => ws.createClient({ url: `ws://${wheel.http}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0, ...more }),
    follow: async (key, options) => (await program("ws.mjs")).follow(`ws://${wheel.http}/graphql`, "orders", key, { webSocketImpl: WebSocket, ...options }),
  },
  "graphql-sse": {
    client: () => sse.createClient({ url: `http://${wheel.http}/graphql`, retryAttempts: 0 }),
    follow: async (key, options) => (await program("sse.mjs")).follow(`http://${wheel.http}/graphql`, "orders", key, options),
  },
};

// all gives the results of an operation to its end.
async function all(client, operation) {
  const results = [];
  for await (const result of client.iterate(operation)) results.push(result);
  return results;
}

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name}: a query`, async () => {
    const client = kind.client();
    const [result, ...more] = await all(client, { query: `{ session(name: "orders", key: "tea") { id payload } }` });
    assert.deepEqual(result, { data: { session: { id: "1", payload: { item: "tea", n: 1 } } } });
    assert.equal(more.length, 0);
    client.dispose();
  });

  test(`${name}: a mutation, with variables`, async () => {
    const client = kind.client();
    const query = `mutation ($dry: Boolean) { drop(dryRun: $dry) }`;
    assert.deepEqual(await all(client, { query, variables: { dry: true } }), [{ data: { drop: 0 } }]);
    client.dispose();
  });

  test(`${name}: an error of the API`, async () => {
    const client = kind.client();
    const [result] = await all(client, { query: `{ session(name: "ordres", key: "tea") { id } }` });
    assert.equal(result.errors[0].extensions.code, "NOT_FOUND");
    assert.equal(result.errors[0].extensions.detail.nearest, "orders");
    client.dispose();
  });

  test(`${name}: a query that is none`, async () => {
    const client = kind.client();
    const seen = await all(client, { query: `{ nothing }` }).then(
      (results) => results[0].errors,
      (errors) => errors,
    );
    assert.match(seen[0].message, /nothing/);
    client.dispose();
  });

  test(`${name}: a subscription, ended by the client`, async () => {
    const client = kind.client();
    const events = [];
    for await (const { data } of client.iterate({ query: `subscription { stats(interval: 100) { version time } }` })) {
      events.push(data.stats.time);
      if (events.length === 3) break;
    }
    assert.equal(new Set(events).size, 3);
    client.dispose();
    for (let left = 1; left > 0; ) left = (await wheel.ask(`{ stats { graphql { subscriptions } } }`)).data.stats.graphql.subscriptions;
  });

  test(`${name}: two subscriptions side by side`, async () => {
    const client = kind.client();
    const first = async () => {
      for await (const { data } of client.iterate({ query: `subscription { snapshots(name: "orders", key: "tea", after: "") { ... on Snapshot { id } } }` }))
        if (data.snapshots.id) return data.snapshots.id;
    };
    assert.deepEqual(await Promise.all([first(), first()]), ["1", "1"]);
    client.dispose();
  });

  test(`${name}: a follow over kill -9 has each snapshot once`, async () => {
    const key = `key of ${name}`;
    const send = (from, to) => wheel.post(Array.from({ length: to - from + 1 }, (_, i) => ({ item: key, n: from + i })));
    await send(1, 20);
    const got = [];
    const events = await kind.follow(key, { after: "" });
    for await (const snapshot of events) {
      got.push(snapshot.payload.n);
      if (got.length === 10 || got.length === 25) {
        await wheel.kill();
        await wheel.restart();
        if (got.length === 10) await send(21, 40);
      }
      if (got.length === 30) {
        assert.equal(await wheel.stop(), 0); // it says so to its followers, and they come again
        await wheel.restart();
        await send(41, 50);
      }
      if (got.length === 50) break;
    }
    assert.deepEqual(got, Array.from({ length: 50 }, (_, i) => i + 1));
  });
}

test("a follow tells what cannot be retried", async () => {
  for (const kind of Object.values(kinds)) {
    const events = await kind.follow("tea", { after: "no cursor" });
    await assert.rejects(events.next(), /cursor/);
  }
});
