import * as z from "zod";
import { ContainerPath, field, Labels, only, text, whole } from "./field.ts";
import { HostConfig } from "./host-config.ts";

const MILLISECOND_NS = 1e6;
const HOUR_NS = 3600 * 1000 * MILLISECOND_NS;
const Nanoseconds = z.union([z.literal(0), whole(MILLISECOND_NS, HOUR_NS)], { error: "0 or a time from one millisecond to one hour, in nanoseconds" });
const Word = z
  .string()
  .max(128 << 10)
  .refine((word) => !word.includes("\0"), { error: "no zero bytes" });
const Words = z.union([Word.transform((word): string[] => [word]), z.array(Word).max(4096)]);
const Port = z.string().regex(/^[1-9]\d{0,4}(?:\/(?:tcp|udp|sctp))?$/, "a port, as 5432/tcp");

const HEALTHCHECK = {
  Test: field(z.array(Word).max(256), "NONE, CMD or CMD-SHELL and the words"),
  Interval: field(Nanoseconds, "carried out at most twice a second"),
  Timeout: field(Nanoseconds, "at least half a second"),
  Retries: field(whole(0, 1000), "failures until it is unhealthy"),
  StartPeriod: field(Nanoseconds, "at least half a second"),
  StartInterval: field(Nanoseconds, "accepted, not carried out"),
};
const UNSET = "addresses are given by sbx";

/** How a container is joined to a network. */
export const ENDPOINT = {
  Aliases: field(z.array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, "a host name")).max(32), "names by which others of the network find it"),
  DNSNames: only([[]], UNSET),
  DriverOpts: only([{}], "networks of a sandbox have no drivers"),
  EndpointID: only([""], UNSET),
  Gateway: only([""], UNSET),
  GlobalIPv6Address: only([""], UNSET),
  GlobalIPv6PrefixLen: only([0], UNSET),
  GwPriority: only([0], UNSET),
  IPAMConfig: only([{}], "addresses are given by sbx; use names"),
  IPAddress: only([""], UNSET),
  IPPrefixLen: only([0], UNSET),
  IPv6Gateway: only([""], UNSET),
  Links: only([[]], "links are gone from Docker too; use a network's aliases"),
  MacAddress: only([""], "a pod has no network card"),
  NetworkID: only([""], UNSET),
};

/** Every field at the top of a create request. */
export const CONTAINER_CREATE = {
  ArgsEscaped: only([false], "is for another system"),
  AttachStderr: field(z.boolean(), "noted"),
  AttachStdin: field(z.boolean(), "noted"),
  AttachStdout: field(z.boolean(), "noted"),
  Cmd: field(Words, "the words of the command"),
  Domainname: only([""], "a sandbox has no domain"),
  Entrypoint: field(Words, "what runs the command"),
  Env: field(z.array(Word.regex(/^[^=]+(?:=[\s\S]*)?$/, "NAME=VALUE")).max(1024), "variables"),
  ExposedPorts: field(z.record(Port, z.strictObject({})), "noted; published with PublishAllPorts"),
  Healthcheck: field(z.strictObject(HEALTHCHECK), "the check of its health"),
  HostConfig: field(HostConfig, "see below"),
  Hostname: field(z.string().regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))?$/, "a host name of one label"), "its own name"),
  Image: text(512).min(1).describe("name or id of an image of this sandbox; run by its full id"),
  Labels: field(Labels, "seen by this sandbox alone"),
  MacAddress: only([""], "a pod has no network card"),
  NetworkDisabled: only([false], "use NetworkMode none"),
  NetworkingConfig: field(
    // Names without a word about them stand beside EndpointsConfig where docker-py is given a network alone.
    z.object({ EndpointsConfig: field(z.record(text(128), field(z.strictObject(ENDPOINT), "aliases")), "networks by name") }).catchall(z.null({ error: "stands under EndpointsConfig" })),
    "networks and aliases",
  ),
  OnBuild: only([[]], "is for builds"),
  OpenStdin: field(z.boolean(), "keep its input open"),
  PortSpecs: only([[]], "is gone from Docker too; use PortBindings"),
  Shell: only([[]], "is for builds"),
  StdinOnce: field(z.boolean(), "close its input when the first client goes"),
  StopSignal: field(z.string().regex(/^(?:[A-Z0-9+-]{1,16}|)$/, "the name or number of a signal"), "asks it to end"),
  StopTimeout: field(whole(0, 600), "seconds until it is killed"),
  Tty: field(z.boolean(), "a terminal"),
  User: field(z.string().regex(/^[A-Za-z0-9_.-]{0,64}(?::[A-Za-z0-9_.-]{1,64})?$/, "USER or USER:GROUP"), "who runs it; root has five capabilities and no way to more"),
  Volumes: field(z.record(ContainerPath, z.strictObject({})), "anonymous volumes"),
  VolumesFrom: only([[]], "name the volumes in HostConfig"),
  WorkingDir: field(z.union([z.literal(""), ContainerPath]), "where it starts"),
  name: field(text(256), "noted; the name is that of the query"),
  platform: field(text(64), "noted; the platform is that of the query"),
};

export const ContainerCreate = z.strictObject(CONTAINER_CREATE);
export type ContainerCreate = z.output<typeof ContainerCreate>;
export type Healthcheck = NonNullable<ContainerCreate["Healthcheck"]>;

/** Every field of a request for a further process in a container. */
const DetachKeys = field(
  z
    .string()
    .max(64)
    .regex(/^(?:(?:[A-Za-z]|ctrl-[a-z@[\\\]^_])(?:,(?:[A-Za-z]|ctrl-[a-z@[\\\]^_]))*)?$/, "keys, as ctrl-p,ctrl-q"),
  "the keys that leave it",
);

export const EXEC_CREATE = {
  AttachStderr: field(z.boolean(), "its output of errors is wanted"),
  AttachStdin: field(z.boolean(), "its input is wanted"),
  AttachStdout: field(z.boolean(), "its output is wanted"),
  Cmd: z.array(Word).min(1).max(4096).describe("the words of the command"),
  ConsoleSize: field(z.tuple([whole(0, 10_000), whole(0, 10_000)]), "height and width of the terminal"),
  Container: field(text(128), "the one that the path names, which is meant"),
  Detach: field(z.boolean(), "noted"),
  DetachKeys,
  detachKeys: DetachKeys.describe("the same, as docker-py writes it"),
  Env: CONTAINER_CREATE.Env,
  Privileged: only([false], "no process of a sandbox has privilege"),
  Tty: field(z.boolean(), "a terminal"),
  User: CONTAINER_CREATE.User,
  WorkingDir: CONTAINER_CREATE.WorkingDir,
};
export const ExecCreate = z.strictObject(EXEC_CREATE);
export type ExecCreate = z.output<typeof ExecCreate>;
