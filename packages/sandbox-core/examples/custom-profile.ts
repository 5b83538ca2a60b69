/**
 * A profile of one's own as a value: a checker that may reach nothing, has half a processor, and a file in its home.
 *
 *     node custom-profile.ts ./my-project
 */
import { defineAgent, sbx } from "@sbx/core";

const [workspace = "."] = process.argv.slice(2);

const checker = defineAgent({
  name: "checker",
  description: "Counts the lines of a project, and has no network.",
  dockerfile: `ARG SBX_BASE
FROM \${SBX_BASE}
USER root
RUN printf '#!/bin/sh\\nfind "\${1:-.}" -type f -not -path "*/.git/*" -exec cat {} + | wc -l\\n' > /usr/local/bin/count-lines && chmod 755 /usr/local/bin/count-lines
USER agent
ENTRYPOINT ["count-lines"]
`,
  resources: { cpus: 0.5, memory: "256m" },
  agent: { env: { CHECKED_BY: "checker" }, files: [{ path: ".config/checker.json", content: '{ "strict": true }' }] },
});

await using box = await sbx.create({ agent: checker, workspace, policy: { deny: ["**"] } });
const lines = await box.runAgent(["."]).result();
process.stdout.write(`lines: ${lines.stdout.trim()}\n`);
process.stdout.write(`settings: ${await box.files.readText("/home/agent/.config/checker.json")}\n`);
const outside = await box.exec(["curl", "-sS", "-m", "20", "https://example.org"]).result();
process.stdout.write(`network: ${outside.exitCode === 0 ? "open" : "closed"}\n`);
process.exitCode = lines.exitCode;
