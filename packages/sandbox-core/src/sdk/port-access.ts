import type { LoopbackAddress, PublishedPortView } from "@sbx/contracts";
import type { DaemonLink } from "./daemon-link.ts";

/** Where a port of a sandbox is published on this machine. */
export interface PublishOptions {
  /** Any that is free unless said. */
  readonly hostPort?: number;
  /** The loopback address; 127.0.0.1 unless said. There is no other choice than `::1`. */
  readonly hostIp?: LoopbackAddress;
  readonly signal?: AbortSignal;
}

/** Ports of a sandbox at this machine's loopback, where this machine's programs reach them and nobody else. */
export class PortAccess {
  readonly #sandbox: string;
  readonly #link: DaemonLink;

  constructor({ sandbox, link }: { readonly sandbox: string; readonly link: DaemonLink }) {
    this.#sandbox = sandbox;
    this.#link = link;
  }

  /** Publish a TCP port until it is taken back or the sandbox stops. @throws AppError `PORT_TAKEN` where another has it */
  async publish(port: number, { hostPort = 0, hostIp = "127.0.0.1", signal }: PublishOptions = {}): Promise<PublishedPortView> {
    return await (await this.#link()).client.publishPort({ sandbox: this.#sandbox, port, hostPort, hostIp }, signal);
  }

  /** Take back what is published at a port of this machine; connections that are open through it end. */
  async unpublish({ hostPort, hostIp = "127.0.0.1" }: Pick<PublishedPortView, "hostPort"> & { readonly hostIp?: LoopbackAddress }): Promise<void> {
    await (await this.#link()).client.unpublishPort({ sandbox: this.#sandbox, hostPort: String(hostPort), hostIp });
  }

  /** What is published now. */
  async list(signal?: AbortSignal): Promise<readonly PublishedPortView[]> {
    return await (await this.#link()).client.listPorts({ sandbox: this.#sandbox }, signal);
  }
}
