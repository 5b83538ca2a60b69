/** The hosts that the suite's Kits speak to, each at an address of its own of this machine's loopback where we stand in for it. */
export const SUITE_HOSTS: Readonly<Record<string, string>> = { "example.com": "127.0.0.81", "example.org": "127.0.0.82", "example.net": "127.0.0.83" };
