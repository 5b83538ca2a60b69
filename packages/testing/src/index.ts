export { describeContainerEngine, type EngineUnderTest } from "./engine-contract.ts";
export { startEngineWith } from "./engine-with-images.ts";
export { FakeEngine, type FakeProcess, type FakeProgram } from "./fake-engine.ts";
export { memoryHeld } from "./memory-held.ts";
export { OwnEngine, REMAPPED_FROM, whyNoEngine, type EngineKind, type OwnEngineOptions } from "./own-engine.ts";
export { startStandInRegistry, type Forgery, type RegistryImage, type StandInRegistry } from "./stand-in-registry.ts";
