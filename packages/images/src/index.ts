export { createImageMaker, type AgentRecipe, type ImageMaker, type ImageMakerOptions } from "./image-maker.ts";
export { hostAuthorities, type Environment } from "./host-trust.ts";
export { packageIndexes, type PackageIndexes } from "./package-indexes.ts";
export type { Progress } from "./shared-work.ts";
