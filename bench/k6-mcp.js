// K6 with its extension for MCP: one virtual user, and one session, a connection.
import mcp from 'k6/x/mcp';
export const options = { vus: Number(__ENV.CONNECTIONS), duration: __ENV.DURATION };
let client;
export default () => {
  client = client || new mcp.StreamableHTTPClient({ base_url: __ENV.URL });
  client.callTool({ name: 'echo', arguments: { text: 'hi' } });
};
