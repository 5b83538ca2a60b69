import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { refuseOptions, type Refusal } from "./refused-command.ts";

const NOT_YET = "is not part of this version of sbx";

/** Flags of Docker's gateway that mean nothing here, or something that cannot be kept. The value in `unless` says what holds anyway. */
const REFUSED: Readonly<Record<string, Refusal & { readonly unless?: string | boolean }>> = {
  "--verify-signatures [bool]": { message: `Checking signatures of images ${NOT_YET}`, fix: "Name images by digest in your catalog, and leave --verify-signatures out.", unless: false },
  "--block-network [bool]": {
    message: "A server always reaches only the hosts that its entry allows",
    fix: "Add hosts to allowHosts in a catalog of your own, and leave --block-network out.",
    unless: true,
  },
  "--cpus <number>": { message: "Limits for each server from the command line are not part of this version of sbx: every server has the same ones", fix: "Leave --cpus out." },
  "--memory <size>": { message: "Limits for each server from the command line are not part of this version of sbx: every server has the same ones", fix: "Leave --memory out." },
  "--long-lived [bool]": { message: "A server runs as long as it is used and a while longer, always", fix: "Leave --long-lived out.", unless: true },
  "--secrets <places>": {
    message: "Secrets come from the vault of sbx and from nowhere else",
    fix: "Take the file in once, and leave --secrets out: sbx secret import FILE",
    unless: "docker-desktop",
  },
  "--oci-ref <reference>": { message: `Running servers that are artifacts of a registry ${NOT_YET}`, fix: "Name the image: sbx mcp server enable docker://IMAGE" },
  "--mcp-registry <url>": { message: "A server of a community registry is enabled by its address, once", fix: "Enable it first: sbx mcp server enable https://HOST/v0/servers/SERVER/versions/latest" },
  "--static [bool]": { message: "Servers are started by sbx alone, and none that runs already is joined", fix: "Leave --static out.", unless: false },
  "--watch [bool]": { message: "A change of the files holds at once, always", fix: "Leave --watch out; to hold a state fixed, name files: --registry FILE --config FILE", unless: true },
  "--debug-dns [bool]": { message: "There is no DNS of containers to look into: names are answered by the wall", fix: "See what a server asked for with: sbx events", unless: false },
  "--log <file>": { message: "The log goes to standard error", fix: "Send it to a file there: sbx mcp gateway run 2> FILE" },
};

/** Answer flags of Docker's gateway that cannot be kept with what to do instead; none is passed over in silence. */
export function addGatewayRefusals(command: CommandUnknownOpts): CommandUnknownOpts {
  return refuseOptions(command, REFUSED);
}
