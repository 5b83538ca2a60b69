/** One line of a git configuration. Section and name are lower case, the middle part is as written: `remote.Origin.url`. */
export interface GitSetting {
  readonly key: string;
  readonly value: string;
}

const SECTION = /^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/su;
/** An escape, the rest of a comment, what means nothing special, or one character that does. */
const PLAIN_PIECE = /\\.|[#;][^\n]*|[^\\\n"#;]+|[\n"]/suy;
/** The same within quotes, where no comment begins. */
const QUOTED_PIECE = /\\.|[^\\\n"]+|[\n"]/suy;
const NAME = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$/su;

/** Read a git configuration without following its includes. What git would reject is skipped. */
export function parseGitConfig(text: string): readonly GitSetting[] {
  const settings: GitSetting[] = [];
  let prefix = "";
  for (const line of joinedLines(text.replaceAll("\r\n", "\n"))) {
    let rest = line.trim();
    for (let section = SECTION.exec(rest); section !== null; section = SECTION.exec(rest)) {
      const [whole, name = "", sub] = section;
      prefix = sub === undefined ? name.toLowerCase() : `${name.toLowerCase()}.${sub.replaceAll(/\\(.)/gsu, "$1")}`;
      rest = rest.slice(whole.length).trim();
    }
    const setting = NAME.exec(rest);
    if (setting === null || prefix === "") continue;
    const [, name = "", value] = setting;
    settings.push({ key: `${prefix}.${name.toLowerCase()}`, value: value === undefined ? "true" : plainValue(value) });
  }
  return settings;
}

/**
 * Lines without comments. A backslash at the end of a line joins it with the next one, but neither one that is escaped
 * itself nor one in a comment does: else a comment could hide the settings below it.
 */
function joinedLines(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let quoted = false;
  for (let at = 0; at < text.length;) {
    const pattern = quoted ? QUOTED_PIECE : PLAIN_PIECE;
    pattern.lastIndex = at;
    const piece = pattern.exec(text)?.[0] ?? text.charAt(at);
    at += piece.length;
    if (piece === "\n") {
      lines.push(line);
      line = "";
      quoted = false;
    } else if (piece !== "\\\n" && (quoted || !/^[#;]/u.test(piece))) {
      if (piece === '"') quoted = !quoted;
      line += piece;
    }
  }
  return [...lines, line];
}

/** A value without its quotes, escapes and comment. */
function plainValue(raw: string): string {
  let value = "";
  let quoted = false;
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw.charAt(index);
    if (character === '"') quoted = !quoted;
    else if (character === "\\") value += unescape(raw.charAt((index += 1)));
    else if (!quoted && (character === "#" || character === ";")) break;
    else value += character;
  }
  return quoted ? value : value.trim();
}

function unescape(character: string): string {
  const special: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b" };
  return special[character] ?? character;
}

/** Keys whose value is a program, or a place from which git takes programs or further settings. */
const PROGRAM_KEYS: readonly RegExp[] = [
  /^core\.(?:fsmonitor|hookspath|sshcommand|gitproxy|editor|pager|askpass|alternaterefscommand|worktree|attributesfile)$/u,
  /^(?:include|includeif\..*)\.path$/su,
  /^filter\..*\.(?:clean|smudge|process)$/su,
  /^diff\..*\.(?:command|textconv)$/su,
  /^diff\.external$/u,
  /^(?:merge|mergetool|difftool|browser|man|guitool)\..*\.(?:driver|cmd|path)$/su,
  /^credential\.(?:.*\.)?helper$/su,
  /^(?:gpg\.(?:.*\.)?program|gpg\.ssh\.defaultkeycommand)$/su,
  /^(?:sequence\.editor|interactive\.difffilter|web\.browser|trailer\..*\.(?:command|cmd)|submodule\..*\.update|uploadpack\.packobjectshook|pager\..*)$/su,
  /^remote\..*\.(?:uploadpack|receivepack|vcs|proxy)$/su,
  /^(?:hook|tar)\..*\.command$/su,
  /^lfs\.(?:.*\.)?customtransfer\..*\.path$/su,
  /^(?:imap\.tunnel|instaweb\.httpd|sendemail\.(?:.*\.)?(?:smtpserver|sendmailcmd|tocmd|cccmd|headercmd))$/su,
  /^extensions\.(?:worktreeconfig|partialclone)$/u,
  /^(?:http\.(?:.*\.)?proxy|url\..*\.(?:insteadof|pushinsteadof))$/su,
  /^protocol\.(?:.*\.)?allow$/su,
  /^safe\./u,
];

/** Settings that run a program, or change where one is taken from. An alias counts when it begins with `!`. */
export function programSettings(settings: readonly GitSetting[]): readonly GitSetting[] {
  return settings.filter(({ key, value }) => (key.startsWith("alias.") ? value.startsWith("!") : isTransportHelper(key, value) || PROGRAM_KEYS.some((pattern) => pattern.test(key))));
}

/** `ext::` runs a command line, also as the address of a remote. */
function isTransportHelper(key: string, value: string): boolean {
  return /^(?:remote|submodule)\..*\.(?:url|pushurl)$/su.test(key) && (/^[a-z][a-z0-9+.-]*::/iu.test(value) || value.startsWith("-"));
}

/** Addresses of remotes in which a password or token stands, with the secret part left out. */
export function remotesWithSecrets(settings: readonly GitSetting[]): readonly { readonly key: string; readonly address: string }[] {
  return settings.flatMap(({ key, value }) => {
    const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/@\s]+)@([^/\s]+)/iu.exec(value);
    if (match === null || !/^(?:remote|submodule|url)\..*|^http\./su.test(key)) return [];
    const [, scheme = "", user = "", host = ""] = match;
    const secret = user.includes(":") || /^(?:gh[a-z]_|github_pat_|glpat-|x-)|.{30,}/u.test(user);
    return secret && !/^ssh:/iu.test(scheme) ? [{ key, address: `${scheme}…@${host}` }] : [];
  });
}

/** Settings of `after` that run programs and that `before` does not have with the same value. */
export function addedProgramSettings(before: string, after: string): readonly GitSetting[] {
  const known = new Set(programSettings(parseGitConfig(before)).map(({ key, value }) => `${key}\0${value}`));
  return programSettings(parseGitConfig(after)).filter(({ key, value }) => !known.has(`${key}\0${value}`));
}
