import { library } from "../../tooling/build/tsup.ts";

export default library(["src/index.ts", "src/client/index.ts", "src/client/daemon-port.ts"]);
