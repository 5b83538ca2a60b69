import { AppError } from "@sbx/contracts";
import { splitWords } from "./split-words.ts";

/** A person's own look at calls (`before`, may answer in the server's place) or at results (`after`, may replace them). */
export interface Interceptor {
  readonly when: "before" | "after";
  readonly run: InterceptorRun;
  /** As it was given, to name it. */
  readonly flag: string;
}

/** How it is run: a command of the host's shell, a container, or a POST to an address of this machine or over https. */
export type InterceptorRun =
  | { readonly type: "exec"; readonly command: string }
  | { readonly type: "docker"; readonly image: string; readonly args: readonly string[] }
  | { readonly type: "http"; readonly url: string };

const MOST = 8192;
const FLAG = /^(before|after):(exec|docker|http):(.+)$/s;
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * Read `before|after:exec|docker|http:argument`, the value of the flag `--interceptor`. It is code that runs on the host: it
 * may come from a person's command line and from nowhere else.
 *
 * @throws AppError `USAGE`
 */
export function parseInterceptor(flag: string): Interceptor {
  const [, when = "", type = "", argument = ""] = FLAG.exec(flag) ?? [];
  if (flag.length > MOST || flag.includes("\u0000") || argument.trim() === "")
    throw refused(flag, "it is not of the form when:type:argument", "Write it as before:exec:COMMAND, after:http:URL or before:docker:IMAGE ARGUMENTS.");
  return { when: when === "before" ? "before" : "after", run: parseRun(type, argument, flag), flag };
}

function parseRun(type: string, argument: string, flag: string): InterceptorRun {
  if (type === "exec") return { type, command: argument };
  if (type === "http") return { type, url: parseUrl(argument, flag) };
  const [image, ...args] = splitWords(argument) ?? [];
  if (image === undefined || image === "" || image.startsWith("-")) throw refused(flag, "it names no image", "Write it as before:docker:IMAGE ARGUMENTS, with every quote closed.");
  return { type: "docker", image, args };
}

function parseUrl(argument: string, flag: string): string {
  const url = URL.parse(argument);
  if (url === null || !/^https?:\/\//i.test(argument)) throw refused(flag, "its address is no URL", "Write the address with its scheme, as http://127.0.0.1:8080/check.");
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) throw refused(flag, "it would send calls in clear over a network", "Use https, or an address of this machine.");
  if (url.username !== "" || url.password !== "") throw refused(flag, "its address holds a password", "Take the password out of the address.");
  return url.href;
}

function refused(flag: string, why: string, fix: string): AppError {
  return new AppError("USAGE", { message: `The interceptor ${JSON.stringify(flag.slice(0, 200))} cannot be used: ${why}.`, fix });
}
