/** What the conformance suite wants of a server, as data: its tools, resources and prompts by the names that it asks for. */

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const image = { type: "image", data: PNG, mimeType: "image/png" };
const text = (said: string) => ({ type: "text", text: said });
const resource = (uri: string, mimeType: string, said: string) => ({ type: "resource", resource: { uri, mimeType, text: said } });
const noArguments = { type: "object", properties: {} };
const one = (name: string, description: string) => ({ type: "object", properties: { [name]: { type: "string", description } }, required: [name] });

/** Keywords of JSON Schema 2020-12 that have to come through untouched. */
const SCHEMA_2020 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
  properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" }, contactMethod: { type: "string", enum: ["phone", "email"] }, phone: { type: "string" }, email: { type: "string" } },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

/** Every tool, with the schema of its arguments. */
export const TOOLS = [
  ...[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
  ].map((name) => ({ name, description: `Conformance: ${name}`, inputSchema: noArguments })),
  { name: "test_sampling", description: "Asks the client's model.", inputSchema: one("prompt", "The prompt to send to the model") },
  { name: "test_elicitation", description: "Asks the client's person.", inputSchema: one("message", "The message to show") },
  { name: "json_schema_2020_12_tool", description: "Has a schema with keywords of 2020-12.", inputSchema: SCHEMA_2020 },
];

/** Results of the tools that always give the same. */
export const RESULTS: Readonly<Record<string, object>> = {
  test_simple_text: { content: [text("This is a simple text response for testing.")] },
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] },
  test_embedded_resource: { content: [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")] },
  test_multiple_content_types: { content: [text("Multiple content types test:"), image, resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')] },
  test_error_handling: { isError: true, content: [text("This tool intentionally returns an error for testing")] },
  json_schema_2020_12_tool: { content: [text("done")] },
};

/** Questions that tools ask, by the tool's name. */
export const QUESTIONS: Readonly<Record<string, object>> = {
  test_elicitation: {
    type: "object",
    properties: { username: { type: "string", description: "User's response" }, email: { type: "string", description: "User's email address" } },
    required: ["username", "email"],
  },
  test_elicitation_sep1034_defaults: {
    type: "object",
    properties: {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    },
    required: [],
  },
  test_elicitation_sep1330_enums: {
    type: "object",
    properties: {
      untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
      titledSingle: { type: "string", oneOf: [1, 2, 3].map((at) => ({ const: `value${at}`, title: `Option ${at}` })) },
      legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
      untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
      titledMulti: { type: "array", items: { anyOf: [1, 2, 3].map((at) => ({ const: `value${at}`, title: `Choice ${at}` })) } },
    },
    required: [],
  },
};

/** Every resource. */
export const RESOURCES = [
  { uri: "test://static-text", name: "static-text", description: "A text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "static-binary", description: "An image", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "watched-resource", description: "A text that may change", mimeType: "text/plain" },
];

/** Every template of resources. */
export const TEMPLATES = [{ uriTemplate: "test://template/{id}/data", name: "template", description: "Data of an id", mimeType: "application/json" }];

/** Contents of a resource; `undefined` when there is none. */
export function contentsOf(uri: string): object | undefined {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) return { uri, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) };
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: PNG };
  const texts: Readonly<Record<string, string>> = { "test://static-text": "This is the content of the static text resource.", "test://watched-resource": "Watched." };
  const said = texts[uri];
  return said === undefined ? undefined : { uri, mimeType: "text/plain", text: said };
}

const argument = (name: string) => ({ name, description: `The ${name}`, required: true });

/** Every prompt. */
export const PROMPTS = [
  { name: "test_simple_prompt", description: "A simple prompt" },
  { name: "test_prompt_with_arguments", description: "A prompt with arguments", arguments: [argument("arg1"), argument("arg2")] },
  { name: "test_prompt_with_embedded_resource", description: "A prompt with a resource", arguments: [argument("resourceUri")] },
  { name: "test_prompt_with_image", description: "A prompt with an image" },
];

/** Messages of a prompt; `undefined` when there is none of this name. */
export function messagesOf(name: string, args: Readonly<Record<string, string>>): readonly object[] | undefined {
  const user = (content: object) => ({ role: "user", content });
  switch (name) {
    case "test_simple_prompt":
      return [user(text("This is a simple prompt for testing."))];
    case "test_prompt_with_arguments":
      return [user(text(`Prompt with arguments: arg1='${args["arg1"] ?? ""}', arg2='${args["arg2"] ?? ""}'`))];
    case "test_prompt_with_embedded_resource":
      return [user(resource(args["resourceUri"] ?? "", "text/plain", "Embedded resource content for testing.")), user(text("Please process the embedded resource above."))];
    case "test_prompt_with_image":
      return [user(image), user(text("Please analyze the image above."))];
    default:
      return undefined;
  }
}
