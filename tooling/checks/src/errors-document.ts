import { PROBLEMS } from "@sbx/contracts";

const HEAD = `# Errors

Every failure that sbx expects, by code. The code is in the third line of a message, in \`code\` of \`--json\` output, of
events and of the daemon's replies; the line \`fix:\` of each message says what to do there and then.

"Again" says that the same call may succeed later without any change by the caller. "Status" is the HTTP status on the
daemon's socket. The command line ends with 125 for each of these, with 2 for \`USAGE\`, with 130 for \`INTERRUPTED\` and with
124 where a deadline ended the command.

This page is written by \`npm run errors\` from \`packages/contracts/src/problem.ts\`; a test keeps the two the same.

| code | means | status | again |
|---|---|---|---|
`;

/** Text of docs/errors.md, made from the table of problems. */
export function errorsDocument(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, retryable, means }]) => `| \`${code}\` | ${means} | ${status} | ${retryable ? "yes" : "no"} |`);
  return `${HEAD}${rows.join("\n")}\n`;
}
