// What the load generator talks to, as a program of its own for containers. Usage: node serve-load.ts PORT; runs until it is killed.
import { startLoadServer } from "./src/load-server.ts";

await startLoadServer({ host: "0.0.0.0", port: Number(process.argv[2]) });
