// A server made with the TypeScript SDK whose tools ask their client something before
// they answer, and one that ends its stream before, so that the client comes back for
// the rest. MODULES is the folder of its packages, PORT where it listens.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import path from "node:path";

const from = createRequire(path.join(process.env.MODULES, "x.js"));
const { McpServer } = from("@modelcontextprotocol/sdk/server/mcp.js");
const { StreamableHTTPServerTransport } = from("@modelcontextprotocol/sdk/server/streamableHttp.js");
const { InMemoryEventStore } = from("@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js");
const express = from("express");

const text = (t) => ({ content: [{ type: "text", text: t }] });
const form = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };

function asking() {
  const mcp = new McpServer({ name: "asking", version: "1.0.0" }, { capabilities: { tools: {} } });
  const more = (extra) => ({ relatedRequestId: extra.requestId });
  mcp.registerTool("elicits", { description: "Asks for a name." }, async (extra) => {
    const got = await mcp.server.elicitInput({ mode: "form", message: "who?", requestedSchema: form }, more(extra));
    return text(got.content.name);
  });
  mcp.registerTool("samples", { description: "Asks for a sample." }, async (extra) => {
    const hello = { role: "user", content: { type: "text", text: "hello" } };
    const got = await mcp.server.createMessage({ messages: [hello], maxTokens: 10 }, more(extra));
    return text(got.content.text);
  });
  mcp.registerTool("pings", { description: "Pings its client." }, async (extra) => {
    await extra.sendRequest({ method: "ping" }, from("@modelcontextprotocol/sdk/types.js").EmptyResultSchema);
    return text("pong");
  });
  mcp.registerTool("polls", { description: "Ends its stream before it answers." }, async (extra) => {
    extra.closeSSEStream?.();
    await new Promise((done) => setTimeout(done, 50));
    return text("there");
  });
  return mcp;
}

const sessions = new Map();
const app = express();
app.use(express.json());
app.all("/mcp", async (request, response) => {
  let transport = sessions.get(request.headers["mcp-session-id"]);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new InMemoryEventStore(),
      retryInterval: 100,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await asking().connect(transport);
  }
  await transport.handleRequest(request, response, request.body);
});
app.listen(Number(process.env.PORT), "127.0.0.1");
