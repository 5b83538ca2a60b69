import { connect } from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { describe, it } from "vitest";
import { wireMessage, wireString, wireUint32 } from "../src/write-wire.ts";
import { edwardsKey } from "./host-keys.ts";
import { PERSON_KEY, relayLab } from "./relay-lab.ts";
import { bindBody, signBody } from "./requests.ts";

const [FAILURE, LIST, ANSWER, SIGN, SIGNED, EXTENSION] = [5, 11, 12, 13, 14, 27];

describe("a relay before a person's agent", () => {
  it("lists keys and signs, and tells what it did", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    client.write(wireMessage(LIST));
    expect(await client.next()).toEqual({ type: ANSWER, body: Buffer.concat([wireUint32(1), wireString(PERSON_KEY), wireString("ann@laptop")]) });
    client.write(wireMessage(SIGN, signBody(Buffer.from("anything"), { flags: 4 })));
    expect(await client.next()).toEqual({ type: SIGNED, body: wireString("signature") });
    expect(lab.reached).toEqual([Buffer.from([LIST]), Buffer.concat([Buffer.from([SIGN]), signBody(Buffer.from("anything"), { flags: 4 })])]);
    expect(lab.used).toEqual([{ operation: "list" }, { operation: "sign", purpose: "something else", key: expect.stringMatching(/^SHA256:[\w+/]{43}$/) }]);
    expect(lab.refused).toEqual([]);
  });

  it("passes no other message, whatever its number and body", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    for (let type = 0; type < 256; type += 1) {
      if (type === LIST || type === SIGN) continue;
      expect([type, await client.ask(type)]).toEqual([type, FAILURE]);
      expect([type, await client.ask(type, wireString("password"))]).toEqual([type, FAILURE]);
    }
    expect(lab.reached).toEqual([]);
  });

  it("passes no extension but one", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    const bind = bindBody(edwardsKey());
    const payload = bind.subarray(4 + "session-bind@openssh.com".length);
    for (const name of ["query", "session-bind@openssh.com ", "Session-bind@openssh.com", "session-bind@openssh.com\0", "restrict-destination-v00@openssh.com", ""])
      expect([name, await client.ask(EXTENSION, wireString(name), payload)]).toEqual([name, FAILURE]);
    expect(lab.reached).toEqual([]);
  });

  it("passes nothing that has bytes before, after or too few", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    const [sign, bind] = [signBody(Buffer.from("data")), bindBody(edwardsKey())];
    const cut = (body: Buffer): readonly Buffer[] => Array.from({ length: body.length }, (_unused, length) => body.subarray(0, length));
    for (const body of [Buffer.concat([sign, Buffer.alloc(1)]), ...cut(sign)]) expect(await client.ask(SIGN, body)).toBe(FAILURE);
    for (const body of [Buffer.concat([bind, Buffer.alloc(1)]), ...cut(bind)]) expect(await client.ask(EXTENSION, body)).toBe(FAILURE);
    expect(await client.ask(LIST, Buffer.alloc(1))).toBe(FAILURE);
    expect(lab.reached).toEqual([]);
    expect(await client.ask(SIGN, sign)).toBe(SIGNED);
  });

  it.for([0, 256 * 1024 + 1, 0x7f_ff_ff_ff, 0xff_ff_ff_ff])("ends a connection that announces a message of %i bytes, before these come", async (length, { expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    client.write(wireUint32(length));
    expect(await client.next()).toEqual({ type: FAILURE, body: Buffer.alloc(0) });
    expect(await client.next()).toBeUndefined();
    expect(lab.reached).toEqual([]);
    expect(lab.refused).toEqual([`a message of ${length} bytes`]);
  });

  it("answers messages however they are cut into pieces, each once and in order", async ({ expect }) => {
    await using lab = await relayLab();
    const bytes = Buffer.concat([wireMessage(LIST), wireMessage(17, wireString("a key")), wireMessage(SIGN, signBody(Buffer.from("data"))), wireMessage(LIST)]);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length - 1), { maxLength: 6 }), async (cuts) => {
        lab.reached.length = 0;
        const client = await lab.client();
        client.socket.setNoDelay();
        let from = 0;
        for (const cut of [...cuts.toSorted((one, other) => one - other), bytes.length]) {
          client.write(bytes.subarray(from, cut));
          from = cut;
          await new Promise(setImmediate);
        }
        const types = [await client.next(), await client.next(), await client.next(), await client.next()].map((answer) => answer?.type);
        client.socket.destroy();
        expect(types).toEqual([ANSWER, FAILURE, SIGNED, ANSWER]);
        expect(lab.reached.map(([type]) => type)).toEqual([LIST, SIGN, LIST]);
      }),
      { numRuns: 30 },
    );
  });

  it("lets nothing of arbitrary bytes reach the agent but the two requests, whole", async ({ expect }) => {
    await using lab = await relayLab();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }), async (messages) => {
        lab.reached.length = 0;
        const client = await lab.client();
        for (const message of messages) await client.ask(message[0] ?? 0, Buffer.from(message.subarray(1)));
        client.socket.destroy();
        for (const message of lab.reached) {
          expect(message[0] === LIST ? message.length : message[0]).toBe(message[0] === LIST ? 1 : SIGN);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("gives an answer that is none to the request as a failure, and asks that connection for nothing more", async ({ expect }) => {
    for (const answer of [
      wireMessage(14, wireString("signature")),
      wireMessage(12, wireUint32(9)),
      wireMessage(12, wireUint32(0), Buffer.alloc(1)),
      wireMessage(30),
      wireUint32(0),
      wireUint32(0xff_ff_ff_ff),
    ]) {
      await using lab = await relayLab({ answers: () => answer });
      const client = await lab.client();
      expect(await client.ask(LIST)).toBe(FAILURE);
      expect(await client.ask(LIST)).toBe(FAILURE);
      expect(lab.reached).toEqual([Buffer.from([LIST])]);
      expect(lab.used).toEqual([]);
    }
  });

  it("answers with failures where the person has no agent", async ({ expect }) => {
    await using lab = await relayLab({ gone: true });
    const client = await lab.client();
    expect([await client.ask(LIST), await client.ask(SIGN, signBody(Buffer.from("data")))]).toEqual([FAILURE, FAILURE]);
    expect(lab.used).toEqual([]);
    expect(lab.refused).toEqual(["the person's SSH agent is not there", "the person's SSH agent is not there"]);
  });

  it("serves so many connections at once and no more", async ({ expect }) => {
    await using lab = await relayLab();
    const clients = await Promise.all(Array.from({ length: 32 }, () => lab.client()));
    expect(new Set(await Promise.all(clients.map((client) => client.ask(LIST))))).toEqual(new Set([ANSWER]));
    const more = connect(lab.socket);
    more.on("error", () => undefined);
    await once(more, "close");
    expect(lab.reached).toHaveLength(32);
    const [first] = clients;
    first?.socket.end();
    await once(first?.socket ?? more, "close");
    expect(await (await lab.client()).ask(LIST)).toBe(ANSWER);
  });

  it("ends a connection that asks for nothing for long", async ({ expect }) => {
    await using lab = await relayLab({ idleMs: 20 });
    const client = await lab.client();
    expect(await client.next().catch(() => undefined)).toBeUndefined();
  });

  it("ends every connection when it ends, also while the person's agent is asked", async ({ expect }) => {
    const lab = await relayLab({ answers: () => Buffer.alloc(0) });
    const client = await lab.client();
    client.write(wireMessage(LIST));
    await expect.poll(() => lab.reached.length).toBe(1);
    await lab[Symbol.asyncDispose]();
    expect(await client.next().catch(() => undefined)).toBeUndefined();
  });
});
