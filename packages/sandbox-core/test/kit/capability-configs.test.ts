import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { CAPABILITIES } from "../../src/kit/capability-configs.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { aKit } from "./a-kit.ts";

const kitWith = (...capabilities: readonly string[]): string => aKit({ capabilities: capabilities.map((text) => `- { type: com.docker.sandbox/${text} }`) });

const VALID: readonly string[] = [
  "network-policy@2, config: { install: { allow: [example.org] }, runtime: { allow: [{ hosts: [example.org], methods: [GET, HEAD], paths: [/a] }], deny: [{ hosts: ['*'], methods: [ANY] }] } }",
  "agent-interactive-sessions@1, config: { newSession: [], prompt: ['-i', '{{.Prompt}}'], sessionPicker: [--resume] }",
  "agent-sessions@1, config: { list: ls }",
  "agent-skills@1, config: { path: /home/agent/.x/skills, mode: readwrite }",
  "agent-skill@1, config: { path: /opt/skills/review, name: review }",
  "acp@1, config: { agent: claude, command: [claude-acp], env: { A: b } }",
  "host-mount@1, config: { path: /var/cache/x, mode: '0700' }",
  "port@1, config: { container: 3000, transport: udp, name: web }",
  "usb-device@1, config: { vendorId: '1050', productId: '0407' }",
  "ssh-agent@1, config: { phase: [install, runtime] }",
  "ssh-agent@1, config: { phase: runtime, unrestricted: false, sign: [git], authenticate: [git@github.com] }",
  "privileged@1",
  "kit-registry@1",
];

const INVALID: readonly (readonly [what: string, capability: string, message: RegExp])[] = [
  ["paths without methods", "network-policy@2, config: { runtime: { allow: [{ hosts: [a.example], paths: [/x] }] } }", /runtime/],
  ["a method in small letters", "network-policy@2, config: { runtime: { allow: [{ hosts: [a.example], methods: [get] }] } }", /runtime/],
  ["a method twice", "network-policy@2, config: { runtime: { deny: [{ hosts: [a.example], methods: [GET, GET] }] } }", /runtime/],
  ["ANY beside others", "network-policy@2, config: { runtime: { deny: [{ hosts: [a.example], methods: [ANY, GET] }] } }", /runtime/],
  ["no method", "network-policy@2, config: { runtime: { deny: [{ hosts: [a.example], methods: [] }] } }", /runtime/],
  ["no host", "network-policy@2, config: { runtime: { deny: [{ hosts: [] }] } }", /runtime/],
  ["a path that does not begin with a slash", "network-policy@2, config: { runtime: { deny: [{ hosts: [a.example], methods: [GET], paths: [x] }] } }", /runtime/],
  ["requests allowed for every host", "network-policy@2, config: { runtime: { allow: [{ hosts: ['*'], methods: [GET] }] } }", /not for all of them/],
  ["an unknown phase", "network-policy@2, config: { boot: {} }", /unknown key "boot"/],
  ["an address as a host", "network-policy@2, config: { runtime: { allow: [{ hosts: [10.0.0.1] }] } }", /names hosts, not addresses/],
  ["a service of this machine", "network-policy@2, config: { runtime: { allow: [{ hosts: [host.docker.internal] }] } }", /open every service on this machine/],
  ["no verb", "agent-interactive-sessions@1, config: {}", /at least one verb/],
  ["a list without a command", "agent-interactive-sessions@1, config: { list: [] }", /list: /],
  ["a null verb", "agent-interactive-sessions@1, config: { newSession: ~ }", /newSession/],
  ["a prompt without its place", "agent-interactive-sessions@1, config: { prompt: [x] }", /\{\{\.Prompt\}\}/],
  ["the root as a place for skills", "agent-skills@1, config: { path: / }", /not the root/],
  ["a skill's path with ..", "agent-skill@1, config: { path: /opt/../etc }", /without \. and \.\./],
  ["a skill's name with a slash", "agent-skill@1, config: { path: /opt/x, name: a/b }", /a name of letters/],
  ["a mode of skills that is none", "agent-skills@1, config: { path: /x, mode: rw }", /mode/],
  ["an agent with a version", "acp@1, config: { agent: claude@1, command: x }", /without version/],
  ["version 0 of ACP", "acp@1, config: { agent: claude, command: x, protocolVersion: 0 }", /protocolVersion/],
  ["a host mount that is not canonical", "host-mount@1, config: { path: /a//b }", /doubled slashes/],
  ["a host mount at the root", "host-mount@1, config: { path: / }", /not the root/],
  ["port 0", "port@1, config: { container: 0 }", /container/],
  ["port 65536", "port@1, config: { container: 65536 }", /container/],
  ["another transport", "port@1, config: { container: 1, transport: sctp }", /transport/],
  ["half a USB product", "usb-device@1, config: { vendorId: '1' }", /either vendorId and productId, or class/],
  ["a USB product and a class", "usb-device@1, config: { vendorId: '1', productId: '2', class: hid }", /either vendorId/],
  ["an SSH agent limited to nothing", "ssh-agent@1, config: { phase: runtime, unrestricted: false }", /needs one of them/],
  ["an SSH agent limited and not", "ssh-agent@1, config: { phase: runtime, sign: [git] }", /needs one of them/],
  ["a login to every host", "ssh-agent@1, config: { phase: runtime, unrestricted: false, authenticate: ['git@*.example'] }", /without wildcard/],
  ["a login to an address", "ssh-agent@1, config: { phase: runtime, unrestricted: false, authenticate: [10.0.0.1] }", /without wildcard/],
  ["a signature with a space", "ssh-agent@1, config: { phase: runtime, unrestricted: false, sign: ['a b'] }", /without spaces/],
  ["configuration of what has none", "privileged@1, config: {}", /has no configuration/],
];

describe("the configurations of capabilities", () => {
  it.for(VALID)("have this form: %s", (capability, { expect }) => {
    expect(parseKit(kitWith(capability)).declarations[0]?.members[0]).toMatchObject({ known: true });
  });

  it.for(INVALID)("do not have %s", ([, capability, message], { expect }) => {
    expect(() => parseKit(kitWith(capability))).toThrow(expect.objectContaining({ code: "KIT_INVALID", message: expect.stringMatching(message) as string }) as Error);
  });

  it.for([
    ["both network policies", ["network-policy@1, config: {}", "network-policy@2, config: {}"], /stands twice/],
    ["a volume where a host mount is", ["host-mount@1, config: { path: /data }", "volume@1, config: { path: /data/. }"], /stands twice for the same path \/data/],
    ["one skill by two paths", ["agent-skill@1, config: { path: /a/x }", "agent-skill@1, config: { path: /b/y, name: x }"], /for the same name x/],
    ["one port twice", ["port@1, config: { container: 80 }", "port@1, config: { container: 80, transport: tcp, name: web }"], /for the same port 80\/tcp/],
    ["one agent by both of its names", ["acp@1, config: { agent: a, command: x }", "acp@1, config: { agent: com.docker.kit/a, command: y }"], /for the same agent/],
    ["two SSH agents at a time", ["ssh-agent@1, config: { phase: runtime }", "ssh-agent@1, config: { phase: [install, runtime] }"], /phase runtime/],
    ["a new session that is told in two ways", ["lifecycle@1, config: { interactive: [a] }", "agent-interactive-sessions@1, config: { newSession: [b] }"], /something else than interactive/],
    ["lists that are told in two ways", ["agent-sessions@1, config: { list: a }", "agent-interactive-sessions@1, config: { list: b }"], /something else than that of agent-sessions/],
    [
      "a key for a host of another phase",
      ["network-policy@2, config: { install: { allow: [{ hosts: [a.example] }] } }", "credential@1, config: { service: a, phase: runtime, apiKey: { inject: [{ domain: a.example }] } }"],
      /the key would go to/,
    ],
  ] as const)("do not agree on %s", ([, capabilities, message], { expect }) => {
    expect(() => parseKit(kitWith(...capabilities))).toThrow(message);
  });

  it("let a key go where the newer network policy may go", ({ expect }) => {
    const kit = kitWith(
      "network-policy@2, config: { runtime: { allow: [{ hosts: [a.example] }] } }",
      "credential@1, config: { service: a, phase: runtime, apiKey: { inject: [{ domain: a.example }] } }",
    );
    expect(parseKit(kit).declarations).toHaveLength(2);
  });

  it("keep what belongs to a workload out of mixins", ({ expect }) => {
    const mixin = (capability: string): string => `schemaVersion: "3"\nkind: mixin\ncapabilities:\n  - { type: com.docker.sandbox/${capability} }\n`;
    expect(() => parseKit(mixin("sbx@1"))).toThrow(/belongs to a workload/);
    expect(() => parseKit(mixin("agent-context@1, config: { filename: A.md, content: x }"))).toThrow(/belongs to a workload/);
    expect(parseKit(mixin("agent-context@1, config: { directory: /home/agent, filename: A.md, content: x }")).declarations).toHaveLength(1);
    expect(parseKit(mixin("long-running@1")).descriptor.kind).toBe("mixin");
  });

  it("answer any configuration with a Kit or an AppError", ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(CAPABILITIES)), fc.jsonValue({ maxDepth: 4 }), (type, config) => {
        try {
          parseKit(JSON.stringify({ schemaVersion: "3", kind: "workload", capabilities: [{ type, config }] }));
        } catch (error) {
          expect(AppError.is(error) && error.code).toBe("KIT_INVALID");
        }
      }),
      { numRuns: 500 },
    );
  });
});
