/** Bytes that drive a terminal's parser. */
const [BEL, CAN, SUB, ESC, DEL] = [0x07, 0x18, 0x1a, 0x1b, 0x7f];
const [BACKSLASH, BRACKET, SEMICOLON, ZERO] = [0x5c, 0x5d, 0x3b, 0x30];
/** DCS, SOS, PM and APC: strings, which a terminal in a terminal may pass on outwards. */
const STRINGS: ReadonlySet<number> = new Set([0x50, 0x58, 0x5e, 0x5f]);
/** Commands with which programs write and read the clipboard: that of xterm, kitty's, and iTerm's, which also puts files on the disk. */
const REFUSED: ReadonlySet<number> = new Set([52, 5522, 1337]);
const XTERM = 52;
/** No terminal knows a command with a greater number; some would count beyond what they can and begin again. */
const GREATEST = 99_999;
/** Longest text in base64 that is put into a clipboard. */
const LONGEST = 1 << 20;
const WRITE = /^[cpqs0-7]*;([A-Za-z0-9+/]+={0,2})$/;

type State = "ground" | "escape" | "number" | "dropped" | "dropped-escape" | "string" | "string-escape";

/**
 * Takes out of a session's output what would read or write the clipboard of the person's terminal, however it is cut into
 * chunks: an agent that writes it may put a command where the person pastes next, and one that reads it has the last password.
 *
 * With `allow` texts are written, one command for each in its plainest form. Nothing is ever read.
 */
export class ClipboardFilter {
  readonly #allow: boolean;
  #state: State = "ground";
  /** ESC bytes that were seen and not passed on yet. */
  #escapes = 0;
  #digits = "";
  #payload = "";
  #continuing = 0;
  #lead = false;
  #refused = 0;
  #out: number[] = [];

  constructor({ allow = false }: { readonly allow?: boolean } = {}) {
    this.#allow = allow;
  }

  /** How often something was not passed on. */
  get refused(): number {
    return this.#refused;
  }

  /** What of a chunk goes to the terminal. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#state === "ground" && !this.#lead && this.#continuing === 0 && chunk.every((byte) => byte < 0x80 && byte !== ESC)) return chunk;
    this.#out = [];
    for (const byte of chunk) this.#take(byte);
    return Uint8Array.from(this.#out);
  }

  #take(byte: number): void {
    switch (this.#state) {
      case "ground":
        this.#ground(byte);
        return;
      case "escape":
        this.#escape(byte);
        return;
      case "number":
        this.#number(byte);
        return;
      case "dropped":
        this.#dropped(byte);
        return;
      case "dropped-escape":
        this.#droppedEscape(byte);
        return;
      case "string":
        if (byte === ESC) this.#state = "string-escape";
        else this.#text(byte, byte === CAN || byte === SUB ? "ground" : "string");
        return;
      case "string-escape":
        // Its end; where it is none, it is ended here, since a string that has another sequence in it is one to be passed on.
        this.#out.push(ESC, BACKSLASH);
        if (byte === BACKSLASH) this.#state = "ground";
        else this.#begin(byte);
        return;
    }
  }

  #ground(byte: number): void {
    if (byte === ESC) {
      this.#lead = false;
      this.#continuing = 0;
      this.#escapes = 1;
      this.#state = "escape";
    } else this.#text(byte, "ground");
  }

  /** Text as it is, but for control characters of eight bits, in UTF-8 or not: they begin sequences as ESC does. */
  #text(byte: number, next: State): void {
    this.#state = next;
    if (this.#lead) {
      this.#lead = false;
      if (isEightBitControl(byte)) {
        this.#out.push(CAN);
        return;
      }
      this.#out.push(0xc2);
    } else if (this.#continuing > 0 && byte >= 0x80 && byte <= 0xbf) {
      this.#continuing -= 1;
      this.#out.push(byte);
      return;
    }
    this.#continuing = continuationsOf(byte);
    if (byte === 0xc2) this.#lead = true;
    else this.#out.push(isEightBitControl(byte) ? CAN : byte);
  }

  /** A sequence began with ESC, and this is what follows. */
  #begin(byte: number): void {
    this.#escapes = 1;
    this.#state = "escape";
    this.#escape(byte);
  }

  #escape(byte: number): void {
    if (byte === ESC) this.#escapes = Math.min(this.#escapes + 1, 4);
    else if (byte === BRACKET) {
      this.#digits = "";
      this.#state = "number";
    } else if (isIgnored(byte)) {
      // A terminal carries it out and goes on with the sequence.
      if (byte !== DEL) this.#out.push(byte);
    } else {
      this.#release();
      if (STRINGS.has(byte)) this.#out.push(byte);
      else this.#text(byte, "ground");
      this.#state = STRINGS.has(byte) ? "string" : "ground";
    }
  }

  /** The number of a command, as tolerant terminals read it. */
  #number(byte: number): void {
    if ((byte >= ZERO && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x20) {
      if (byte >= ZERO) this.#digits = `${this.#digits}${byte - ZERO}`.replace(/^0+(?=\d)/, "").slice(0, 6);
      return;
    }
    if (isIgnored(byte)) return;
    const number = Number(this.#digits);
    if (REFUSED.has(number) || number > GREATEST) {
      this.#payload = "";
      this.#state = "dropped";
      if (byte !== SEMICOLON) this.#dropped(byte);
      return;
    }
    this.#release();
    this.#out.push(BRACKET, ...Buffer.from(this.#digits));
    this.#state = "ground";
    this.#ground(byte);
  }

  #dropped(byte: number): void {
    if (byte === BEL) this.#ended();
    else if (byte === ESC) this.#state = "dropped-escape";
    else if (byte === CAN || byte === SUB) this.#refuse();
    else if (this.#payload.length <= LONGEST) this.#payload += String.fromCodePoint(byte);
  }

  #droppedEscape(byte: number): void {
    if (byte === BACKSLASH) this.#ended();
    else {
      this.#refuse();
      this.#begin(byte);
    }
  }

  #ended(): void {
    const text = this.#allow && Number(this.#digits) === XTERM && this.#payload.length <= LONGEST ? WRITE.exec(this.#payload)?.[1] : undefined;
    if (text === undefined) {
      this.#refuse();
      return;
    }
    this.#state = "ground";
    this.#out.push(CAN, ...Buffer.from(`\u001B]52;c;${text}\u0007`));
  }

  /** Nothing comes in its place but the end of whatever stood before: what is on both sides of it never becomes one. */
  #refuse(): void {
    this.#state = "ground";
    this.#refused += 1;
    this.#out.push(CAN);
  }

  #release(): void {
    for (let at = 0; at < this.#escapes; at += 1) this.#out.push(ESC);
    this.#escapes = 0;
  }
}

/** How many bytes of a character follow its first, where that is not C2. */
function continuationsOf(byte: number): number {
  if (byte >= 0xf0) return 3;
  if (byte >= 0xe0) return 2;
  return byte >= 0xc3 ? 1 : 0;
}

function isEightBitControl(byte: number): boolean {
  return byte >= 0x80 && byte <= 0x9f;
}

/** Control characters that terminals pass over, or carry out, in the midst of a sequence. */
function isIgnored(byte: number): boolean {
  return (byte < 0x20 && byte !== BEL && byte !== CAN && byte !== SUB && byte !== ESC) || byte === DEL;
}

/** What to say of what was not passed on. */
export function refusedLine({ refused }: Pick<ClipboardFilter, "refused">, sandbox: string): string {
  return `sbx: ${refused === 1 ? "once" : `${refused} times`} a program in ${sandbox} wanted to reach your clipboard through the terminal, and did not; to let it write there: sbx attach --clipboard ${sandbox}`;
}
