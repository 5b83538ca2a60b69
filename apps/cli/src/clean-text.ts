// oxlint-disable no-control-regex -- removing control characters is what this file is for
/** Escape sequences of terminals (CSI, OSC and its fellows, two-byte ones), whole or cut off at the end. */
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\|$)?|[ -/]*[0-~]?)|\u009B[0-?]*[ -/]*[@-~]?/g;
/** What is left of control characters, and the marks that turn the direction of text or hide in it. */
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E0FFF}]/gu;

/**
 * Text of others made fit for one line of a terminal: no control character, no escape sequence, no direction mark.
 *
 * Paths, reasons and error messages pass through here before they are printed; the bytes of a session do not.
 */
export function cleanText(text: string): string {
  return text
    .replace(ESCAPES, "")
    .replace(/[\t\n\r\u2028\u2029]+/g, " ")
    .replace(CONTROLS, "");
}

/** The same for a text of several lines, whose line ends stay. */
export function cleanLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(cleanText)
    .join("\n");
}

/** Characters that drive a terminal or hide in it and that a document may hold as they are. */
const HIDDEN = /[\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/g;

/** Whether a text has characters that {@link escapeHidden} writes otherwise. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) !== -1;
}

/** The same document, with such characters as escapes: JSON, or YAML whose texts that have any are in double quotes. */
export function escapeHidden(document: string): string {
  return document.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
