import type { Instruction } from "@sbx/core";

/** RUN with nothing but one here-document, which then is the script itself. */
const ALONE = /^\d*<<-?(?:"[A-Za-z_]\w*"|'[A-Za-z_]\w*'|[A-Za-z_]\w*)$/;

/**
 * The text that a shell is given for RUN with here-documents. One alone is the script, also one that names its own interpreter
 * in its first line; all else is the shell's own matter, with the documents below it.
 */
export function runDocuments({ rest, documents }: Pick<Instruction, "rest" | "documents">): string {
  const [only] = documents;
  if (only === undefined || documents.length > 1 || !ALONE.test(rest)) return [rest, ...documents.map(({ name, text }) => `${text}${name}`)].join("\n");
  return only.text.startsWith("#!") ? ownInterpreter(only.text) : only.text;
}

function ownInterpreter(script: string): string {
  const lines = new Set(script.split("\n"));
  let end = "SBX_SCRIPT";
  while (lines.has(end)) end = `${end}_`;
  return `script=$(mktemp) && cat > "$script" <<'${end}'\n${script}${end}\nchmod 700 "$script" && "$script"\ncode=$?\nrm -f "$script"\nexit "$code"`;
}
