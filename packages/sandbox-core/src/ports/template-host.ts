import type { Readable } from "node:stream";
import type { Rule } from "@sbx/contracts";
import type { EngineId } from "./engine.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import type { TemplateRecord } from "../template/template-record.ts";

/** What outlives the daemon of templates. Writes are durable when they return. */
export interface TemplateStore {
  list(): readonly TemplateRecord[];
  put(record: TemplateRecord): void;
  remove(name: string): void;
}

type Progress = (line: string) => void;

/** Makes images on top of others. */
export interface LayerMaker {
  /**
   * Packages of the distribution, installed by its own programs; the steps have the network of `gate` and no other. The same
   * packages on the same image are made once.
   *
   * Rejects with `PACKAGE_UNKNOWN`, `BUILD_FAILED`.
   */
  packages(layer: { readonly from: EngineId; readonly packages: readonly string[]; readonly gate: EngineId }, progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /** Docker's command line, for an image that has none. */
  docker(layer: { readonly from: EngineId }, progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /**
   * A template under a name of its own, with what a tar of a home holds: files, directories and links alone, without bits
   * that give rights. `leaveOut` says of each path, relative to the home, whether it stays behind. The tar is destroyed.
   */
  template(layer: TemplateLayer, progress: Progress, signal: AbortSignal): Promise<{ readonly image: EngineId; readonly reference: string; readonly leftOut: readonly string[] }>;
  /** Take a template's name from its image, which goes when nothing is made of it. */
  remove(reference: string): Promise<void>;
  /** Full id of an image that is there. */
  find(image: EngineId): Promise<EngineId | undefined>;
}

/** Whether a file stays behind; where its first bytes decide, what says so of them. */
export type LeaveOut = (path: string) => boolean | ((head: string) => boolean);

/** What a template's image is made of. */
export interface TemplateLayer {
  readonly from: EngineId;
  /** Home of the user `agent` in the image. */
  readonly home: string;
  readonly files?: { readonly tar: Readable; readonly leaveOut: LeaveOut };
}

/** Pods in which something is installed for a sandbox, without a workload of their own. */
export interface InstallPods {
  /**
   * Open one. For packages it reaches the distribution's hosts, for hooks what `rules` say, and nothing else. Disposing
   * takes it away and cuts every connection. Rejects with `POD_FAILED`, `ENGINE_FAILED`.
   */
  open(record: SandboxRecord, purpose: InstallPurpose, signal: AbortSignal): Promise<AsyncDisposable & { readonly gate: EngineId }>;
}

/** For what an install pod is opened. */
export type InstallPurpose = { readonly for: "packages" } | { readonly for: "install-hooks"; readonly rules: readonly Rule[] };
