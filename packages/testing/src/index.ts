export { describeContainerEngine, type EngineUnderTest } from "./engine-contract.ts";
export { FakeEngine, type FakeProcess, type FakeProgram } from "./fake-engine.ts";
