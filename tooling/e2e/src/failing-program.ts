/** A program over the SDK that fails at its end. It is run where the packed SDK is installed; what it prints is compared. */
import { AppError, sbx } from "@sbx/core";

const codeOf = (error: unknown): string => (AppError.is(error) ? error.code : String(error));
const print = (...words: readonly unknown[]): void => void process.stdout.write(`${words.map(String).join(" ")}\n`);

await using box = await sbx.create({ agent: "shell", workspace: "./app", name: "failing" });
print("twin", await sbx.create({ agent: "shell", workspace: "./app", name: "failing" }).then(() => "was made", codeOf));

const stop = new AbortController();
const waits = box.exec(["sh", "-c", "echo up; exec sleep 1000"], { signal: stop.signal });
for await (const chunk of waits.stdout) {
  print(String(chunk).trim());
  break;
}
stop.abort();
print("given up", await waits.exitCode.catch(codeOf));
print("sleeping", (await box.exec(["pgrep", "-c", "sleep"]).result()).stdout.trim());

print("missing", await box.files.read("/no/such").catch(codeOf));
print("bounded", await box.files.read("/etc/passwd", { maxBytes: 4 }).catch(codeOf));
print("device", await box.files.read("/dev/zero").catch(codeOf));
const odd = "/tmp/-n odd\nname";
await box.files.write(odd, new Uint8Array([0, 255, 10]), { mode: 0o600 });
const found = (await box.files.list("/tmp")).find(({ name }) => name.startsWith("-n"));
print("odd", JSON.stringify(found?.name), found?.sizeBytes, found?.mode.toString(8), ...(await box.files.read(odd)));
// A link that is followed leads to the sandbox's own file, not to this machine's.
await box.exec(["ln", "-sf", "/etc/hostname", "link"]).exitCode;
print("link", (await box.files.stat("link")).kind, (await box.files.readText("link")).trim() === (await box.exec(["hostname"]).result()).stdout.trim());
await box.files.write("/tmp/tree/below/file", "deep");
await box.files.copy("/tmp/tree", "/tmp/../home/agent/copied");
print("copied", await box.files.readText("/home/agent/copied/below/file"));
await box.files.unpack("/home/agent", await box.files.archive(odd));
await box.files.remove("/home/agent/copied", { recursive: true });
print("archive", await box.files.exists("/home/agent/-n odd\nname"), await box.files.exists("/home/agent/copied"));

const seen: string[] = [];
for await (const { type } of box.events()) {
  seen.push(type);
  if (type === "files.written") break;
}
print("events", seen[0], seen.at(-1));
await box.stop();
print("again", (await box.exec(["echo", "on"]).result()).stdout.trim());
print("found", (await (await sbx.get("failing")).inspect()).state.phase, (await sbx.list()).length);
throw new Error("this program fails");
