export { DIALECTS, findModelService, MODEL_SERVICES, type Dialect, type ModelService, type ModelServiceName } from "./model-services.ts";
export { isPlaceholder, newPlaceholder } from "./placeholder.ts";
export { createScrubber, scrubText, type Scrubber } from "./scrubber.ts";
export { Secret } from "./secret.ts";
