// A server made with the TypeScript SDK alone, which is below MODULES:
//
//     node typescript_sdk.mjs MODULES PORT
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const [modules, port] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/x.js"));
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
const { StreamableHTTPServerTransport } = require("@modelcontextprotocol/sdk/server/streamableHttp.js");

function serverOfOne() {
  const server = new McpServer({ name: "typescript-sdk", version: "1" });
  server.registerTool("ping", { description: "Answers pong.", annotations: { readOnlyHint: true } }, () => ({
    content: [{ type: "text", text: "pong" }],
  }));
  return server;
}

const sessions = new Map();
createServer(async (request, response) => {
  const id = request.headers["mcp-session-id"];
  let transport = sessions.get(id);
  if (id && !transport) return response.writeHead(404).end();
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await serverOfOne().connect(transport);
  }
  await transport.handleRequest(request, response);
}).listen(Number(port), "127.0.0.1");
