import { AppError, type Event, type Rule, type Sandbox, type SandboxId, type SelectionView, type Session, type SessionId, type TemplateView, type WorkspaceReport } from "@sbx/contracts";
import type { DaemonLink } from "./daemon-link.ts";
import { destinations, kitReference, type CreateOptions } from "./create-options.ts";
import { Execution, type ExecOptions } from "./execution.ts";
import { followEvents, type EventOptions, type EventParts } from "./follow-events.ts";
import { refuseAborted } from "./interrupted.ts";
import { FileAccess } from "./file-access.ts";
import { PortAccess } from "./port-access.ts";
import { joinTerminal, type Terminal, type TerminalOptions } from "./terminal.ts";

/** What a sandbox is made anew of: with `agent` or `kits` these take the place of all Kits that it has, and `reject` that of what was named before. */
export interface RecreateOptions extends Pick<CreateOptions, "kits" | "kitArgs" | "reject" | "signal"> {
  /** Name of an agent, or the path of a Kit's directory. */
  readonly agent?: string;
  /** Also while sessions run, which end. */
  readonly force?: boolean;
}

/** What a handle takes from the world. */
export interface HandleParts {
  readonly link: DaemonLink;
  readonly events: EventParts;
  /** Makes a path absolute as the program means it. */
  readonly absolute: (path: string) => string;
  /** Whether disposing of the handle removes the sandbox: this program made it. */
  readonly owned: boolean;
}

/**
 * One sandbox, from outside.
 *
 * `await using` removes a sandbox that {@link Sbx.create} made, whatever happens; one that was found is left as it is. Every
 * method starts the daemon when it has gone away, and a stopped sandbox when something is to run in it.
 */
export class SandboxHandle implements AsyncDisposable {
  readonly id: SandboxId;
  readonly name: string;
  /** Name of its agent, or the path of its Kit. */
  readonly agent: string;
  /** Absolute path of its workspace, inside and outside. */
  readonly workspace: string;
  /** Files as its own user sees them. */
  readonly files: FileAccess;
  /** Its ports at this machine's loopback. */
  readonly ports: PortAccess;
  readonly #parts: HandleParts;

  constructor({ id, name, agent, workspace }: Pick<Sandbox, "id" | "name" | "agent" | "workspace">, parts: HandleParts) {
    this.id = id;
    this.name = name;
    this.agent = agent;
    this.workspace = workspace;
    this.files = new FileAccess({ sandbox: id, link: parts.link, exec: (command, options) => this.exec(command, options) });
    this.ports = new PortAccess({ sandbox: id, link: parts.link });
    this.#parts = parts;
  }

  /** Run a program with three separate streams, as the sandbox's user. Nothing is a shell's unless the program is one. */
  exec(command: readonly string[], options: ExecOptions = {}): Execution {
    return this.#execute("exec", command, options);
  }

  /** Run the sandbox's agent without a terminal; `args` follow what its profile says. */
  runAgent(args: readonly string[], options: ExecOptions = {}): Execution {
    return this.#execute("agent", args, options);
  }

  #execute(kind: "exec" | "agent", args: readonly string[], { stdin, signal, ...place }: ExecOptions): Execution {
    const session = { kind, mode: "streams" as const, args: [...args], stdin: stdin !== undefined, ...this.#placeOf(place) };
    return new Execution(this.#parts.link, { sandbox: this.id, session, ...(stdin === undefined ? {} : { stdin }), ...(signal === undefined ? {} : { signal }) });
  }

  /** Open a pseudo-terminal with a program, or with the sandbox's agent as a person sees it. Disposing of it ends the session. */
  async pty({ command, args = [], size = { columns: 80, rows: 24 }, term = "xterm-256color", ...place }: TerminalOptions = {}): Promise<Terminal> {
    const connection = await this.#parts.link();
    const session = await connection.client.openSession({
      sandbox: this.id,
      kind: command === undefined ? "agent" : "exec",
      mode: "terminal",
      args: [...(command ?? args)],
      stdin: true,
      terminal: { size, term },
      ...this.#placeOf(place),
    });
    return await joinTerminal(connection, session, { owned: true });
  }

  /**
   * Join a terminal session that runs: the named one, or the newest. Disposing of it leaves the session.
   *
   * @throws AppError `SESSION_NOT_FOUND`
   */
  async attach(session?: SessionId): Promise<Terminal> {
    const connection = await this.#parts.link();
    const { sessions } = await connection.client.inspectSandbox({ sandbox: this.id });
    const found = sessions.findLast(({ id, mode, state }) => mode === "terminal" && state.phase === "running" && (session === undefined || id === session));
    if (found === undefined)
      throw new AppError("SESSION_NOT_FOUND", { message: `"${this.name}" has no running terminal session${session === undefined ? "" : ` "${session}"`}`, fix: "Open one with pty()." });
    return await joinTerminal(connection, found, { owned: false });
  }

  /** How it stands, with its sessions. @throws AppError `SANDBOX_NOT_FOUND` */
  async inspect(signal?: AbortSignal): Promise<Sandbox> {
    return await (await this.#parts.link()).client.inspectSandbox({ sandbox: this.id }, signal);
  }

  /** Sessions that run and that have ended, the newest last. */
  async sessions(signal?: AbortSignal): Promise<readonly Session[]> {
    return (await this.inspect(signal)).sessions;
  }

  /** Events of this sandbox: its whole record and then what comes, or what comes after `after`. Ends with its removal. */
  events(options: EventOptions = {}): AsyncGenerator<Event, undefined> {
    return followEvents(this.#parts.events, { after: 0, ...options, sandbox: this.id });
  }

  /** What is recorded of it, the newest last: at most `limit` events, the oldest after `after`. */
  async record({ after = 0, limit = 200 }: { readonly after?: number; readonly limit?: number } = {}): Promise<readonly Event[]> {
    return await (await this.#parts.link()).client.listEvents({ sandbox: this.id, after, limit });
  }

  /** What its last run changed in the workspace, and what of that would run on this machine. */
  async report(signal?: AbortSignal): Promise<WorkspaceReport> {
    return await (await this.#parts.link()).client.reportWorkspace({ sandbox: this.id }, signal);
  }

  /** Let it reach a destination from now on. @throws AppError `CONFIG_INVALID`, `ORGANISATION_DENIED` */
  async allow(destination: string): Promise<Rule> {
    return await this.#rule("allow", destination);
  }

  /** Keep it from a destination from now on; what is open to it ends. */
  async deny(destination: string): Promise<Rule> {
    return await this.#rule("deny", destination);
  }

  async #rule(effect: "allow" | "deny", destination: string): Promise<Rule> {
    const [to = destination] = destinations([destination]);
    return await (await this.#parts.link()).client.addRule({ effect, to, sandbox: this.id });
  }

  /**
   * Put packages of the system into it, by their names alone or with `=VERSION`. Resolves with whether they wait for its
   * next start, because a program runs in it; otherwise it was started anew with them.
   *
   * @throws AppError `PACKAGE_UNKNOWN`, `BUILD_FAILED`, `CONFIG_INVALID` for what is no name
   */
  async install(packages: readonly string[], signal?: AbortSignal): Promise<{ readonly pending: boolean }> {
    const { pending } = await (await this.#parts.link()).client.installPackages({ sandbox: this.id, packages: [...packages] }, signal);
    return { pending };
  }

  /**
   * Save what it is made of as a template, to start others from: its image with the packages that were installed, and of its
   * home the paths of `home`, without secrets, histories and caches unless one is named itself.
   *
   * @throws AppError `NAME_TAKEN` unless `replace`, `PATH_NOT_FOUND`
   */
  async save(name: string, { home = [], replace = false, signal }: { readonly home?: readonly string[]; readonly replace?: boolean; readonly signal?: AbortSignal } = {}): Promise<TemplateView> {
    return await (await this.#parts.link()).client.saveTemplate({ sandbox: this.id, name, home: [...home], replace }, signal);
  }

  /** What was decided of its Kits when it was made, or made anew, and what they are granted; in the format's own words. */
  async selection(signal?: AbortSignal): Promise<SelectionView> {
    return await (await this.#parts.link()).client.inspectSelection({ sandbox: this.id }, signal);
  }

  /**
   * Make it anew of its Kits as they are now, or of others: its containers and its home go, and install hooks do not run again. Its
   * name, rules, packages and the volumes of Kits stay. What is refused changes nothing.
   *
   * @throws AppError `SANDBOX_BUSY` while a session runs, unless `force`; `KIT_CONFLICT` where a volume that it has is asked for otherwise
   */
  async recreate({ agent, kits, kitArgs, reject, force = false, signal }: RecreateOptions = {}): Promise<void> {
    const reference = (kit: string): string => kitReference(kit, this.#parts.absolute);
    await (
      await this.#parts.link()
    ).client.recreateSandbox(
      {
        sandbox: this.id,
        ...(agent === undefined ? {} : { agent: reference(agent) }),
        ...(kits === undefined ? {} : { kits: kits.map(reference) }),
        ...(reject === undefined ? {} : { reject: [...reject] }),
        args: { ...kitArgs },
        force,
      },
      signal,
    );
  }

  /** Start it when it is stopped. */
  async start(signal?: AbortSignal): Promise<void> {
    await (await this.#parts.link()).client.startSandbox({ sandbox: this.id }, signal);
  }

  /** End its sessions and stop it; its home and what was made in its workspace stay. */
  async stop(signal?: AbortSignal): Promise<void> {
    await (await this.#parts.link()).client.stopSandbox({ sandbox: this.id }, signal);
  }

  /** Take it away with its home. @throws AppError `SANDBOX_BUSY` while a session runs, unless `force` */
  async remove({ force = false, signal }: { readonly force?: boolean; readonly signal?: AbortSignal } = {}): Promise<void> {
    refuseAborted(signal, `The removal of "${this.name}"`);
    await (await this.#parts.link()).client.removeSandbox({ sandbox: this.id, force: force ? "true" : "false" }, signal);
  }

  /** Take the sandbox away when this program made it; leave it otherwise. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#parts.owned) return;
    try {
      await this.remove({ force: true });
    } catch (error) {
      if (!AppError.is(error) || error.code !== "SANDBOX_NOT_FOUND") throw error;
    }
  }

  #placeOf({ env, cwd, deadlineMs, user }: Pick<ExecOptions, "env" | "cwd" | "deadlineMs" | "user">): {
    readonly user?: string;
    readonly env: Record<string, string>;
    readonly workdir?: string;
    readonly deadlineMs?: number;
  } {
    return {
      env: { ...env },
      ...(user === undefined ? {} : { user }),
      ...(cwd === undefined ? {} : { workdir: cwd.startsWith("/") ? cwd : `${this.workspace}/${cwd}` }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
  }
}
