import type { WorkloadAccount } from "./workload-account.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Variables that every program of a sandbox has by whose account it runs in, whatever its image and its Kits set. */
export function accountVariables({ name, home }: WorkloadAccount): Readonly<Record<string, string>> {
  return { PATH, HOME: home, USER: name, LOGNAME: name, SHELL: "/bin/bash", LANG: "C.UTF-8" };
}
