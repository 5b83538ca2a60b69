import { DAEMON_THREADS, daemonEnvironment } from "@sbx/core/client";
import { test } from "vitest";
import { EXIT } from "../../src/exit-code.ts";

test("exit codes are public", ({ expect }) => {
  expect(EXIT).toEqual({ done: 0, no: 1, usage: 2, failed: 125, hungUp: 129, interrupted: 130, terminated: 143 });
});

test("the daemon gets no variable but these of the terminal that started it, and its own", ({ expect }) => {
  const names = [
    "PATH",
    "HOME",
    "SBX_X",
    "XDG_STATE_HOME",
    "DOCKER_HOST",
    "HTTPS_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "SSH_AUTH_SOCK",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "TERM",
  ];
  const got = Object.keys(daemonEnvironment(Object.fromEntries(names.map((name) => [name, "x"]))));
  expect(got).toEqual(["PATH", "HOME", "SBX_X", "XDG_STATE_HOME", "DOCKER_HOST", "HTTPS_PROXY", "NODE_EXTRA_CA_CERTS", "ANTHROPIC_API_KEY", ...Object.keys(DAEMON_THREADS)]);
});
