import * as z from "zod";
import { ContainerPath, field, only, ObjectName, text, whole } from "./field.ts";

/** One `-v` of a client, taken apart. */
export interface Bind {
  readonly kind: "path" | "volume";
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/** Words after the last colon of a `-v`. Shared propagation, relabelling and device words are not among them. */
const BIND_WORDS = new Set(["rw", "ro", "rprivate", "private", "nocopy", "cached", "delegated", "consistent", "default", "z", "Z"]);
const HOST_PATH = /^\/\P{Cc}*$/u;

/** `source:target[:words]`; a source that is no absolute path is a volume's name. */
export const Bind = text(8192).transform((bind, context): Bind => {
  const [source = "", target = "", words = "rw", ...more] = bind.split(":");
  const wanted = words.split(",");
  if (more.length > 0 || !ContainerPath.safeParse(target).success) context.addIssue(`"${bind}" is not SOURCE:TARGET or SOURCE:TARGET:ro`);
  const wrong = wanted.find((word) => !BIND_WORDS.has(word));
  if (wrong !== undefined) context.addIssue(`"${wrong}" cannot be asked of a mount here; ro and rw can`);
  const kind = source.startsWith("/") ? "path" : "volume";
  if (kind === "volume" && !ObjectName.safeParse(source).success) context.addIssue(`"${source}" is neither an absolute path nor the name of a volume`);
  return { kind, source, target, readonly: wanted.includes("ro") };
});
export const Binds = z.array(Bind).max(32);

const TmpfsWord = /^(?:rw|ro|exec|noexec|suid|nosuid|dev|nodev|noatime|size=\d{1,12}[kmgKMG]?|mode=0?[0-7]{3,4}|uid=\d{1,9}|gid=\d{1,9})$/;
/** What is kept of a client's words for memory as a file system. */
export const TmpfsOptions = text(256).refine((words) => words === "" || words.split(",").every((word) => TmpfsWord.test(word)), {
  error: "words for memory are size, mode, uid, gid, ro, rw, exec and noexec",
});

const BindOptions = z.strictObject({
  Propagation: only(["", "rprivate", "private"], "mounts that appear later are not passed on"),
  NonRecursive: only([false], "mounts below are part of it"),
  CreateMountpoint: field(z.boolean(), "accepted; what is not there is not made"),
  ReadOnlyNonRecursive: only([false], "read-only is meant for all below"),
  ReadOnlyForceRecursive: only([false], "is the case where the kernel can"),
});
const VolumeOptions = z.strictObject({
  NoCopy: field(z.boolean(), "an empty volume stays empty"),
  Labels: only([{}], "label the volume when it is made, with docker volume create"),
  DriverConfig: only(
    [{}, { Name: "" }, { Name: "local" }, { Name: "", Options: null }, { Name: "local", Options: null }, { Name: "local", Options: {} }, { Options: {} }],
    "volumes with a driver's options are mounts of the host",
  ),
  Subpath: only([""], "mount the whole volume and use the path inside"),
});
const TmpfsMountOptions = z.strictObject({
  SizeBytes: field(whole(0, 2 ** 40), "bytes"),
  Mode: field(whole(0, 0o1777), "mode of its root"),
  Options: only([[]], "words for memory are size and mode"),
});

/** One entry of `Mounts`. */
export const Mount = z.strictObject({
  Type: z.enum(["bind", "volume", "tmpfs"], { error: "a mount is a bind, a volume or tmpfs" }),
  Source: field(z.union([z.literal(""), z.string().regex(HOST_PATH).max(4096), ObjectName], { error: "an absolute path or the name of a volume" }), "path of the workspace, or a volume's name"),
  Target: ContainerPath,
  ReadOnly: field(z.boolean(), "nothing can be written"),
  Consistency: only(["", "default", "cached", "consistent", "delegated"], "there is one kind"),
  BindOptions: field(BindOptions, "of binds"),
  VolumeOptions: field(VolumeOptions, "of volumes"),
  TmpfsOptions: field(TmpfsMountOptions, "of tmpfs"),
});
export type Mount = z.output<typeof Mount>;
