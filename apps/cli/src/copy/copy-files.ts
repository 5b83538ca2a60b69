import path from "node:path";
import { checkedTar, DEFAULT_LIMITS, extractTree, openHostPath, packTree, type HostPath, type LeftOut } from "@sbx/archive";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { show } from "../show.ts";
import { absolutePath } from "../run/workspace-path.ts";
import type { Copy, CopySide } from "./copy-arguments.ts";

export interface CopyOptions {
  readonly followLink?: true | undefined;
  readonly maxSize?: number | undefined;
  readonly quiet?: true | undefined;
  readonly json?: true | undefined;
}

/** What was copied, for `--json`. Counts are known where this machine unpacked or packed. */
interface Copied {
  readonly to: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly leftOut: readonly LeftOut[];
  readonly warning?: string;
}

const SHOWN = 3;

/** `sbx cp`: one copy, given up with Ctrl-C; the exit code is 1 when something was left out. */
export async function copyFiles(context: Context, copy: Copy, options: CopyOptions): Promise<number> {
  const interrupted = new AbortController();
  const release = context.onSignal((name) => {
    interrupted.abort(new AppError("INTERRUPTED", { message: `Interrupted by ${name}`, fix: "Copy again." }));
  });
  try {
    const work: Work = { context, connection: await context.daemon.connect(), options, signal: interrupted.signal };
    const copied = copy.direction === "in" ? await copyIn(work, copy) : await copyOut(work, copy);
    return copied === undefined ? EXIT.done : tell(context, options, copied);
  } finally {
    release();
  }
}

interface Work {
  readonly context: Context;
  readonly connection: Connection;
  readonly options: CopyOptions;
  readonly signal: AbortSignal;
}

function tell({ io }: Context, { json, quiet }: CopyOptions, copied: Copied): number {
  if (json === true) show(io, true, { result: copied, lines: () => [] });
  else if (quiet !== true) {
    for (const { path: left, why } of copied.leftOut.slice(0, SHOWN)) io.err(`sbx: left out ${cleanText(left)}: ${why}\n`);
    if (copied.leftOut.length > SHOWN) io.err(`sbx: and ${copied.leftOut.length - SHOWN} more; all of them with --json\n`);
    if (copied.warning !== undefined) io.err(`sbx: ${cleanText(copied.warning)}\n`);
    io.out(`${cleanText(copied.to)}\n`);
  }
  return copied.leftOut.length > 0 || copied.warning !== undefined ? EXIT.no : EXIT.done;
}

type In = Extract<Copy, { direction: "in" }>;
type Out = Extract<Copy, { direction: "out" }>;

async function copyIn({ context, connection, options, signal }: Work, { from, to }: In): Promise<Copied> {
  if (options.followLink === true) throw new AppError("USAGE", { message: "Links of this machine are never followed", fix: "Name the place itself that the link leads to." });
  if (from.kind === "stream") {
    const end = await connection.archive.write(to, context.io.stdin(), signal);
    return { to: `${to.sandbox}:${to.path}`, leftOut: [], ...(end.warning === undefined ? {} : { warning: end.warning }) };
  }
  using source = hostPath(from.path, context);
  if (source.kind === "missing") throw new AppError("PATH_NOT_FOUND", { message: `There is no "${from.path}" on this machine`, fix: "Name a file or directory that is there." });
  if (source.kind === "other" || source.name === undefined) throw new AppError("PATH_REFUSED", { message: `"${from.path}" is no file or directory to copy`, fix: "Name a file or directory." });
  const target = await targetInside(connection, { source: { kind: source.kind, name: source.name, contents: isContents(from.path) }, to });
  const packed = packTree({ parent: source.parent, name: source.name, as: target.as, signal });
  const end = await connection.archive.write({ sandbox: to.sandbox, path: target.directory }, packed.tar, signal);
  return {
    to: `${to.sandbox}:${target.as === "." ? target.directory : path.posix.join(target.directory, target.as)}`,
    leftOut: packed.leftOut,
    ...(end.warning === undefined ? {} : { warning: end.warning }),
  };
}

interface Source {
  readonly kind: "file" | "directory" | "link" | "missing" | "other";
  readonly name: string;
  /** Whether what is in it is copied, not the directory itself. */
  readonly contents: boolean;
}

/** Where in a sandbox something comes to lie, by the same rules as `cp -r`: in a directory that is there, or as what is not there yet. */
async function targetInside(
  { client }: Connection,
  { source, to }: { readonly source: Source; readonly to: Extract<CopySide, { kind: "sandbox" }> },
): Promise<{ readonly directory: string; readonly as: string }> {
  const found = await client.inspectPath({ sandbox: to.sandbox, path: to.path, follow: "true" });
  if (found.kind === "directory") return { directory: found.path, as: source.contents ? "." : source.name };
  if (found.kind === "missing" && to.path.endsWith("/"))
    throw new AppError("PATH_NOT_FOUND", { message: `There is no directory "${found.path}" in ${to.sandbox}`, fix: `Make it first: sbx exec ${to.sandbox} mkdir -p '${found.path}'` });
  if (found.kind !== "missing" && source.kind === "directory")
    throw new AppError("PATH_REFUSED", { message: `"${found.path}" of ${to.sandbox} is no directory`, fix: "Name a directory to copy a directory into." });
  return { directory: path.posix.dirname(found.path), as: path.posix.basename(found.path) };
}

async function copyOut({ context, connection, options, signal }: Work, { from, to }: Out): Promise<Copied | undefined> {
  const place = { sandbox: from.sandbox, path: from.path, follow: options.followLink === true };
  if (to.kind === "stream") {
    if (context.io.isTerminal.stdout) throw new AppError("USAGE", { message: "A tar stream is nothing for a terminal", fix: `Write: sbx cp ${from.sandbox}:${from.path} - | tar tv` });
    const { tar } = await connection.archive.read(place, signal);
    for await (const chunk of checkedTar(tar)) if (!context.io.stdout.write(chunk)) await drained(context);
    return undefined;
  }
  const found = await connection.client.inspectPath({ sandbox: from.sandbox, path: from.path, follow: place.follow ? "true" : "false" });
  if (found.kind === "missing") throw new AppError("PATH_NOT_FOUND", { message: `There is no "${found.path}" in ${from.sandbox}`, fix: `Look with: sbx exec ${from.sandbox} ls -la` });
  const name = path.posix.basename(found.path);
  const contents = isContents(from.path) || name === "";
  using target = hostPath(to.path, context);
  using there = targetHere(target, { asked: to.path, source: { kind: found.kind, name, contents } });
  const { tar, end } = await connection.archive.read(place, signal);
  const report = await extractTree({
    source: tar,
    into: there.into,
    ...(contents ? {} : { root: { expected: name, name: there.as } }),
    limits: { ...DEFAULT_LIMITS, ...(options.maxSize === undefined ? {} : { bytes: options.maxSize }) },
    signal,
  });
  const { warning } = end();
  return { to: contents ? there.path : path.join(there.path, there.as), files: report.files, bytes: report.bytes, leftOut: report.leftOut, ...(warning === undefined ? {} : { warning }) };
}

interface TargetHere extends Disposable {
  readonly into: HostPath["parent"];
  readonly as: string;
  readonly path: string;
}

/** Where on this machine something comes to lie, by the same rules as `cp -r`. */
function targetHere(target: HostPath, { asked, source }: { readonly asked: string; readonly source: Source }): TargetHere {
  const { parent, name, kind } = target;
  if (kind === "link") throw new AppError("PATH_REFUSED", { message: `"${asked}" is a link, which is not followed`, fix: "Name the place itself that it leads to, or another name." });
  if (kind === "directory") {
    const into = name === undefined ? parent.again() : parent.directory(name);
    return targetIn(into, { as: source.name, path: target.path });
  }
  if (name === undefined) throw new Error("the root directory is a directory");
  if (kind !== "missing" && source.kind === "directory") throw new AppError("PATH_REFUSED", { message: `"${asked}" is no directory`, fix: "Name a directory to copy a directory into." });
  if (kind === "missing" && asked.endsWith("/")) throw new AppError("PATH_NOT_FOUND", { message: `There is no directory "${asked}" on this machine`, fix: `Make it first: mkdir -p '${asked}'` });
  if (kind === "other") throw new AppError("PATH_REFUSED", { message: `"${asked}" is no file or directory`, fix: "Name another place." });
  if (kind === "missing" && source.contents) {
    parent.makeDirectory(name);
    const into = parent.directory(name);
    return targetIn(into, { as: source.name, path: target.path });
  }
  const into = parent.again();
  return targetIn(into, { as: name, path: path.dirname(target.path) });
}

/** A target that is held open until it is disposed. */
function targetIn(into: TargetHere["into"], names: { readonly as: string; readonly path: string }): TargetHere {
  return {
    into,
    ...names,
    [Symbol.dispose]: () => {
      into[Symbol.dispose]();
    },
  };
}

function hostPath(text: string, context: Context): HostPath {
  return openHostPath(absolutePath(text, context));
}

function isContents(text: string): boolean {
  return /(^|\/)\.$/.test(text);
}

async function drained({ io }: Context): Promise<void> {
  await new Promise((resolve) => {
    io.stdout.once("drain", resolve);
  });
}
