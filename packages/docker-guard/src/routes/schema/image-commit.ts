import * as z from "zod";
import type { ImageConfig } from "../../images/image-config.ts";
import { CONTAINER_CREATE } from "./container-config.ts";
import { field, text } from "./field.ts";

const { HostConfig: _host, NetworkingConfig: _networking, Image: _image, Healthcheck, ...SETTINGS } = CONTAINER_CREATE;

/** Every field of a commit's body: settings of a container, of which those of an image are taken. */
const COMMIT = {
  ...SETTINGS,
  Healthcheck,
  Image: field(text(512), "noted"),
  // dockerode says in the body too what it says in the query.
  ...Object.fromEntries(["author", "changes", "comment", "container", "pause", "repo", "tag"].map((name) => [name, field(z.unknown(), "noted; what counts is the query")])),
};

/** Settings of an image in place of the container's. Some clients send null, or nothing. */
export const CommitBody = z
  .strictObject(COMMIT)
  .nullish()
  .transform((body): Partial<ImageConfig> => {
    const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal } = body ?? {};
    return { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal };
  });
