import type { ImageFacts } from "../engine/engine-answers.ts";
import type { SharedImage } from "../ports.ts";
import { OWN_LABELS } from "../routes/schema/field.ts";

/** An image's labels without sbx's own. */
export function visibleLabels({ Config }: ImageFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(Config?.Labels ?? {}).filter(([name]) => !name.startsWith(OWN_LABELS)));
}

function namesOf(names: readonly string[]): { readonly RepoTags: readonly string[]; readonly RepoDigests: readonly string[] } {
  return { RepoTags: names.filter((name) => !name.includes("@")), RepoDigests: names.filter((name) => name.includes("@")) };
}

/** `docker images`. */
export function imageSummary({ id, tags }: SharedImage, facts: ImageFacts): Readonly<Record<string, unknown>> {
  return {
    Id: id,
    ParentId: "",
    ...namesOf(tags),
    Created: Math.floor(Date.parse(facts.Created) / 1000),
    Size: facts.Size,
    VirtualSize: facts.Size,
    SharedSize: -1,
    Labels: visibleLabels(facts),
    Containers: -1,
  };
}

/** `docker image inspect`. */
export function imageAnswer({ id, tags }: SharedImage, facts: ImageFacts): Readonly<Record<string, unknown>> {
  const { Created, Size, Architecture, Os, RootFS } = facts;
  return {
    Id: id,
    ...namesOf(tags),
    Parent: "",
    Comment: "",
    Created,
    Author: facts.Author ?? "",
    DockerVersion: "",
    Architecture,
    Os,
    Size,
    VirtualSize: Size,
    Config: configOf(facts),
    RootFS: { Type: RootFS?.Type ?? "layers", Layers: RootFS?.Layers ?? [] },
    GraphDriver: { Name: "overlay2", Data: null },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
  };
}

const FURTHER = ["StopSignal", "Shell", "Healthcheck"];
const NOTHING = { Env: null, Cmd: null, Entrypoint: null, Volumes: null, ExposedPorts: null, WorkingDir: "", User: "" };

function configOf(facts: ImageFacts): Readonly<Record<string, unknown>> {
  const known = Object.entries(facts.Config ?? {}).filter(([name, value]) => value !== undefined && (name in NOTHING || FURTHER.includes(name)));
  return { ...NOTHING, ...Object.fromEntries(known), Labels: visibleLabels(facts) };
}
