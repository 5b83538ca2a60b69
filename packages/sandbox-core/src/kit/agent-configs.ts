import * as z from "zod";
import { CanonicalPath } from "./host-configs.ts";
import { CommandLine, EnvName } from "./kit-text.ts";
import { strictShape } from "./strict-shape.ts";

type Words = CommandLine | readonly string[] | undefined;
const mentions = (command: Words, placeholder: string): boolean => command === undefined || JSON.stringify(command).includes(placeholder);

/** Config of agent-sessions@1: words after the agent's program, without a terminal. */
export const AgentSessions = strictShape({ prompt: CommandLine.optional(), resume: CommandLine.optional(), continue: CommandLine.optional(), list: CommandLine.optional() })
  .refine((verbs) => Object.values(verbs).some((verb) => verb !== undefined), "at least one of prompt, resume, continue and list")
  .refine(({ prompt }) => mentions(prompt, "{{.Prompt}}"), "prompt holds {{.Prompt}}")
  .refine(({ resume }) => mentions(resume, "{{.SessionID}}"), "resume holds {{.SessionID}}");

/** Here an empty list says something: the program alone. */
const Tail = z.union([z.string().min(1), z.array(z.string()).max(200)], { error: "a command: a text for the shell, or a list of words" });

/** Config of agent-interactive-sessions@1: the same on a terminal. */
export const InteractiveSessions = strictShape({
  newSession: Tail.optional(),
  prompt: Tail.optional(),
  resume: Tail.optional(),
  continue: Tail.optional(),
  sessionPicker: Tail.optional(),
  list: CommandLine.optional(),
})
  .refine((verbs) => Object.values(verbs).some((verb) => verb !== undefined), "at least one verb")
  .refine(({ prompt }) => mentions(prompt, "{{.Prompt}}"), "prompt holds {{.Prompt}}")
  .refine(({ resume }) => mentions(resume, "{{.SessionID}}"), "resume holds {{.SessionID}}");

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Config of agent-skills@1: where the person's skills are to be seen. */
export const AgentSkills = strictShape({ path: CanonicalPath, mode: z.enum(["", "readonly", "readwrite"]).default("readonly") });

/** Config of agent-skill@1: a skill that the Kit brings. */
export const AgentSkill = strictShape({ path: CanonicalPath, name: z.string().max(255).regex(NAME, "a name of letters, digits, dots, dashes and underscores").optional() });

/** Config of acp@1: the command that speaks the Agent Client Protocol. */
export const AgentClient = strictShape({
  agent: z
    .string()
    .max(320)
    .regex(/^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+\/)?[a-z0-9](?:[a-z0-9.+-]*[a-z0-9+])?$/, "an agent's name without version"),
  command: CommandLine,
  env: z.record(EnvName, z.string()).default({}),
  protocolVersion: z.int().min(1).default(1),
}).refine((config) => !JSON.stringify(config).includes(String.raw`\u0000`), "NUL belongs to no command");
