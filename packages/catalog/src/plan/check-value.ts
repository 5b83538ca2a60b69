import { AppError } from "@sbx/contracts";
import { printable } from "../document/printable.ts";

/** `CONFIG_INVALID` for a value of a server's configuration that may not stand where its entry puts it. */
export function configRefused(server: string, path: string, why: string): AppError {
  return new AppError("CONFIG_INVALID", {
    message: `The configuration of "${server}" cannot be used: ${printable(path)} ${why}`,
    fix: `Set another value for ${printable(path)}.`,
    details: { server, key: printable(path) },
  });
}

/** `CATALOG_INVALID` for an entry that cannot be run as it stands. */
export function entryRefused(server: string, why: string): AppError {
  return new AppError("CATALOG_INVALID", {
    message: `"${server}" cannot be run: ${printable(why)}`,
    fix: "Correct the entry in its catalog, or use another server.",
    details: { server },
  });
}

/** Checks for values of a configuration, by the place where they come to stand. Each throws `CONFIG_INVALID`. */
export function valueChecks(server: string) {
  const plain = (value: string, path: string): void => {
    if (/[\p{Cc}\u2028\u2029]/u.test(value)) throw configRefused(server, path, "holds a line break or another control character");
  };
  const checks = {
    plain,
    /** Never the beginning of an option. */
    path: (value: string, path: string): void => {
      plain(value, path);
      if (value.startsWith("-")) throw configRefused(server, path, "begins with a dash, which programs take for an option");
      if (value.replace(/^[A-Za-z]:(?=[\\/])/, "").includes(":")) throw configRefused(server, path, "holds a colon, which would end the path");
      if (value.split(/[\\/]/).includes("..")) throw configRefused(server, path, "leads upwards with ..");
    },
    header: (value: string, path: string): void => {
      if (!/^[\x20-\x7e]*$/.test(value)) throw configRefused(server, path, "has more than the letters that a header may have");
    },
    /** One label or more of a host name, an address, or a port: no stars, no ends of what it stands in. */
    host: (value: string, path: string): void => {
      if (value !== "" && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value)) throw configRefused(server, path, "is no name of a host, address or port");
    },
    /** A part of an address that ends nothing. */
    urlPart: (value: string, path: string): void => {
      if (!/^[A-Za-z0-9_~.-]*$/.test(value) || value.startsWith(".")) throw configRefused(server, path, "may have letters, digits, and - _ . ~ only, because it is part of an address");
    },
    user: (value: string, path: string): void => {
      if (value !== "" && !/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/.test(value)) throw configRefused(server, path, "is no name or number of a user");
    },
  };
  return checks;
}
