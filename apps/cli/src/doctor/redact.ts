/** Who asks, as nobody else should read it. */
interface Person {
  readonly home: string;
  readonly user: string;
}

/** Longer lines are cut: patterns look at every place of a line, and nobody reads on. */
const LONGEST_LINE = 2000;
const HIDDEN = "[hidden]";

/** Shapes in which credentials come, whoever gave them out. */
const CREDENTIALS: readonly RegExp[] = [
  /\b(?:authorization|x-api-key|x-goog-api-key|cookie)["']?\s*[:=]\s*["']?[^"'\n,}]+/gi,
  /(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|credential)[\w-]*["']?\s*[:=]\s*(?:"[^"]*"?|'[^']*'?|[^\s,;}"']+)/gi,
  /\b(?:sk|pk|rk|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|npm|pypi|hf|ksk|AKIA|ASIA|AIza)[-_]?[\w-]{12,}/g,
];
/** Anything long enough and mixed enough to be a key, whatever its shape; hashes of images go with it. The second one is an AWS secret's. */
const MIXED: readonly RegExp[] = [/(?<!\w)(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{20,}/g, /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g];
/** A user and what follows them in an address, and addresses of people. */
const USERS: readonly RegExp[] = [/(?<=:\/\/)[^\s/@"']+(?=@)/g, /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g];

/** Take out of a text what may be a credential, who the person is, and where their home lies. Rather too much than too little. */
export function redact(text: string, person: Person): string {
  return withoutKeys(text)
    .split("\n")
    .map((line) => redactLine(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} [cut]` : line, person))
    .join("\n");
}

/** A key in PEM is hidden to its end, or to the end of the text where that is missing. */
function withoutKeys(text: string): string {
  const [before = "", ...blocks] = text.split("-----BEGIN ");
  return [before, ...blocks.map((block) => (block.includes("-----END ") ? block.slice(block.indexOf("-----END ") + "-----END ".length) : ""))].join(HIDDEN);
}

function redactLine(line: string, { home, user }: Person): string {
  const without = [...CREDENTIALS, ...MIXED, ...USERS].reduce((rest, pattern) => rest.replace(pattern, HIDDEN), line);
  const placed = home === "" || home === "/" ? without : without.replaceAll(home, "~");
  return user.length < 3 || user === "root" ? placed : placed.replace(new RegExp(`(?<![\\w-])${escape(user)}(?![\\w-])`, "g"), "USER");
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
