/** What a service manager has to know to run the daemon. */
export interface ServiceProgram {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where the daemon's output goes, so that `sbx daemon logs` finds it. */
  readonly log: string;
}

/** A user unit of systemd: systemd.service(5), systemd.exec(5), quoting as in systemd.syntax(7). */
export function systemdUnit({ command, environment, log }: ServiceProgram): string {
  return [
    "[Unit]",
    "Description=sbx daemon: sandboxes for AI coding agents",
    "",
    "[Service]",
    `ExecStart=${command.map((word) => quoted(word.replaceAll("$", "$$$$"))).join(" ")}`,
    ...Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    `StandardOutput=append:${log.replaceAll("%", "%%")}`,
    `StandardError=append:${log.replaceAll("%", "%%")}`,
    // Agents run in containers, not below this process: an end of the daemon, wanted or not, ends nothing else.
    "KillMode=process",
    "Restart=on-failure",
    "UMask=0077",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}

function quoted(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}

/** An agent of launchd: launchd.plist(5). */
export function launchdAgent({ command, environment, log }: ServiceProgram): string {
  const strings = (words: readonly string[]): string => words.map((word) => `    <string>${escaped(word)}</string>\n`).join("");
  const entries = Object.entries(environment).map(([name, value]) => `    <key>${escaped(name)}</key>\n    <string>${escaped(value)}</string>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>dev.sbx.sbxd</string>
  <key>ProgramArguments</key>
  <array>
${strings(command)}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${entries.join("")}  </dict>
  <key>StandardOutPath</key>
  <string>${escaped(log)}</string>
  <key>StandardErrorPath</key>
  <string>${escaped(log)}</string>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
