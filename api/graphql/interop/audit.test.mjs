// The audit of GraphQL over HTTP by graphql-http, all of it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { serverAudits } from "graphql-http";
import { start } from "./wheel.mjs";

const wheel = await start();
after(() => wheel.stop());
const audits = serverAudits({ url: () => `http://${wheel.http}/graphql`, fetchFn: fetch });

test("there are 61 audits", () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", result.reason);
  });
}
