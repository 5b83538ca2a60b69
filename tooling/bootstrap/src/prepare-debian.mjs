import { askEngine } from "./engine-endpoints.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";
import { consent, installPackages, isDebianLike, isOnPath } from "./system-packages.mjs";

/** What makes a minimal Debian; the last three let an ordinary user do it. */
export const DEBIAN_TOOLS = ["mmdebstrap", "debian-archive-keyring", "uidmap", "fakechroot", "fakeroot"];
const PULL_TIMEOUT_MS = 120_000;

/**
 * Make sure that images have something to start from: one that is there, an image registry, or the means to make a
 * minimal Debian from packages.
 *
 * @param {string} host
 * @param {{ rights: import("./system-packages.mjs").Rights, onLine: (line: string) => void }} options
 * @returns {Promise<string>} What it will be.
 */
export async function prepareDebian(host, { rights, onLine }) {
  if (await hasDebian(host)) return "there";
  if (await hasTools(rights)) return "mmdebstrap";
  if (await pulled(host)) return "image registry";
  if (!isDebianLike()) throw new SetUpProblem("No image registry answered, and this host cannot make a Debian of its own.", "Let the container engine reach an image registry, or install mmdebstrap.");
  if (!(await consent(`No image registry answered. Install what makes a minimal Debian from packages (${DEBIAN_TOOLS.join(" ")})?`, rights))) {
    throw new SetUpProblem("There is nothing to make the base image from.", `Install the means: sudo apt-get install ${DEBIAN_TOOLS.join(" ")}`);
  }
  await installPackages(DEBIAN_TOOLS, { rights, onLine });
  return "mmdebstrap, installed";
}

/** @param {import("./system-packages.mjs").Rights} rights */
async function hasTools({ root }) {
  return (await isOnPath("mmdebstrap")) && (root || (await isOnPath("newuidmap")) || (await isOnPath("fakechroot")));
}

/** @param {string} host */
async function hasDebian(host) {
  const filters = encodeURIComponent(JSON.stringify({ label: ["dev.sbx.image=debian"] }));
  const { status, body } = await askEngine(host, { path: `/images/json?filters=${filters}` });
  return status === 200 && body.trim() !== "[]";
}

/** @param {string} host */
async function pulled(host) {
  const reply = await askEngine(host, { method: "POST", path: "/images/create?fromImage=debian&tag=bookworm-slim", timeoutMs: PULL_TIMEOUT_MS }).catch(() => undefined);
  // The engine answers 200 before it knows; what went wrong stands in the stream.
  return reply !== undefined && reply.status === 200 && !reply.body.includes('"errorDetail"');
}
