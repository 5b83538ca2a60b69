export { EXPLANATION } from "./conversation.ts";
export { startScriptedModel, type ScriptedModel, type ScriptedModelOptions, type ScriptedRequest } from "./start-scripted-model.ts";
