import { library } from "../../tooling/build/tsup.ts";

export default library(["src/index.ts", "src/code-mode/worker.ts", "src/tokens/token-worker.ts"]);
