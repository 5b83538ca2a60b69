/** The kernel keeps no more of a program's name. */
const LONGEST_NAME = 15;

/** Asks the programs of these names to end, and after two seconds makes them. POSIX alone: a Kit's image may have nothing else. */
const SCRIPT = `
named() {
  for process in /proc/[0-9]*; do
    name=
    read -r name < "$process/comm" || continue
    for wanted; do [ "$name" = "$wanted" ] && echo "\${process#/proc/}"; done
  done 2>/dev/null
}
for signal in TERM KILL; do
  found=$(named "$@")
  [ -n "$found" ] || exit 0
  kill -s "$signal" $found 2>/dev/null
  turn=0
  while [ "$turn" -lt 20 ] && [ -n "$(named "$@")" ]; do sleep 0.1; turn=$((turn + 1)); done
done
[ -z "$(named "$@")" ]
`;

/**
 * The command that ends what an agent left running, by the names of its programs. Run as the sandbox's user, it reaches
 * nothing but what is the sandbox's own. `undefined` when there is no name to look for.
 */
export function leftoversCommand(names: readonly string[]): readonly [string, ...string[]] | undefined {
  return names.length === 0 ? undefined : ["/bin/sh", "-c", SCRIPT, "leftovers", ...names.map((name) => name.slice(0, LONGEST_NAME))];
}
