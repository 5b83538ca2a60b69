import { describe, it } from "vitest";
import { chooseTools } from "../../../src/mcp/servers/choose-tools.ts";
import { aPersonGateway } from "../support/person-gateway.ts";

const signal = new AbortController().signal;
const all = { profile: "default" };

describe("the tools of a person's servers", () => {
  it("are listed and called as an agent would, without the tools that manage servers, and nothing runs on", async ({ expect }) => {
    const { store, tools, runner } = aPersonGateway();
    store.enabled.enable(["one", "two"]);
    expect((await tools.list(all, signal)).tools.map(({ name }) => name).toSorted()).toEqual(["echo", "fail", "second__echo", "second__fail"]);
    expect(await tools.call(all, { tool: "second__echo", args: { message: "hi" } }, signal)).toMatchObject({ content: [{ type: "text", text: "Echo: hi" }] });
    expect(await tools.call(all, { tool: "fail", args: { message: "x" } }, signal)).toMatchObject({ isError: true });
    expect(runner.running()).toBe(0);
  });

  it("are those of some servers when these are named", async ({ expect }) => {
    const { store, tools } = aPersonGateway();
    store.enabled.enable(["one", "two"]);
    expect((await tools.list({ ...all, servers: ["two"] }, signal)).tools.map(({ name }) => name).toSorted()).toEqual(["second__echo", "second__fail"]);
  });

  it("are those of the servers that start, and of the others it is said why there are none", async ({ expect }) => {
    const { store, tools } = aPersonGateway();
    store.enabled.enable(["never", "one"]);
    const { tools: listed, failed } = await tools.list(all, signal);
    expect(listed.map(({ name }) => name).toSorted()).toEqual(["echo", "fail"]);
    expect(failed).toEqual([{ server: "never", reason: expect.stringContaining("it never starts") as unknown }]);
    await expect(tools.call(all, { tool: "other", args: {} }, signal)).rejects.toThrow("tool other not found; never did not start: it never starts");
  });

  it("are refused by name when there is none, and nothing is called", async ({ expect }) => {
    const { store, tools } = aPersonGateway();
    store.enabled.enable(["one"]);
    await expect(tools.call(all, { tool: "nothing", args: {} }, signal)).rejects.toMatchObject({ code: "TOOL_UNKNOWN", message: "tool nothing not found" });
    await expect(tools.call(all, { tool: "mcp-add", args: { name: "two" } }, signal)).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  });

  it("are kept back and offered again by the server's own names, all or none of a call's changes", async ({ expect }) => {
    const { store, tools } = aPersonGateway();
    store.enabled.enable(["one", "two"]);
    const change = async (...changes: Parameters<typeof chooseTools>[1]) => await chooseTools(store.sets.get("default"), changes, async (server) => await tools.toolsOf(server, signal));
    expect(await change({ server: "two", tool: "fail", offer: false })).toEqual({ enabled: 0, disabled: 1 });
    expect((await tools.list(all, signal)).tools.map(({ name }) => name).toSorted()).toEqual(["echo", "fail", "second__echo"]);
    await expect(change({ server: "one", offer: false }, { server: "two", tool: "none", offer: true })).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    await expect(change({ tool: "echo", offer: false })).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("one, two") as unknown });
    expect((await tools.list(all, signal)).tools.length).toBe(3);
    expect(await change({ server: "two", tool: "fail", offer: true })).toEqual({ enabled: 1, disabled: 0 });
    // All of them is no choice: what a later version brings is offered then.
    expect(store.enabled.servers()[1]?.tools).toBeUndefined();
  });

  it("end with the caller that went away", async ({ expect }) => {
    const { store, tools, runner } = aPersonGateway();
    store.enabled.enable(["one"]);
    const gone = new AbortController();
    gone.abort(new Error("gone"));
    await expect(tools.list(all, gone.signal)).rejects.toThrow();
    expect(runner.running()).toBe(0);
  });
});
