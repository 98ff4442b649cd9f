// K6's own http module: one virtual user a connection, each call looked at no
// further than its status.
import http from 'k6/http';
export const options = { vus: Number(__ENV.CONNECTIONS), duration: __ENV.DURATION, discardResponseBodies: true };
const body = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}';
const headers = { 'Content-Type': 'application/json', 'Accept': 'application/json, text/event-stream' };
export default () => { http.post(__ENV.URL, body, { headers }); };
