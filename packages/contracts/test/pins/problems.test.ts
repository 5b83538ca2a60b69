import { test } from "vitest";
import { PROBLEMS } from "../../src/index.ts";

test("problem codes and their status are public", ({ expect }) => {
  expect(Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]))).toEqual({
    AGENT_UNKNOWN: 404,
    BUILD_FAILED: 500,
    CONFIG_INVALID: 422,
    CREDENTIAL_MISSING: 409,
    DAEMON_BUSY: 503,
    DAEMON_UNREACHABLE: 503,
    DEADLINE_EXCEEDED: 408,
    EGRESS_DENIED: 403,
    ENGINE_FAILED: 502,
    ENGINE_UNREACHABLE: 503,
    IMAGE_UNAVAILABLE: 503,
    INTERNAL: 500,
    INTERRUPTED: 499,
    KIT_INVALID: 422,
    KIT_UNSUPPORTED: 422,
    NAME_TAKEN: 409,
    PLATFORM_UNSUPPORTED: 501,
    POD_FAILED: 502,
    ROUTE_UNKNOWN: 404,
    RULE_UNKNOWN: 404,
    SANDBOX_BUSY: 409,
    SANDBOX_NOT_FOUND: 404,
    SESSION_NOT_FOUND: 404,
    USAGE: 400,
    WORKSPACE_INVALID: 422,
    WORKSPACE_UNSAFE: 409,
  });
});
