import { describe, it } from "vitest";
import { isRealmOf } from "../../src/registry/token-realm.ts";

describe("where a registry sends for tokens", () => {
  it.for<readonly [string, string, boolean]>([
    ["https://registry.example.org", "https://registry.example.org/token", true],
    ["https://registry.example.org:5000", "https://registry.example.org:5001/auth", true],
    ["https://registry-1.docker.io", "https://auth.docker.io/token", true],
    ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true],
    ["http://127.0.0.1:5000", "http://127.0.0.1:5000/token", true],
    ["https://registry.example.org", "https://evil.example.org/token", false],
    ["https://registry.example.org", "https://auth.docker.io/token", false],
    ["https://registry.example.org", "http://registry.example.org/token", false],
    ["https://registry.example.org", "https://registry.example.org.evil.example/token", false],
    ["https://registry-1.docker.io", "https://auth.docker.io.evil.example/token", false],
    ["https://registry-1.docker.io", "https://evil.docker.io/token", false],
    ["https://registry-1.docker.io", "https://auth.docker.io:8443/token", false],
    ["https://registry-1.docker.io:8443", "https://auth.docker.io/token", false],
    ["http://127.0.0.1:5000", "http://127.0.0.1:5001/token", false],
    ["http://localhost:5000", "http://127.0.0.1:5000/token", false],
    ["https://registry.example.org", "https://auth.registry.example.org/token", false],
    ["https://registry.example.org", "https://example.org/token", false],
    ["https://registry.example.org", "https://evilregistry.example.org/token", false],
    ["https://registry.gitlab.com", "https://com/token", false],
    ["http://registry.example.org", "https://registry.example.org/token", false],
    ["http://127.0.0.1:5000", "https://127.0.0.1:5000/token", false],
    ["https://localhost:5000", "https://localhost:5001/token", false],
    ["https://127.0.0.1", "https://0.0.1.example/token", false],
    ["https://constructor", "https://toString/token", false],
  ])("from %s to %s: the credentials go along: %o", ([registry, realm, belongs], { expect }) => {
    expect(isRealmOf(new URL(realm), new URL(registry))).toBe(belongs);
  });
});
