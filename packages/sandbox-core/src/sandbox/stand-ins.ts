import { createHash } from "node:crypto";
import { ASKED_ADDRESSES } from "@sbx/contracts";
import type { Mount } from "../ports/engine.ts";
import { CLIPBOARD_NAMES, CLIPBOARD_PART } from "./clipboard-stand-in.ts";

/** Where an image's programs come before those of its distribution. */
const DIRECTORY = "/usr/local/bin";
/** Programs that need a person of the machine, in whose place one of ours says what to ask for. */
const NAMES = ["sudo", "apt", "apt-get", "xdg-open", ...CLIPBOARD_NAMES] as const;

/**
 * What is run in place of `sudo`, `apt`, `apt-get`, `xdg-open` and the programs of a clipboard: it changes nothing and asks nobody, it only says who can do it and by
 * which command. What `apt` can do without rights it does. Names of packages are printed only where they are plain ones.
 */
export const STAND_IN = String.raw`#!/bin/sh
name="${"$"}{0##*/}"
say() { printf 'sbx: %s\n' "$1" >&2; }
plain() { case "$1" in *[!a-zA-Z0-9.+:=~-]*|-*|'') return 1 ;; esac; }
refuse() {
  say 'packages of the system are put into a sandbox by the person at the machine, who can run:'
  say "  sbx install --sandbox ${"$"}{SBX_SANDBOX:-NAME}$1"
  say 'ask for it; or install into your home: npm, pip and others work without root'
  exit 100
}
if [ "$name" = xdg-open ]; then
  case "${"$"}{1:-}" in
    http://*|https://*) ;;
    *) say 'the person at the machine can be asked to open web addresses, and nothing else'; exit 2 ;;
  esac
  address=$(printf %s "$1" | tr -d '\000-\037\177' | cut -c1-2048)
  { tail -n 4 ${ASKED_ADDRESSES} 2>/dev/null; printf '%s\n' "$address"; } > "${ASKED_ADDRESSES}.$$" && mv -f "${ASKED_ADDRESSES}.$$" ${ASKED_ADDRESSES}
  # A person at a terminal hears it, and nothing is written over what is shown there.
  { printf '\007' > /dev/tty; } 2>/dev/null || :
  say 'nothing is opened from a sandbox by itself; the person at the machine can look at the address, and open it, with:'
  say "  sbx open ${"$"}{SBX_SANDBOX:-NAME}"
  exit 0
fi
${CLIPBOARD_PART}
if [ "$name" = sudo ]; then
  while [ $# -gt 0 ]; do
    case "$1" in
      --) shift; break ;;
      -u|-g|-h|-p|-C|-D|-R|-T|-U|-r|-t) shift; [ $# -gt 0 ] && shift ;;
      -*|[A-Za-z_]*=*) shift ;;
      *) break ;;
    esac
  done
  case "${"$"}{1##*/}" in
    apt|apt-get|aptitude) name=apt-get; shift ;;
    *) say 'nobody is root in a sandbox, and sudo gives no rights; run it without sudo, as far as it goes'; exit 1 ;;
  esac
fi
verb=''
wanted=''
for word in "$@"; do
  case "$word" in
    -*) ;;
    *) if [ -z "$verb" ]; then verb="$word"; elif plain "$word"; then wanted="$wanted $word"; fi ;;
  esac
done
case "$verb" in
  install|reinstall|build-dep) refuse "${"$"}{wanted:- PACKAGE}" ;;
  update|upgrade|full-upgrade|dist-upgrade|remove|purge|autoremove|autopurge) refuse ' PACKAGE' ;;
esac
[ -x "/usr/bin/$name" ] || { say "there is no $name in this image"; exit 127; }
exec "/usr/bin/$name" "$@"
`;

/** Under which name the program is kept; another content has another one. */
export const STAND_IN_NAME = `stand-in-${createHash("sha256").update(STAND_IN).digest("hex").slice(0, 12)}`;

/** Mounts that put the program at `source` of the host where it stands in for others. */
export function standInMounts(source: string): readonly Mount[] {
  return NAMES.map((name) => ({ kind: "bind", source, target: `${DIRECTORY}/${name}`, readonly: true }));
}
