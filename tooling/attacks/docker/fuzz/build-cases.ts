import type { FuzzCase } from "./fuzz-case.ts";
import type { Random } from "@sbx/testing/random";

/** Lines that are quick to carry out, and those that are to be refused before anything is. */
const QUICK = [
  "ENV A=b",
  "LABEL a=b",
  "USER 1000",
  "WORKDIR /w",
  'CMD ["true"]',
  "ENTRYPOINT sleep 1",
  "EXPOSE 80",
  "VOLUME /data",
  "STOPSIGNAL SIGTERM",
  "ARG X=1",
  "ENV P=${X:-y}",
  "HEALTHCHECK NONE",
  'SHELL ["/bin/sh", "-c"]',
  "# nothing",
];
const ODD = [
  "LABEL dev.sbx.sandbox=sbx_other000",
  "LABEL dev.sbx.role=gate dev.sbx.docker.record={}",
  "ENV =x",
  "ENV A",
  "USER root\\",
  "WORKDIR ../../x",
  "VOLUME /proc",
  'VOLUME ["/"]',
  "EXPOSE x",
  "HEALTHCHECK --interval=1ns CMD true",
  "ONBUILD RUN true",
  "ADD http://127.0.0.1:1/x /",
  "ADD git@127.0.0.1:x.git /",
  "COPY ../../etc/passwd /",
  "COPY --from={{victimimage}} / /x",
  "COPY --from=0 /etc/passwd /",
  "COPY --chmod=4755 a /a",
  "COPY --chown=root:root a /proc/x",
  "COPY --link a /a",
  "RUN --mount=type=bind,source=/,target=/host true",
  "RUN --security=insecure true",
  "RUN --network=host true",
  "RUN <<EOF",
  "FROM scratch",
  "FROM {{victimimage}}",
  "FROM --platform=plan9/mips debian:12",
  "MAINTAINER x",
  "$X",
  "ENV A=${",
];
/** Each of these is a container of the engine's, or two. */
const SLOW = ["COPY a /a", "COPY . /all", "ADD a /b/", "COPY link /link", "RUN true", "RUN mount -t proc proc /mnt; cat /proc/self/status", "RUN --network=none true"];

const QUERY: Readonly<Record<string, readonly unknown[]>> = {
  t: ["x", "x:1", "debian:12", "{{victimimage}}", "sbx-sandbox-image/x:y", "../x", "a@sha256:x", "X"],
  dockerfile: ["Dockerfile", "", "../Dockerfile", "/etc/passwd", "link"],
  buildargs: ["{}", '{"X":"y"}', '{"X":1}', '{"X":"a","X":"b"}', "["],
  labels: ["{}", '{"a":"b"}', '{"dev.sbx.sandbox":"sbx_other000"}', "null"],
  target: ["", "0", "nosuch"],
  nocache: ["", "1", "x"],
  networkmode: ["", "default", "none", "host", "container:{{victim}}", "{{network}}"],
  remote: ["", "", "http://127.0.0.1:1/x", "client-session", "{{workspace}}"],
  version: ["", "1", "2"],
  session: ["", "x"],
  securityopt: ["", "null", '["seccomp=unconfined"]'],
  extrahosts: ["", "null", '["a:1.2.3.4"]', "a:1.2.3.4"],
  cgroupparent: ["", "/x"],
  memory: ["0", "", "1"],
  shmsize: ["0", "999999999999"],
  ulimits: ["null", "[]", '[{"Name":"nofile","Soft":1,"Hard":1}]'],
  outputs: ["", "null", '[{"Type":"local"}]'],
  cachefrom: ["", "[]", '["{{victimimage}}"]'],
  squash: ["0", "1"],
  platform: ["", "linux/amd64", "windows"],
  isolation: ["", "default", "process"],
};

/** A build: a Dockerfile of some lines, and files for it. Most are refused, or make nothing but an image. */
export function buildCase(random: Random): FuzzCase {
  const lines = [random.chance(0.9) ? "FROM debian:12" : random.pick(["FROM scratch", "FROM {{victimimage}}", "ARG I=debian:12\nFROM $I", "FROM debian:12 AS one\nFROM one", "FROM nosuch"])];
  const odd = random.chance(0.75);
  for (let left = random.below(4); left > 0; left -= 1) lines.push(random.pick(QUICK));
  if (odd) lines.splice(random.below(lines.length + 1), 0, random.pick(ODD));
  else if (random.chance(0.5)) lines.push(random.pick(SLOW));
  const query = Object.entries<unknown>({ t: "x", ...random.some(QUERY, 4) }).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value)).replaceAll("%7B%7B", "{{").replaceAll("%7D%7D", "}}")}`,
  );
  return { kind: "build", method: "POST", target: `/v1.41/build?${query.join("&")}`, files: { Dockerfile: `${lines.join("\n")}\n`, a: "a\n" }, form: "plain" };
}
