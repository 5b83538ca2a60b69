import { library } from "../../tooling/build/tsup.ts";

export default library(["src/index.ts", "src/random.ts"]);
