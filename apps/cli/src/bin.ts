import { main } from "./main.ts";
import { createProcessContext } from "./process-context.ts";

async function run(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2), createProcessContext());
}

// Not awaited: put together with others this is a part of a file, and what a command brings in would wait for all of that file.
void run();
