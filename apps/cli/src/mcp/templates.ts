import { AppError } from "@sbx/contracts/app-error";

/** Servers that belong together, to begin a profile with. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly servers: readonly string[];
}

/** The templates of Docker's tools, by their ids. */
export const TEMPLATES: readonly Template[] = [
  { id: "ai-coding", title: "AI Coding", servers: ["context7", "sequentialthinking"] },
  { id: "dev-workflow", title: "Dev Workflow", servers: ["github-official", "atlassian-remote"] },
  { id: "terminal-control", title: "Terminal Control", servers: ["desktop-commander", "filesystem"] },
];

/** @throws AppError `USAGE` when there is none of this id */
export function templateOf(id: string): Template {
  const found = TEMPLATES.find((one) => one.id === id);
  if (found === undefined) throw new AppError("USAGE", { message: `There is no template "${id}"`, fix: `Use one of ${TEMPLATES.map((one) => one.id).join(", ")}.` });
  return found;
}
