export { createImageMaker, type AgentRecipe, type ImageMaker, type ImageMakerOptions } from "./image-maker.ts";
export { hostAuthorities, type Environment } from "./host-trust.ts";
export { createLayerMaker } from "./layer-maker.ts";
export { packageIndex } from "./package-index.ts";
export type { Progress } from "./shared-work.ts";
