import type { GatewayOptions } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { SessionDrive } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { readInput } from "./read-input.ts";

/** The flags of `sbx mcp gateway run`, parsed. */
export interface GatewayFlags {
  readonly profile?: string | undefined;
  readonly servers: readonly string[];
  readonly enableAllServers?: true | undefined;
  readonly catalog: readonly string[];
  readonly additionalCatalog: readonly string[];
  readonly registry: readonly string[];
  readonly additionalRegistry: readonly string[];
  readonly config: readonly string[];
  readonly additionalConfig: readonly string[];
  readonly toolsConfig: readonly string[];
  readonly additionalToolsConfig: readonly string[];
  readonly tools: readonly string[];
  readonly transport: "stdio" | "sse" | "streaming";
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly allowUnauthenticated?: true | undefined;
  readonly logCalls: boolean;
  readonly blockSecrets: boolean;
  readonly interceptor: readonly string[];
  readonly dryRun?: true | undefined;
  readonly verbose?: true | undefined;
}

/** Run a gateway in the daemon for as long as this command runs. @returns the exit code */
export async function runGateway(context: Context, flags: GatewayFlags): Promise<number> {
  refuseContradictions(flags);
  const connection = await context.daemon.connect();
  const { gateway } = await connection.client.openGateway(await optionsOf(context, connection, flags));
  const { io } = context;
  const drive = new SessionDrive(await connection.gateway(gateway, new AbortController().signal), { stdout: io.stdout, stderr: io.stderr });
  let ended: number | undefined;
  const release = context.onSignal((name) => {
    if (ended === undefined) drive.signal(name);
    else drive.leave();
    ended = name === "SIGINT" ? EXIT.interrupted : name === "SIGTERM" ? EXIT.terminated : EXIT.hungUp;
  });
  try {
    const stdio = flags.transport === "stdio" && flags.dryRun !== true;
    if (stdio) drive.sendStdin(io.stdin());
    const end = await drive.end;
    if (end.kind === "problem" && ended === undefined) throw end.error;
    if (end.kind === "lost" && ended === undefined) throw new AppError("DAEMON_UNREACHABLE", { message: "The daemon ended, and the gateway with it", fix: "Run the command again." });
    return ended ?? (end.kind === "exit" ? end.code : EXIT.done);
  } finally {
    release();
    if (flags.transport === "stdio") io.stdin().destroy();
  }
}

function refuseContradictions({ profile, host, transport, port, ...flags }: GatewayFlags): void {
  const usage = (message: string, fix: string): AppError => new AppError("USAGE", { message, fix });
  const legacy = flags.servers.length + flags.catalog.length + flags.registry.length + flags.config.length + flags.toolsConfig.length > 0 || flags.enableAllServers === true;
  if (profile !== undefined && legacy) throw usage("cannot use --profile with --servers, --enable-all-servers, --catalog, --registry, --config or --tools-config", "Leave one of them out.");
  if (flags.servers.length > 0 && flags.enableAllServers === true) throw usage("cannot use --servers with --enable-all-servers", "Leave one of them out.");
  if (transport === "stdio" && port !== undefined && port !== 0) throw usage("cannot use --port with --transport=stdio", "Leave --port out, or choose --transport=streaming.");
  const image = flags.interceptor.find((rule) => /^(?:before|after):docker:/.test(rule));
  if (image !== undefined) throw usage(`"${image}" would run an image for each call, which this version of sbx does not`, "Run it yourself: before:exec:docker run --rm -i --network none IMAGE");
  if (host !== undefined && !["127.0.0.1", "localhost"].includes(host))
    throw usage(
      `The gateway does not listen on "${host}": whoever reaches it uses your servers with your secrets, so it is for this machine only`,
      "Leave --host out. From another machine, go through SSH: ssh -L 8811:127.0.0.1:8811 THIS-MACHINE",
    );
}

async function optionsOf(context: Context, { client }: Connection, flags: GatewayFlags): Promise<Parameters<Connection["client"]["openGateway"]>[0]> {
  const catalogs = [...flags.catalog, ...flags.additionalCatalog].map(catalogName);
  const token = context.env["MCP_GATEWAY_AUTH_TOKEN"];
  const files = await filesOf(context, client, flags);
  return {
    transport: flags.transport,
    ...(flags.port === undefined || flags.port === 0 ? {} : { port: flags.port }),
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.servers.length === 0 ? {} : { servers: [...flags.servers] }),
    allServers: flags.enableAllServers === true,
    ...(catalogs.length === 0 ? {} : { catalogs }),
    ...(files === undefined ? {} : { files }),
    tools: [...flags.tools],
    ...(token === undefined || token === "" || flags.transport === "stdio" ? {} : { token }),
    allowUnauthenticated: flags.allowUnauthenticated === true,
    logCalls: flags.logCalls,
    blockSecrets: flags.blockSecrets,
    interceptors: [...flags.interceptor],
    verbose: flags.verbose === true,
    dryRun: flags.dryRun === true,
  };
}

/** A catalog by name, with or without the ending of its file; files and addresses become catalogs by an import. */
function catalogName(text: string): string {
  if (/^https?:\/\//.test(text) || /^[./~]/.test(text))
    throw new AppError("USAGE", { message: `"${text}" is no catalog that is kept here`, fix: `Import it first, then name it: sbx mcp catalog import ${text}` });
  return text.replace(/\.ya?ml$/, "");
}

/** The three files, when one of them was named; the others are those of sbx. */
async function filesOf(context: Context, client: Connection["client"], flags: GatewayFlags): Promise<GatewayOptions["files"]> {
  const named = {
    registry: [...flags.registry, ...flags.additionalRegistry],
    config: [...flags.config, ...flags.additionalConfig],
    tools: [...flags.toolsConfig, ...flags.additionalToolsConfig],
  };
  if (Object.values(named).every((files) => files.length === 0)) return undefined;
  const textsOf = async (file: "registry" | "config" | "tools", additional: boolean): Promise<string[]> => {
    const own = `${file}.yaml`;
    const names = named[file].length === 0 || additional ? [own, ...named[file]] : named[file];
    return await Promise.all(names.map(async (name) => (name === own ? (await client.readStateFile({ file })).text : await readInput(context, name))));
  };
  return {
    registry: await textsOf("registry", flags.registry.length === 0),
    config: await textsOf("config", flags.config.length === 0),
    tools: await textsOf("tools", flags.toolsConfig.length === 0),
  };
}
