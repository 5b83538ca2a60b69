/** The name a sandbox gets when nobody gives one: agent and directory, made unlike the names that are taken. */
export function sandboxName(agent: string, workspace: string, taken: (name: string) => boolean): string {
  const last = (path: string): string => path.split("/").findLast((part) => part !== "") ?? "";
  const base = `${plain(last(agent))}-${plain(last(workspace)) || "workspace"}`.slice(0, 50);
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (!taken(name)) return name;
  }
}

/** What remains of a text in letters, digits, dots and dashes; by it a sandbox also finds itself. */
function plain(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]+/g, "-").replaceAll(/^[.-]+|[.-]+$/g, "");
}
