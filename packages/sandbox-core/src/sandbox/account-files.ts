import { POD_DNS_ADDRESS } from "@sbx/contracts";

/** The lines of an image's account file, without those that carry this name or number. */
function without(lines: string, name: string, id: number): readonly string[] {
  return lines.split("\n").filter((line) => {
    const [lineName, , lineId] = line.split(":");
    return line !== "" && lineName !== name && Number(lineId) !== id;
  });
}

export interface Account {
  readonly name: string;
  readonly shell: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** `/etc/passwd` of a workload: the image's own, and its user with the ids that it has here. */
export function passwdFile(image: string, { name, shell, uid, gid, home }: Account): string {
  return [...without(image, name, uid), `${name}:x:${uid}:${gid}:${name}:${home}:${shell}`, ""].join("\n");
}

/** `/etc/group` of a workload. */
export function groupFile(image: string, { name, gid }: Account): string {
  return [...without(image, name, gid), `${name}:x:${gid}:`, ""].join("\n");
}

/** `/etc/hosts` of a workload: nothing but itself, so that a program that looks for one of its own names finds the pod's loopback. */
export function hostsFile(...names: readonly string[]): string {
  return `127.0.0.1 ${["localhost", ...names].join(" ")}\n`;
}

/** `/etc/debian_chroot` of a workload: what Debian's shells show before their prompt, so that a person sees in which sandbox they type. */
export function promptFile(name: string): string {
  return `${name}\n`;
}

/** `/etc/resolv.conf` of a workload: the pod's own name server. Not every engine gives what the gate's container was told to one that joins it. */
export function resolverFile(): string {
  return `nameserver ${POD_DNS_ADDRESS}\nsearch .\noptions ndots:1 timeout:2 attempts:2\n`;
}
