import { connect } from "node:net";
import { randomBytes } from "node:crypto";
import { ContainerPodId } from "@sbx/contracts";
import { describe, it } from "vitest";
import type { StaysWithin } from "../../src/index.ts";
import { readAll, startPod, startUpstream } from "./pod.ts";

const CHILD = ContainerPodId.parse("ctr_00000001");

describe("a connection that stays within its sandbox", () => {
  it("is joined with the port that it leads to, both ways and half open, whatever the rules say, and is not recorded", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("end", () => setTimeout(() => socket.end("late answer"), 20));
    });
    const asked: unknown[] = [];
    const within: StaysWithin = ({ pod, to, port }) => {
      asked.push([pod, to, port]);
      return () => Promise.resolve(connect({ port: upstream.port, host: "127.0.0.1", allowHalfOpen: true }));
    };
    await using pod = startPod({ rules: ["deny **"], within });
    const socket = await pod.dial({ kind: "address", address: "100.127.1.2" }, 5432, CHILD);
    socket.end("question");
    expect(await readAll(socket)).toEqual({ text: "late answer", reset: false });
    expect(upstream.received()).toBe("question");
    expect(asked).toEqual([[CHILD, { kind: "address", address: "100.127.1.2" }, 5432]]);
    await pod.idle();
    expect([pod.events, pod.faults]).toEqual([[], []]);
  });

  it("passes much without losing any", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => socket.pipe(socket));
    await using pod = startPod({ within: () => () => Promise.resolve(connect({ port: upstream.port, host: "127.0.0.1", allowHalfOpen: true })) });
    const socket = await pod.dial("db", 1, CHILD);
    const sent = randomBytes(3 << 20).toString("hex");
    socket.end(sent);
    expect((await readAll(socket)).text === sent).toBe(true);
  });

  it("is reset where nobody is and where nobody listens", async ({ expect }) => {
    for (const near of ["nobody", () => Promise.reject(new Error("refused"))] as const) {
      await using pod = startPod({ rules: ["**"], within: () => near });
      expect(await readAll(await pod.dial("db", 1, CHILD))).toEqual({ text: "", reset: true });
      expect([pod.events, pod.faults]).toEqual([[], []]);
    }
  });

  it("is reset when its pod ends", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => socket.write("on"));
    await using pod = startPod({ within: () => () => Promise.resolve(connect({ port: upstream.port, host: "127.0.0.1", allowHalfOpen: true })) });
    const socket = await pod.dial("db", 1, CHILD);
    socket.once("data", () => {
      pod.abort.abort(new Error("the pod was closed"));
    });
    expect(await readAll(socket)).toEqual({ text: "on", reset: true });
  });

  it("does not take what is one of sbx's own services for a sandbox", async ({ expect }) => {
    await using pod = startPod({ within: () => "nobody" });
    const socket = await pod.dial("policy.sbx.internal", 80);
    socket.write("GET / HTTP/1.1\r\nhost: policy.sbx.internal\r\nconnection: close\r\n\r\n");
    expect((await readAll(socket)).text).toContain("HTTP/1.1 200 OK");
  });
});
