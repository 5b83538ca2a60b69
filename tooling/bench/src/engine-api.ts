import { request } from "node:http";
import * as z from "zod";

const Made = z.object({ Id: z.string() });
const Ended = z.object({ ExitCode: z.number() });
const Containers = z.array(z.object({ Id: z.string(), ImageID: z.string() }));
const Inspected = z.object({ State: z.object({ Pid: z.number() }), Config: z.object({ Labels: z.record(z.string(), z.string()) }) });
const Volumes = z.object({ Volumes: z.array(z.unknown()).nullable() });

/** The container engine's own API, without a library: what sbx is compared to. */
export interface EngineApi {
  /** Create an exec, start it, read its output to the end, ask for its exit code. */
  exec(container: string, command: readonly string[]): Promise<number>;
  /** Make a container of an image on the usual network, start it, run a command in it, and remove it. */
  life(image: string, command: readonly string[]): Promise<number>;
  /** The container of a sandbox that has this role, and the image it was made of. */
  containerOf(sandbox: string, role: string): Promise<{ readonly id: string; readonly image: string }>;
  /** Number of the container's first process on this machine. */
  pidOf(container: string): Promise<number>;
  /** What counts the containers and volumes of the daemon that made this container, also when it is gone. */
  leftBeside(container: string): Promise<() => Promise<number>>;
}

/** Talk to the engine that answers on a unix socket. */
export function connectEngineApi(socketPath: string): EngineApi {
  const ask = (method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const asked = request({ socketPath, method, path, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) }, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response
          .on("data", (chunk: Buffer) => chunks.push(chunk))
          .once("error", reject)
          .once("end", () => {
            const answer = Buffer.concat(chunks);
            if ((response.statusCode ?? 500) < 300) resolve(answer);
            else reject(new Error(`the engine answered ${method} ${path} with ${response.statusCode}: ${answer.toString("utf8")}`));
          });
      });
      asked.once("error", reject).end(text);
    });
  const json = async (method: "GET" | "POST", path: string, body?: object): Promise<unknown> => JSON.parse((await ask(method, path, body)).toString("utf8"));
  const exec: EngineApi["exec"] = async (container, command) => {
    const { Id } = Made.parse(await json("POST", `/containers/${container}/exec`, { Cmd: command, AttachStdout: true, AttachStderr: true }));
    await ask("POST", `/exec/${Id}/start`, { Detach: false, Tty: false });
    return Ended.parse(await json("GET", `/exec/${Id}/json`)).ExitCode;
  };
  return {
    exec,
    async life(image, command) {
      const { Id } = Made.parse(await json("POST", "/containers/create", { Image: image, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: "bridge" } }));
      try {
        await ask("POST", `/containers/${Id}/start`);
        return await exec(Id, command);
      } finally {
        await ask("DELETE", `/containers/${Id}?force=1&v=1`);
      }
    },
    async containerOf(sandbox, role) {
      const filters = JSON.stringify({ label: [`dev.sbx.sandbox=${sandbox}`, `dev.sbx.role=${role}`] });
      const [found] = Containers.parse(await json("GET", `/containers/json?filters=${encodeURIComponent(filters)}`));
      if (found === undefined) throw new Error(`${sandbox} has no ${role} that runs`);
      return { id: found.Id, image: found.ImageID };
    },
    pidOf: async (container) => Inspected.parse(await json("GET", `/containers/${container}/json`)).State.Pid,
    async leftBeside(container) {
      const { Config } = Inspected.parse(await json("GET", `/containers/${container}/json`));
      const filters = encodeURIComponent(JSON.stringify({ label: [`dev.sbx.owner=${Config.Labels["dev.sbx.owner"] ?? ""}`] }));
      return async () => {
        const containers = Containers.parse(await json("GET", `/containers/json?all=1&filters=${filters}`));
        const volumes = Volumes.parse(await json("GET", `/volumes?filters=${filters}`)).Volumes ?? [];
        return containers.length + volumes.length;
      };
    },
  };
}
