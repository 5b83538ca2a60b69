import { BlockList, isIPv6, Socket } from "node:net";
import { systemConnect, type Connect } from "@sbx/egress-proxy";

/**
 * Dial for a daemon beside its engine. The loopback that it would reach is of the engine's machine, and whoever wrote a rule about
 * a service of this machine meant another one: nothing is dialled there, whatever rule says so.
 */
export function dialFromThere(connect: Connect = systemConnect): Connect {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  // Linux takes "no address" for its own.
  loopback.addSubnet("0.0.0.0", 8);
  loopback.addAddress("::", "ipv6");
  return (options) => {
    const { host = "127.0.0.1" } = options;
    if (!loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4")) return connect(options);
    return new Socket().destroy(Object.assign(new Error(`${host} is the loopback of the engine's machine`), { code: "it is the engine's machine's own" }));
  };
}
