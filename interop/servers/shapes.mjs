// Says of each line of stdin, a method and its result, if the TypeScript SDK takes it:
//
//     node shapes.mjs MODULES
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.argv[2] + "/x.js"));
const types = require("@modelcontextprotocol/sdk/types.js");
const kinds = {
  initialize: types.InitializeResultSchema,
  "tools/list": types.ListToolsResultSchema,
  "prompts/list": types.ListPromptsResultSchema,
  "resources/list": types.ListResourcesResultSchema,
  "resources/templates/list": types.ListResourceTemplatesResultSchema,
  "resources/read": types.ReadResourceResultSchema,
  "prompts/get": types.GetPromptResultSchema,
  "tools/call": types.CallToolResultSchema,
  "completion/complete": types.CompleteResultSchema,
};
for (const line of readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  const { method, result } = JSON.parse(line);
  console.log(kinds[method].safeParse(result).success);
}
