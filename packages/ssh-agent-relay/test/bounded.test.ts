import { describe, it } from "vitest";
import type { SshGrant } from "../src/grant.ts";
import { wireString } from "../src/write-wire.ts";
import { curveKey, edwardsKey, rsaKey, type TestKey } from "./host-keys.ts";
import { PERSON_KEY, relayLab } from "./relay-lab.ts";
import { bindBody, hashedName, knownHost, loginData, SESSION, signatureData, signBody, type LoginOptions } from "./requests.ts";

const [FAILURE, SUCCESS, LIST, ANSWER, SIGN, SIGNED, EXTENSION] = [5, 6, 11, 12, 13, 14, 27];
const HOST = edwardsKey();
const OTHER = edwardsKey();
const KNOWN = knownHost("github.com,192.0.2.1", HOST) + knownHost("other.example", OTHER);
const LOGINS: SshGrant = { unrestricted: false, sign: [], authenticate: ["git@github.com"] };
const SIGNATURES: SshGrant = { unrestricted: false, sign: ["git"], authenticate: [] };

interface Attempt {
  readonly grant?: SshGrant;
  readonly knownHosts?: string;
  /** Bodies of binds before it. */
  readonly binds?: readonly Buffer[];
  readonly data: Buffer;
  readonly flags?: number;
  readonly key?: Buffer;
}

/** What a request for a signature comes to, and which requests for signatures reached the person's agent. */
async function attempt({ grant = LOGINS, knownHosts = KNOWN, binds = [bindBody(HOST)], data, ...request }: Attempt) {
  await using lab = await relayLab({ grant, knownHosts });
  const client = await lab.client();
  for (const bind of binds) await client.ask(EXTENSION, bind);
  const answer = await client.ask(SIGN, signBody(data, request));
  client.socket.destroy();
  return { answer, signed: lab.reached.filter(([type]) => type === SIGN).length, used: lab.used, refused: lab.refused };
}

const NOTHING = { answer: FAILURE, signed: 0, used: [] };

describe("signatures of named purposes", () => {
  it("are made for the purposes that are granted", async ({ expect }) => {
    for (const data of [signatureData("git"), signatureData("git", { hash: "sha256", bytes: 32 })])
      expect(await attempt({ grant: SIGNATURES, data, binds: [] })).toMatchObject({ answer: SIGNED, signed: 1, used: [{ operation: "sign", purpose: "signature for git" }], refused: [] });
  });

  it.for([
    ["another purpose", signatureData("file")],
    ["a purpose that begins like it", signatureData("git2")],
    ["a purpose in other letters", signatureData("Git")],
    ["a purpose with a zero byte", signatureData("git\0")],
    ["bytes that follow", Buffer.concat([signatureData("git"), Buffer.alloc(1)])],
    ["bytes that are missing", signatureData("git").subarray(0, -1)],
    ["something reserved", signatureData("git", { reserved: "x" })],
    ["another hash", signatureData("git", { hash: "md5", bytes: 16 })],
    ["a hash of another length", signatureData("git", { bytes: 32 })],
    ["a login", loginData()],
    ["anything", Buffer.from("anything")],
    ["nothing", Buffer.alloc(0)],
  ] as const)("are made for nothing else: %s", async ([, data], { expect }) => {
    expect(await attempt({ grant: SIGNATURES, data })).toMatchObject({ ...NOTHING, refused: [expect.any(String)] });
  });

  it("are made by RSA keys with SHA-2 alone", async ({ expect }) => {
    const key = rsaKey().blob;
    const at = async (flags: number) => (await attempt({ grant: SIGNATURES, data: signatureData("git"), key, flags, binds: [] })).signed;
    expect([await at(2), await at(4)]).toEqual([1, 1]);
    expect([await at(0), await at(1), await at(6), await at(0x80_00_00_02)]).toEqual([0, 0, 0, 0]);
    expect(await attempt({ grant: SIGNATURES, data: signatureData("git"), flags: 2, binds: [] })).toMatchObject(NOTHING);
    expect(await attempt({ grant: SIGNATURES, data: signatureData("git"), key: Buffer.from("no key"), binds: [] })).toMatchObject(NOTHING);
  });

  it("leave the list of keys whole", async ({ expect }) => {
    await using lab = await relayLab({ grant: SIGNATURES });
    expect(await (await lab.client()).ask(LIST)).toBe(ANSWER);
  });
});

describe("logins to named hosts", () => {
  it.for([
    ["as it is", {}],
    ["bound to the host", { hostKey: HOST.blob }],
  ] satisfies readonly [string, LoginOptions][])("pass: %s", async ([, login], { expect }) => {
    expect(await attempt({ data: loginData(login) })).toMatchObject({ answer: SIGNED, signed: 1, used: [{ operation: "sign", purpose: "login git@github.com" }], refused: [] });
  });

  it("pass for every user where none is named", async ({ expect }) => {
    expect(await attempt({ grant: { unrestricted: false, sign: [], authenticate: ["github.com"] }, data: loginData({ user: "ann" }) })).toMatchObject({ signed: 1 });
  });

  it.for<[string, () => TestKey]>([
    ["Ed25519", edwardsKey],
    ["RSA with SHA-256", () => rsaKey("rsa-sha2-256")],
    ["RSA with SHA-512", () => rsaKey("rsa-sha2-512", 3072)],
    ["P-256", () => curveKey("nistp256")],
    ["P-384", () => curveKey("nistp384")],
    ["P-521", () => curveKey("nistp521")],
  ])("pass where the host proves itself by %s, as often as it does, and not by a signature of something else", async ([, make], { expect }) => {
    const host = make();
    const knownHosts = knownHost("github.com", host);
    // Numbers with leading zeros come up by chance.
    for (let time = 0; time < 20; time += 1) {
      const sessionId = Buffer.alloc(32, time);
      expect(await attempt({ knownHosts, binds: [bindBody(host, { sessionId })], data: loginData({ sessionId }) })).toMatchObject({ signed: 1 });
    }
    const forged = bindBody(host, { signature: host.sign(Buffer.alloc(32, 8)) });
    expect(await attempt({ knownHosts, binds: [forged], data: loginData() })).toMatchObject(NOTHING);
  });

  it.for([
    ["another user", loginData({ user: "root" })],
    ["another session", loginData({ sessionId: Buffer.alloc(32, 8) })],
    ["another host's key", loginData({ hostKey: OTHER.blob })],
    ["another key", loginData({ key: OTHER.blob })],
    ["another algorithm", loginData({ algorithm: "rsa-sha2-512" })],
    ["another service", loginData({ service: "ssh-userauth" })],
    ["another message", loginData({ number: 51 })],
    ["a question whether the key would do", loginData({ signed: 0 })],
    ["another kind of yes", loginData({ signed: 2 })],
    ["bytes that follow", Buffer.concat([loginData(), Buffer.alloc(1)])],
    ["bytes that are missing", loginData().subarray(0, -1)],
    ["a signature", signatureData("git")],
    ["anything", Buffer.from("anything")],
  ] as const)("do not pass with %s", async ([, data], { expect }) => {
    expect(await attempt({ data })).toMatchObject({ ...NOTHING, refused: [expect.any(String)] });
  });

  const small = rsaKey("rsa-sha2-512", 1024);
  const old = rsaKey("ssh-rsa");
  it.for<[string, { readonly binds: readonly Buffer[]; readonly knownHosts?: string }]>([
    ["none", { binds: [] }],
    ["one of another host", { binds: [bindBody(OTHER)] }],
    ["one that another host signed", { binds: [bindBody(HOST, { signature: OTHER.sign(SESSION) })] }],
    ["one with no signature", { binds: [bindBody(HOST, { signature: Buffer.alloc(0) })] }],
    ["one with a signature of another algorithm", { binds: [bindBody(HOST, { signature: rsaKey().sign(SESSION) })] }],
    ["one of another session, which was heard before", { binds: [bindBody(HOST, { sessionId: Buffer.alloc(32, 1) })] }],
    ["one of another machine that asks through the sandbox", { binds: [bindBody(HOST, { forwarding: 1 })] }],
    ["one of another machine before it", { binds: [bindBody(OTHER, { sessionId: Buffer.alloc(32, 1), forwarding: 1 }), bindBody(HOST)] }],
    ["one of another host before it", { binds: [bindBody(OTHER, { sessionId: Buffer.alloc(32, 1) }), bindBody(HOST)] }],
    ["one of another host after it", { binds: [bindBody(HOST), bindBody(OTHER, { sessionId: Buffer.alloc(32, 1) })] }],
    ["another kind of forwarding", { binds: [bindBody(HOST, { forwarding: 2 })] }],
    ["a small RSA key", { binds: [bindBody(small)], knownHosts: knownHost("github.com", small) }],
    ["RSA with SHA-1", { binds: [bindBody(old)], knownHosts: knownHost("github.com", old) }],
  ])("do not pass with a bind of this kind: %s", async ([, made], { expect }) => {
    expect(await attempt({ ...made, data: loginData() })).toMatchObject(NOTHING);
  });

  it("do not pass for an id of a session that is none, though the host signed it", async ({ expect }) => {
    for (const sessionId of [Buffer.alloc(0), Buffer.alloc(65)]) expect(await attempt({ binds: [bindBody(HOST, { sessionId })], data: loginData({ sessionId }) })).toMatchObject(NOTHING);
  });

  it("tell the person's agent nothing of another machine", async ({ expect }) => {
    await using lab = await relayLab({ grant: LOGINS, knownHosts: KNOWN });
    const client = await lab.client();
    expect([await client.ask(EXTENSION, bindBody(HOST, { forwarding: 1 })), await client.ask(EXTENSION, bindBody(HOST, { forwarding: 1 }))]).toEqual([FAILURE, FAILURE]);
    expect(lab.reached).toEqual([]);
  });

  it("pass where the same bind comes twice", async ({ expect }) => {
    expect(await attempt({ binds: [bindBody(HOST), bindBody(HOST)], data: loginData() })).toMatchObject({ signed: 1 });
  });

  it("do not pass by a bind of another connection", async ({ expect }) => {
    await using lab = await relayLab({ grant: LOGINS, knownHosts: KNOWN });
    const [one, other] = [await lab.client(), await lab.client()];
    expect(await one.ask(EXTENSION, bindBody(HOST))).toBe(SUCCESS);
    expect(await other.ask(SIGN, signBody(loginData()))).toBe(FAILURE);
    expect(await one.ask(SIGN, signBody(loginData()))).toBe(SIGNED);
    expect(lab.reached.map(([type]) => type)).toEqual([EXTENSION, SIGN]);
  });
});

describe("a file of known hosts", () => {
  const lines = (text: string) => attempt({ knownHosts: text, data: loginData() });

  it.for<[string, string]>([
    ["in a list, in other letters", knownHost("a.example,GitHub.com", HOST)],
    ["hashed", knownHost(hashedName("github.com"), HOST)],
    ["among others, with blank lines and comments", `# github.com\n\n${knownHost("github.com", OTHER)}\t${knownHost("github.com", HOST)}`],
    ["with lines as Windows ends them", knownHost("github.com", HOST).replace("\n", "\r\n")],
  ])("names a host %s", async ([, text], { expect }) => {
    expect(await lines(text)).toMatchObject({ signed: 1 });
  });

  it.for<[string, string]>([
    ["nothing", ""],
    ["another key", knownHost("github.com", OTHER)],
    ["another host", knownHost("gitlab.com", HOST)],
    ["another host, hashed", knownHost(hashedName("gitlab.com"), HOST)],
    ["another port", knownHost("[github.com]:2222", HOST)],
    ["another port, hashed", knownHost(hashedName("[github.com]:2222"), HOST)],
    ["a pattern", knownHost("*.com", HOST)],
    ["an exception", knownHost("github.com,!github.com", HOST)],
    ["a comment", `#${knownHost("github.com", HOST)}`],
    ["an authority", knownHost("github.com", HOST, "@cert-authority")],
    ["a mark that is not known", knownHost("github.com", HOST, "@trusted")],
    ["a key that is revoked", knownHost("github.com", HOST) + knownHost("*", HOST, "@revoked")],
    ["a hash of nothing", knownHost("|1||", HOST)],
    ["half a line", "github.com ssh-ed25519"],
  ])("names no host by %s", async ([, text], { expect }) => {
    expect(await lines(text)).toMatchObject(NOTHING);
  });
});

describe("a relay without bounds", () => {
  it("tells what it signs as far as that says so itself", async ({ expect }) => {
    const purposeOf = async (data: Buffer) => (await attempt({ grant: { unrestricted: true }, binds: [], data })).used[0]?.purpose;
    expect([await purposeOf(signatureData("file")), await purposeOf(loginData({ user: "root" })), await purposeOf(Buffer.from("x"))]).toEqual(["signature for file", "login root", "something else"]);
  });

  it("passes what was proved, forwarded too, and nothing that was not", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    const [hop, end] = [bindBody(OTHER, { sessionId: Buffer.alloc(32, 1), forwarding: 1 }), bindBody(HOST)];
    expect(await client.ask(EXTENSION, bindBody(HOST, { signature: OTHER.sign(SESSION) }))).toBe(FAILURE);
    expect([await client.ask(EXTENSION, hop), await client.ask(EXTENSION, end)]).toEqual([SUCCESS, SUCCESS]);
    for (let time = 0; time < 2; time += 1) expect(await client.ask(EXTENSION, bindBody(OTHER, { sessionId: Buffer.alloc(32, 2) }))).toBe(FAILURE);
    expect(lab.reached.map((message) => message.subarray(1))).toEqual([hop, end]);
  });

  it("passes so many binds and no more", async ({ expect }) => {
    await using lab = await relayLab();
    const client = await lab.client();
    for (let hop = 0; hop < 20; hop += 1) await client.ask(EXTENSION, bindBody(OTHER, { sessionId: Buffer.alloc(32, hop), forwarding: 1 }));
    expect(lab.reached).toHaveLength(16);
  });

  it("counts a bind that was proved also where the person's agent knows no binds", async ({ expect }) => {
    await using lab = await relayLab({
      grant: LOGINS,
      knownHosts: KNOWN,
      answers: ([type]) => (type === EXTENSION ? Buffer.from([0, 0, 0, 1, FAILURE]) : Buffer.concat([Buffer.from([0, 0, 0, 6, SIGNED]), wireString("s")])),
    });
    const client = await lab.client();
    expect(await client.ask(EXTENSION, bindBody(HOST))).toBe(FAILURE);
    expect(await client.ask(SIGN, signBody(loginData(), { key: PERSON_KEY }))).toBe(SIGNED);
  });
});
