import { describe, it } from "vitest";
import { api, AppError, createClient, createDispatcher, PROBLEMS, type Handlers } from "../src/index.ts";

const unused = (): never => {
  throw new Error("this handler is not part of the test");
};

function setup(overrides: Partial<Handlers>): { client: ReturnType<typeof createClient>; bugs: unknown[]; send: ReturnType<typeof createDispatcher> } {
  const bugs: unknown[] = [];
  // Every other route answers with a bug, so that a call that reaches the wrong one is seen.
  const others = Object.fromEntries(Object.keys(api).map((name) => [name, unused])) as unknown as Handlers;
  const send = createDispatcher({ ...others, ...overrides }, (error) => bugs.push(error));
  return { client: createClient(send), bugs, send };
}

describe("the API", () => {
  it("carries path parameters, query and body to the handler", async ({ expect }) => {
    const seen: unknown[] = [];
    const { client } = setup({
      removeSandbox: (input) => {
        seen.push(input);
        return Promise.resolve({ done: true });
      },
      setSecret: (input) => {
        seen.push(input);
        return Promise.resolve({ done: true });
      },
    });
    await client.removeSandbox({ sandbox: "a b/../c?x", force: "true" });
    await client.setSecret({ name: "anthropic", value: "v" });
    expect(seen).toEqual([
      { sandbox: "a b/../c?x", force: true },
      { name: "anthropic", value: "v" },
    ]);
  });

  it("brings a problem back as the error it was", async ({ expect }) => {
    const { client } = setup({ inspectSandbox: () => Promise.reject(new AppError("SANDBOX_NOT_FOUND", { message: "none", fix: "sbx ls", details: { ref: "x" } })) });
    const error = await client.inspectSandbox({ sandbox: "x" }).catch((reason: unknown) => reason);
    expect(AppError.is(error)).toBe(true);
    expect(error).toMatchObject({ code: "SANDBOX_NOT_FOUND", message: "none", fix: "sbx ls", details: { ref: "x" } });
  });

  it("refuses unknown fields, and the handler is not called", async ({ expect }) => {
    let called = false;
    const { send } = setup({
      addRule: () => {
        called = true;
        return unused();
      },
    });
    const reply = await send({ method: "POST", target: "/v1/policy/rules", body: { effect: "allow", to: "a.test", everything: true } }, AbortSignal.timeout(1000));
    expect(reply.status).toBe(PROBLEMS.CONFIG_INVALID.status);
    expect(called).toBe(false);
  });

  it("answers an unknown route and a handler's bug as problems, and tells of the bug", async ({ expect }) => {
    const { send, bugs } = setup({ status: () => Promise.reject(new Error("broken")) });
    const signal = AbortSignal.timeout(1000);
    expect(await send({ method: "GET", target: "/v1/nowhere", body: undefined }, signal)).toMatchObject({ status: 404, body: { code: "ROUTE_UNKNOWN" } });
    expect(await send({ method: "GET", target: "/v1/sandboxes/%ff", body: undefined }, signal)).toMatchObject({ status: 404 });
    expect(await send({ method: "GET", target: "/v1/status", body: undefined }, signal)).toMatchObject({ status: 500, body: { code: "INTERNAL", message: "broken" } });
    expect(bugs).toHaveLength(1);
  });
});
