import * as z from "zod";
import { AbsolutePath, Mode } from "./kit-text.ts";
import { strictShape } from "./strict-shape.ts";

/** A path that says the same after `.`, `..` and doubled slashes were taken out, and is not the root. */
export const CanonicalPath = AbsolutePath.refine((path) => /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/.test(path), "an absolute path without . and .. and doubled slashes, not the root");

/** Config of host-mount@1: a directory that the runtime keeps for this Kit. */
export const HostMount = strictShape({ path: CanonicalPath, mode: Mode.optional() });

/** Config of port@1. */
export const Port = strictShape({ name: z.string().max(200).optional(), container: z.int().min(1).max(65_535), transport: z.enum(["tcp", "udp"]).default("tcp") });

/** Config of usb-device@1: one product, or a class of devices. */
export const UsbDevice = strictShape({ vendorId: z.string().min(1).optional(), productId: z.string().min(1).optional(), class: z.string().min(1).optional() }).refine(
  (device) => (device.class === undefined ? device.vendorId !== undefined && device.productId !== undefined : device.vendorId === undefined && device.productId === undefined),
  "either vendorId and productId, or class",
);

const SshPurposes = z
  .array(z.string().min(1).max(500))
  .min(1)
  .refine((items) => new Set(items).size === items.length, "each entry once");
const SIGNED = /^[!-~]+$/;
const LOGIN = /^(?:[^\s@/:*]+@)?(?!(?:\d+\.){3}\d+$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** Config of ssh-agent@1: all that the person's agent does, or named signatures and logins alone. */
export const SshAgent = strictShape({
  phase: z.union([z.enum(["install", "runtime"]), z.array(z.enum(["install", "runtime"])).min(1)], { error: "install, runtime, or a list of both" }),
  unrestricted: z.boolean().default(true),
  sign: SshPurposes.refine((items) => items.every((item) => SIGNED.test(item)), "printable ASCII without spaces").optional(),
  authenticate: SshPurposes.refine((items) => items.every((item) => LOGIN.test(item)), "[user@]host, in lower case, without wildcard, port or address").optional(),
}).refine(
  ({ unrestricted, sign, authenticate }) => unrestricted === (sign === undefined && authenticate === undefined),
  "sign and authenticate belong to unrestricted: false, which needs one of them",
);
