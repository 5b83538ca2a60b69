import type { Secret } from "@sbx/secret-injector";
import { AppError } from "@sbx/contracts";

/** The header by which a registry knows the person: a secret that is kept as `USER:PASSWORD`. @throws AppError `CONFIG_INVALID` */
export function basicAuthorization(login: Secret, secretName: string): string {
  const text = login.reveal().trim();
  if (!/^[^:\s]+:[^\r\n]+$/.test(text))
    throw new AppError("CONFIG_INVALID", { message: `The secret "${secretName}" is no login of a registry`, fix: `Keep it as USER:PASSWORD with: sbx secret set ${secretName}` });
  return `Basic ${Buffer.from(text).toString("base64")}`;
}
