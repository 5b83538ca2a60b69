import { keyTypeOf } from "./host-key.ts";
import type { SessionBind } from "./session-bind.ts";
import { readSignedData, type LoginRequest, type SignedData } from "./signed-data.ts";

/** What a sandbox may have signed: anything, or signatures of named purposes and logins to named hosts. */
export type SshGrant = { readonly unrestricted: true } | BoundedGrant;

interface BoundedGrant {
  readonly unrestricted: false;
  /** Namespaces of signatures (SSHSIG), such as `git`. */
  readonly sign: readonly string[];
  /** Logins, as `host` or `user@host`; hosts in lower case. */
  readonly authenticate: readonly string[];
}

/** What somebody wants to have signed. */
export interface SignRequest {
  readonly key: Buffer;
  readonly data: Buffer;
  readonly flags: number;
}

export interface DecisionFacts {
  /** How the connection was bound, in order. */
  readonly binds: readonly SessionBind[];
  /** Whether the person's machine knows this key as this host's. */
  readonly knows: (host: string, key: Buffer) => Promise<boolean>;
}

/** Whether something is signed: what for, or why not. */
export type Decision = { readonly passes: true; readonly purpose: string } | { readonly passes: false; readonly reason: string };

/** Flags by which an RSA key signs with SHA-2. */
const RSA_FLAGS: ReadonlyMap<number, string> = new Map([
  [2, "rsa-sha2-256"],
  [4, "rsa-sha2-512"],
]);

/** Decide about one signature. Whatever is not understood as a whole is refused by a bounded grant. */
export async function decideSignature(grant: SshGrant, request: SignRequest, facts: DecisionFacts): Promise<Decision> {
  const signed = readSignedData(request.data);
  if (grant.unrestricted) return { passes: true, purpose: purposeOf(signed) };
  if (facts.binds.some(({ isForwarding }) => isForwarding)) return refused("another machine asks through the sandbox");
  const algorithm = algorithmOf(request);
  if (algorithm === undefined) return refused("the key and the flags ask for no algorithm that is granted");
  if (signed === undefined) return refused("it is neither a signature of OpenSSH's form nor a login");
  if (signed.kind === "login") return await decideLogin(grant.authenticate, { login: signed, request, algorithm, facts });
  return grant.sign.includes(signed.namespace) ? { passes: true, purpose: purposeOf(signed) } : refused(`signatures for ${shown(signed.namespace)} are not granted`);
}

/** What a signature is for, as far as it says so itself: where nothing bounds it nobody proved to which host a login is. */
function purposeOf(signed: SignedData | undefined): string {
  if (signed === undefined) return "something else";
  return signed.kind === "signature" ? `signature for ${shown(signed.namespace)}` : `login ${shown(signed.user)}`;
}

/** What the key signs with; `undefined` for RSA with SHA-1 and for flags that mean something else. */
function algorithmOf({ key, flags }: SignRequest): string | undefined {
  const type = keyTypeOf(key);
  if (type === undefined) return undefined;
  if (!type.startsWith("ssh-rsa")) return flags === 0 ? type : undefined;
  const rsa = RSA_FLAGS.get(flags);
  return rsa === undefined ? undefined : type.replace("ssh-rsa", rsa);
}

interface LoginFacts {
  readonly login: LoginRequest;
  readonly request: SignRequest;
  readonly algorithm: string;
  readonly facts: DecisionFacts;
}

async function decideLogin(granted: readonly string[], { login, request, algorithm, facts: { binds, knows } }: LoginFacts): Promise<Decision> {
  if (!login.key.equals(request.key) || login.algorithm !== algorithm) return refused("the login is one with another key than the one that would sign");
  const [bind, ...others] = binds;
  if (bind === undefined || others.length > 0) return refused("the connection was not bound to the session of one host");
  if (!bind.sessionId.equals(login.sessionId)) return refused("the login is one of another session than the one that was bound");
  if (login.hostKey?.equals(bind.hostKey) === false) return refused("the login is one to another host than the one that was bound");
  for (const entry of granted) {
    const { user, host } = loginOf(entry);
    if ((user === undefined || user === login.user) && (await knows(host, bind.hostKey))) return { passes: true, purpose: `login ${shown(login.user)}@${host}` };
  }
  return refused(`no host that ${shown(login.user)} may log in to is known by this key`);
}

/** The parts of `[user@]host`. */
function loginOf(entry: string): { readonly user: string | undefined; readonly host: string } {
  const at = entry.lastIndexOf("@");
  return { user: at === -1 ? undefined : entry.slice(0, at), host: entry.slice(at + 1) };
}

function refused(reason: string): Decision {
  return { passes: false, reason };
}

/** Words from inside, which are printable already, no longer than a person reads. */
function shown(word: string): string {
  return word.slice(0, 100);
}
