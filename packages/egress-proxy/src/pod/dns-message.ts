/** A question as a resolver asks it. One class, one question, nothing else is understood. */
export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Labels joined by dots, in lower case, without a final dot; `undefined` for a name that is no host name. */
  readonly name: string | undefined;
  readonly type: number;
  readonly class: number;
  /** The question as it came, to be repeated byte for byte. */
  readonly question: Buffer;
  readonly extended: boolean;
}

export type ParsedQuery =
  | { readonly kind: "query"; readonly query: DnsQuery }
  /** It can be told that it is wrong. */
  | { readonly kind: "malformed"; readonly id: number; readonly code: 1 | 4 }
  /** It is not even a query: no answer, so that no two servers ever answer each other. */
  | { readonly kind: "noise" };

export const TYPE_A = 1;
export const CLASS_IN = 1;
const TYPE_OPT = 41;
const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const RESPONSE = 0x8000;
const OPERATION = 0x7800;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const FORMERR = 1;
const NOTIMP = 4;
const EXTENDED_BYTES = 1232;

/** Read one message. Anything but an ordinary query of one question, with at most an EDNS record, is malformed. */
export function parseQuery(bytes: Buffer): ParsedQuery {
  if (bytes.byteLength < HEADER_BYTES) return { kind: "noise" };
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  if ((flags & RESPONSE) !== 0) return { kind: "noise" };
  if ((flags & OPERATION) !== 0) return { kind: "malformed", id, code: NOTIMP };
  const query = readQuestion(bytes, { id, flags });
  return query === undefined ? { kind: "malformed", id, code: FORMERR } : { kind: "query", query };
}

/** One whole question and at most an EDNS record behind it. */
function readQuestion(bytes: Buffer, { id, flags }: { readonly id: number; readonly flags: number }): DnsQuery | undefined {
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if ((flags & TRUNCATED) !== 0 || questions !== 1 || answers !== 0 || authorities !== 0) return undefined;
  const name = readName(bytes, HEADER_BYTES);
  if (name === undefined || name.end + 4 > bytes.byteLength) return undefined;
  const end = name.end + 4;
  const extended = additional === 1 && isExtension(bytes, end);
  if (!extended && (additional !== 0 || end !== bytes.byteLength)) return undefined;
  const question = Buffer.from(bytes.subarray(HEADER_BYTES, end));
  return { id, recursionDesired: (flags & RECURSION_DESIRED) !== 0, name: hostName(name.labels), type: bytes.readUInt16BE(name.end), class: bytes.readUInt16BE(name.end + 2), question, extended };
}

/** Write an answer: an address, or none with the response code `code` (0 means: there is no such record). */
export function encodeAnswer(query: DnsQuery, answer: { readonly address: string; readonly ttlSeconds: number } | { readonly code: 0 | 2 }): Buffer {
  const found = "address" in answer;
  const header = encodeHeader(query.id, { recursionDesired: query.recursionDesired, code: found ? 0 : answer.code, counts: [1, found ? 1 : 0, 0, query.extended ? 1 : 0] });
  return Buffer.concat([header, query.question, ...(found ? [encodeAddress(answer.address, answer.ttlSeconds)] : []), ...(query.extended ? [encodeExtension()] : [])]);
}

/** Tell a resolver that its message was not understood. */
export function encodeMalformed({ id, code }: { readonly id: number; readonly code: 1 | 4 }): Buffer {
  return encodeHeader(id, { recursionDesired: false, code, counts: [0, 0, 0, 0] });
}

function encodeHeader(id: number, { recursionDesired, code, counts }: { readonly recursionDesired: boolean; readonly code: number; readonly counts: readonly number[] }): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  // A response; recursion is available, as stub resolvers expect.
  header.writeUInt16BE(RESPONSE | RECURSION_AVAILABLE | (recursionDesired ? RECURSION_DESIRED : 0) | code, 2);
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  return header;
}

function encodeAddress(address: string, ttlSeconds: number): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_IN, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(4, 10);
  record.set(address.split(".").map(Number), 12);
  return record;
}

function encodeExtension(): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(TYPE_OPT, 1);
  record.writeUInt16BE(EXTENDED_BYTES, 3);
  return record;
}

/** Labels from `start`; compression has no place in a question. */
function readName(bytes: Buffer, start: number): { readonly labels: readonly Buffer[]; readonly end: number } | undefined {
  const labels: Buffer[] = [];
  for (let at = start; ;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at + 1 + length > bytes.byteLength || at + 1 + length - start > MAX_NAME_BYTES) return undefined;
    if (length === 0) return { labels, end: at + 1 };
    labels.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** Whether an EDNS record, and nothing else, fills the rest. */
function isExtension(bytes: Buffer, at: number): boolean {
  return at + 11 <= bytes.byteLength && bytes[at] === 0 && bytes.readUInt16BE(at + 1) === TYPE_OPT && at + 11 + bytes.readUInt16BE(at + 9) === bytes.byteLength;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
/** Names that end so are read as IPv4 addresses by many programs: `1.2.3.4`, `127.1`, `0x7f000001`. */
const NUMERIC = /^(?:\d+|0x[0-9a-f]*)$/;

function hostName(labels: readonly Buffer[]): string | undefined {
  const texts = labels.map((label) => label.toString("latin1").toLowerCase());
  const last = texts.at(-1);
  if (last === undefined || NUMERIC.test(last) || !texts.every((text) => LABEL.test(text))) return undefined;
  const name = texts.join(".");
  return name.length <= 253 ? name : undefined;
}
