import type { Client } from "@sbx/contracts";
import { SUITE_HOSTS } from "./suite-hosts.ts";

/** The service of the suite's credentials. */
const SERVICE = "kit-tck";

/** Give a daemon the secret that the suite looks for inside, as its person would: bound to the hosts that the suite speaks to. */
export async function bindSecret(client: Pick<Client, "setSecret" | "bindSecretToHost">, value: string): Promise<void> {
  await client.setSecret({ name: SERVICE, value });
  for (const host of Object.keys(SUITE_HOSTS)) await client.bindSecretToHost({ name: SERVICE, host });
}
