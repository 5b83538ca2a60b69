import { AppError } from "@sbx/contracts";

/** What BuildKit alone understands; the engines we build with run the classic builder. */
const UNSUPPORTED = [
  { pattern: /^\s*RUN\s+--(mount|network|security)\b/im, what: "RUN with --mount, --network or --security" },
  { pattern: /^(?!\s*#).*\s\d*<<-?["']?[A-Za-z_]/m, what: "a here-document" },
  { pattern: /^\s*(COPY|ADD)\s+(--\S+\s+)*--(link|parents|exclude|checksum|keep-git-dir)\b/im, what: "COPY or ADD with --link, --parents, --exclude, --checksum or --keep-git-dir" },
];

/**
 * Refuse a recipe that the classic builder would misread.
 *
 * @throws AppError `KIT_INVALID` without any FROM; `KIT_UNSUPPORTED` for what only BuildKit understands.
 */
export function checkDockerfile(name: string, dockerfile: string): void {
  if (!/^\s*FROM\s+\S/im.test(dockerfile)) {
    throw new AppError("KIT_INVALID", {
      message: `The Dockerfile of agent "${name}" has no FROM.`,
      fix: 'Begin it with the lines "ARG SBX_BASE" and "FROM ${SBX_BASE}".',
    });
  }
  const found = UNSUPPORTED.find(({ pattern }) => pattern.test(dockerfile));
  if (found === undefined) return;
  throw new AppError("KIT_UNSUPPORTED", {
    message: `The Dockerfile of agent "${name}" uses ${found.what}, which needs BuildKit.`,
    fix: "Write it with plain RUN, COPY and ADD: images are built by the engine's classic builder.",
  });
}
