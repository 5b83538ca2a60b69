import { readFileSync } from "node:fs";
import path from "node:path";
import { keepOnce } from "./keep-once.ts";
import { needProgram } from "./run-program.ts";

/** A key and a certificate for these names, of no authority, so that no image is made anew to trust one. */
export async function hostCertificate(names: readonly string[]): Promise<{ readonly key: string; readonly cert: string }> {
  const kept = await keepOnce("secure-echo", names.join(), async (directory) => {
    const subject = ["-subj", "/CN=the real host", "-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`, "-addext", "basicConstraints=critical,CA:FALSE"];
    await needProgram("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", ...subject, "-keyout", "key.pem", "-out", "cert.pem"], {
      cwd: directory,
    });
  });
  return { key: readFileSync(path.join(kept, "key.pem"), "utf8"), cert: readFileSync(path.join(kept, "cert.pem"), "utf8") };
}
