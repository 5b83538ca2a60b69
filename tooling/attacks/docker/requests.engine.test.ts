import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");
const GOOD = JSON.stringify({ Image: IMAGE, Cmd: ["true"] });
const CREATE = "POST /v1.41/containers/create?name=smuggled HTTP/1.1";
const JSON_TYPE = "Host: d\r\nContent-Type: application/json\r\n";

const post = (body: string | Buffer, line = CREATE, headers = "") =>
  Buffer.concat([Buffer.from(`${line}\r\n${JSON_TYPE}${headers}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`), Buffer.from(body)]);
const get = (target: string, headers = "") => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: d\r\n${headers}Connection: close\r\n\r\n`);
const chunked = (body: string) => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const nested = (depth: number) => `{"Image":"${IMAGE}","HostConfig":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;

/** Bytes, each of which another reader could understand differently, or which ask for what is not offered. */
const REQUESTS: readonly (readonly [string, Buffer])[] = [
  ["a name twice", post(`{"Image":"${IMAGE}","HostConfig":{"Privileged":false,"Privileged":true}}`)],
  ["a name twice with an escape", post(`{"Image":"${IMAGE}","HostConfig":{"Privileged":false,"Privil\\u0065ged":true}}`)],
  ["two objects that merge", post(`{"Image":"${IMAGE}","HostConfig":{},"HostConfig":{"Binds":["/:/x"]}}`)],
  ["a second document", post(`${GOOD}{"HostConfig":{"Privileged":true}}`)],
  ["a byte order mark", post(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(GOOD)]))],
  ["bytes that are no UTF-8", post(Buffer.concat([Buffer.from('{"Image":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]))],
  ["a document that is too deep", post(nested(5000))],
  ["a document that is too large", post(JSON.stringify({ Image: IMAGE, Env: ["A=".padEnd(600_000, "x")] }))],
  ["a list in place of an object", post("[]")],
  ["null", post("null")],
  ["a comment", post(`/* x */${GOOD}`)],
  ["a number beyond bounds", post(`{"Image":"${IMAGE}","HostConfig":{"Memory":1e400}}`)],
  ["a prototype", post(`{"Image":"${IMAGE}","__proto__":{"HostConfig":{"Privileged":true}}}`)],
  ["no content type", Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Length: ${GOOD.length}\r\nConnection: close\r\n\r\n${GOOD}`)],
  ["another content type", Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Type: text/plain\r\nContent-Length: ${GOOD.length}\r\nConnection: close\r\n\r\n${GOOD}`)],
  ["another charset", Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Type: application/json; charset=utf-16\r\nContent-Length: ${GOOD.length}\r\nConnection: close\r\n\r\n${GOOD}`)],
  ["a compressed body", post(GOOD, CREATE, "Content-Encoding: gzip\r\n")],
  ["files in another coding than that of a build", post(GOOD, "POST /v1.41/build HTTP/1.1", "Content-Encoding: br\r\n")],
  ["files said to be packed for what is no build", post(GOOD, "POST /v1.41/buildx HTTP/1.1", "Content-Encoding: gzip\r\n")],
  ["files said to be packed that are no files", post(GOOD, "POST /v1.41/build HTTP/1.1", "Content-Encoding: gzip\r\n")],
  ["a build with three Dockerfiles", post(GOOD, "POST /v1.41/build?dockerfile=a&dockerfile=b&dockerfile=c HTTP/1.1")],
  ["leaving a swarm for a service", post("{}", "POST /v1.41/services/create HTTP/1.1")],
  ["a length and chunks", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(GOOD)}`)],
  ["two lengths", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Content-Length: ${GOOD.length}\r\nContent-Length: 0\r\n\r\n${GOOD}`)],
  ["two content types", post(GOOD, CREATE, "Content-Type: application/json\r\n")],
  ["two hosts", post(GOOD, CREATE, "Host: e\r\n")],
  ["a signed length", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Content-Length: +${GOOD.length}\r\n\r\n${GOOD}`)],
  ["another coding", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Transfer-Encoding: gzip, chunked\r\n\r\n${chunked(GOOD)}`)],
  ["a coding that is hardly misspelt", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Transfer-Encoding: chunkqd\r\n\r\n${chunked(GOOD)}`)],
  ["chunks of a wrong size", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n-1\r\n${GOOD}\r\n0\r\n\r\n`)],
  ["a folded header", Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Type: application/json\r\n x\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`)],
  ["bare line feeds", Buffer.from(`${CREATE}\nHost: d\nContent-Type: application/json\nContent-Length: ${GOOD.length}\n\n${GOOD}`)],
  ["a blank before a colon", Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Type : application/json\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`)],
  ["HTTP/1.0", Buffer.from(`POST /v1.41/containers/create HTTP/1.0\r\n${JSON_TYPE}Content-Length: ${GOOD.length}\r\n\r\n${GOOD}`)],
  ["no version of HTTP", Buffer.from(`POST /v1.41/containers/create\r\n\r\n`)],
  ["HTTP/2 by prior knowledge", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["an absolute target", post(GOOD, "POST http://d/v1.41/containers/create HTTP/1.1")],
  ["CONNECT", Buffer.from("CONNECT d:1 HTTP/1.1\r\nHost: d\r\n\r\n")],
  ["two slashes", post(GOOD, "POST /v1.41//containers/create HTTP/1.1")],
  ["a dot segment", post(GOOD, "POST /v1.41/containers/x/../create HTTP/1.1")],
  ["an encoded slash", post(GOOD, "POST /v1.41/containers%2fcreate HTTP/1.1")],
  ["a doubly encoded path", post(GOOD, "POST /v1.41/containers/%2563reate HTTP/1.1")],
  ["a path in capitals", post(GOOD, "POST /v1.41/Containers/Create HTTP/1.1")],
  ["a slash at the end", post(GOOD, "POST /v1.41/containers/create/ HTTP/1.1")],
  ["a version that is too old", post(GOOD, "POST /v1.12/containers/create HTTP/1.1")],
  ["a version that is too new", post(GOOD, "POST /v9.99/containers/create HTTP/1.1")],
  ["two versions", post(GOOD, "POST /v1.41/v1.41/containers/create HTTP/1.1")],
  ["a method of another name", post(GOOD, "PUT /v1.41/containers/create HTTP/1.1")],
  ["a parameter that is not known", post(GOOD, "POST /v1.41/containers/create?fromSrc=x HTTP/1.1")],
  ["a parameter twice", post(GOOD, "POST /v1.41/containers/create?name=a&name=b HTTP/1.1")],
  ["a name that is a path", post(GOOD, "POST /v1.41/containers/create?name=..%2Fx HTTP/1.1")],
  ["a name of two slashes", post(GOOD, "POST /v1.41/containers/create?name=%2F%2Fx HTTP/1.1")],
  ["a body of GET", Buffer.from(`GET /v1.41/info HTTP/1.1\r\n${JSON_TYPE}Content-Length: 2\r\nConnection: close\r\n\r\n{}`)],
  ["an upgrade of a call without a stream", Buffer.from(`${CREATE}\r\n${JSON_TYPE}Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`)],
  ["an upgrade to HTTP/2", Buffer.from(`POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)],
  ["an upgrade with chunks", Buffer.from(`POST /v1.41/exec/${"a".repeat(64)}/start HTTP/1.1\r\n${JSON_TYPE}Connection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n\r\n${chunked("{}")}`)],
  ["a build", post("", "POST /v1.41/build?remote=http://127.0.0.1:1/x HTTP/1.1")],
  ["a build by BuildKit", post("", "POST /v1.41/build?version=2 HTTP/1.1")],
  ["BuildKit's own channel", post("", "POST /grpc HTTP/1.1")],
  ["an import from a URL", post("", "POST /v1.41/images/create?fromSrc=http://127.0.0.1:1/x HTTP/1.1")],
  ["a load of images", post("", "POST /v1.41/images/load HTTP/1.1")],
  ["a push", post("", `POST /v1.41/images/${IMAGE}/push HTTP/1.1`)],
  ["a commit over a name", post("{}", "POST /v1.41/commit?container=victim&repo=debian&tag=12 HTTP/1.1")],
  ["a search by the engine", get("/v1.41/images/search?term=x")],
  ["a look into a registry by the engine", get("/v1.41/distribution/127.0.0.1:1/x/json")],
  ["a login by the engine", post('{"serveraddress":"127.0.0.1:1"}', "POST /v1.41/auth HTTP/1.1")],
  ["a plugin", post("[]", "POST /v1.41/plugins/pull?remote=x HTTP/1.1")],
  ["what a plugin may do", get("/v1.41/plugins/privileges?remote=x")],
  ["a swarm", post('{"ListenAddr":"0.0.0.0"}', "POST /v1.41/swarm/init HTTP/1.1")],
  ["secrets", get("/v1.41/secrets")],
  ["an update of limits", post('{"Memory":0}', "POST /v1.41/containers/victim/update HTTP/1.1")],
  ["an export", get("/v1.41/containers/victim/export")],
  ["changes of a container", get("/v1.41/containers/victim/changes")],
  ["an attach by websocket", get("/v1.41/containers/victim/attach/ws")],
  ["the engine's own profiling", get("/debug/pprof/")],
  ["a start with settings", post('{"Privileged":true}', "POST /v1.41/containers/victim/start HTTP/1.1")],
  ["a network with options of the default bridge", post('{"Name":"x","Options":{"com.docker.network.bridge.name":"docker0"}}', "POST /v1.41/networks/create HTTP/1.1")],
  ["a network of the host's card", post('{"Name":"x","Driver":"macvlan","Options":{"parent":"eth0"}}', "POST /v1.41/networks/create HTTP/1.1")],
  ["a network of an address", post('{"Name":"x","IPAM":{"Config":[{"Subnet":"10.0.0.0/8"}]}}', "POST /v1.41/networks/create HTTP/1.1")],
  ["a network by the name of the host's", post('{"Name":"host"}', "POST /v1.41/networks/create HTTP/1.1")],
  ["a volume that is a bind", post('{"Name":"x","DriverOpts":{"type":"none","o":"bind","device":"/"}}', "POST /v1.41/volumes/create HTTP/1.1")],
  ["a volume of another driver", post('{"Name":"x","Driver":"nfs"}', "POST /v1.41/volumes/create HTTP/1.1")],
  ["a volume with sbx's labels", post('{"Name":"x","Labels":{"dev.sbx.sandbox":"sbx_other000"}}', "POST /v1.41/volumes/create HTTP/1.1")],
  ["a volume by the name of a path", post('{"Name":"../../etc"}', "POST /v1.41/volumes/create HTTP/1.1")],
  ["a filter that is not known", get("/v1.41/containers/json?filters=%7B%22x%22%3A%5B%22y%22%5D%7D")],
  ["a filter with a name twice", get("/v1.41/containers/json?filters=%7B%22label%22%3A%5B%22a%22%5D%2C%22label%22%3A%5B%5D%7D")],
  ["events to the end of time", get("/v1.41/events?until=99999999999")],
];

describe.skipIf(missing !== undefined)(`requests that can be read in two ways, and calls that are not offered${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test.for(REQUESTS)("%s: one refusal, and nothing happens", async ([, bytes], { expect }) => {
    const before = await lab.state();
    const answer = await box.raw(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|403|404|405|411|413|414|415|431|501|503|505) /);
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("what follows a refused body on its connection is never a request", async ({ expect }) => {
    const before = await lab.state();
    const second = post(GOOD).toString();
    const answer = await box.raw(Buffer.concat([Buffer.from(`${CREATE}\r\nHost: d\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(second)}\r\n\r\n`), Buffer.from(second)]));
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 415"]);
    expect(await lab.state()).toBe(before);
  });

  test("what follows a refused upgrade on its connection is never a request", async ({ expect }) => {
    const before = await lab.state();
    const answer = await box.raw(Buffer.concat([Buffer.from("POST /v1.41/containers/x/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"), post(GOOD)]));
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 404"]);
    expect(await lab.state()).toBe(before);
  });

  test("what follows an attach goes to the process and to nobody else", async ({ expect }) => {
    const made = await box.ask("POST", "/v1.41/containers/create?name=cat", { Image: IMAGE, Cmd: ["cat"], OpenStdin: true, StdinOnce: false, AttachStdin: true });
    const { Id } = made.json as { readonly Id: string };
    await box.ask("POST", `/v1.41/containers/${Id}/start`);
    const before = await lab.state();
    const answer = await box.raw(
      Buffer.concat([Buffer.from(`POST /v1.41/containers/${Id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`), post(GOOD)]),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 UPGRADED/);
    expect(answer).toContain("name=smuggled");
    expect(answer.match(/^HTTP\/1\.1 \d{3}/gm)).toHaveLength(1);
    expect(await lab.state()).toBe(before);
    await box.ask("DELETE", `/v1.41/containers/${Id}?force=1`);
  });

  test("the answers tell clients to keep to the classic builder", async ({ expect }) => {
    expect(await box.raw(get("/_ping"))).toMatch(/builder-version: 1\r\n/i);
  });
});
