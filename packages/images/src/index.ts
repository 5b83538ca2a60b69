export { createImageMaker, type AgentRecipe, type ImageMaker, type ImageMakerOptions } from "./image-maker.ts";
export type { Environment } from "./host-trust.ts";
export type { Progress } from "./shared-work.ts";
