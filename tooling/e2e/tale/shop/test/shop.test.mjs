import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStack } from "./stack.mjs";

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack?.stop());

const ask = (path, init) => fetch(`${stack.url}${path}`, init);

test("keeps products and their pictures", async () => {
  const { id } = await (await ask("/products", { method: "POST", body: JSON.stringify({ name: "Blue mug" }) })).json();
  assert.equal((await ask(`/products/${id}/picture`, { method: "PUT", body: "blue" })).status, 204);
  assert.equal(await (await ask(`/products/${id}/picture`)).text(), "blue");
  assert.deepEqual(await (await ask(`/products/${id}`)).json(), { id, name: "Blue mug" });
});
