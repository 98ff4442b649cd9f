// A small MCP server behind limiters of npm's: node limiters.mjs KIND PORT, with the
// packages in $LIMITERS.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

const need = createRequire(join(process.env.LIMITERS, 'package.json'));
const express = need('express');
const { rateLimit } = need('express-rate-limit');
const [kind, port] = process.argv.slice(2);

// Asked of every HTTP request, and of calls of tools alone: the latter answers what it refuses.
const doors = {
  window: () => ({ every: rateLimit({ windowMs: 10_000, limit: 30, standardHeaders: 'draft-8', legacyHeaders: false }) }),
  long: () => ({ every: rateLimit({ windowMs: 15 * 60_000, limit: 100, standardHeaders: 'draft-8', legacyHeaders: false }) }),
  failures: () => ({ every: rateLimit({ windowMs: 5_000, limit: 10, skipSuccessfulRequests: true, standardHeaders: 'draft-8' }) }),
  slow: () => ({ every: need('express-slow-down').slowDown({ windowMs: 10_000, delayAfter: 20, delayMs: (n) => (n - 20) * 100, maxDelayMs: 2_000 }) }),
  block: () => flexible({ points: 20, duration: 2, blockDuration: 8 }),
  flexible: () => flexible({ points: 20, duration: 5 }),
  bursty: () => {
    const { RateLimiterMemory, BurstyRateLimiter } = need('rate-limiter-flexible');
    return consuming(new BurstyRateLimiter(new RateLimiterMemory({ points: 4, duration: 1 }),
      new RateLimiterMemory({ keyPrefix: 'burst', points: 20, duration: 10 })));
  },
  queue: () => {
    const Bottleneck = need('bottleneck');
    const line = new Bottleneck({ reservoir: 20, reservoirIncreaseAmount: 10, reservoirIncreaseInterval: 1_000,
      reservoirIncreaseMaximum: 20, maxConcurrent: 5, highWater: 60, strategy: Bottleneck.strategy.OVERFLOW });
    return { call: async (m, res) => {
      try { await line.schedule(async () => {}); } catch { return say(res, m, { isError: true, content: [{ type: 'text', text: 'Rate limit: the queue is full' }] }); }
    } };
  },
};

function flexible(options) {
  return consuming(new (need('rate-limiter-flexible').RateLimiterMemory)(options));
}

function consuming(limiter) {
  return { call: async (m, res) => {
    try { await limiter.consume('everybody'); } catch (refused) {
      return res.set('Retry-After', String(Math.ceil(refused.msBeforeNext / 1000))).status(429).send('Too Many Requests');
    }
  } };
}

const say = (res, m, result) => res.json({ jsonrpc: '2.0', id: m.id, result });
const fault = (res, m, code, message) => res.status(kind === 'failures' ? 400 : 200)
  .json({ jsonrpc: '2.0', id: m.id, error: { code, message } });
const door = doors[kind]();
const app = express();
app.use(express.json());
if (door.every) app.use('/mcp', door.every);
app.delete('/mcp', (_, res) => res.status(200).end());
app.post('/mcp', async ({ body: m }, res) => {
  if (m.id === undefined) return res.status(202).end();
  switch (m.method) {
    case 'initialize':
      res.set('Mcp-Session-Id', randomUUID());
      return say(res, m, { protocolVersion: m.params.protocolVersion > '2025-11-25' ? '2025-11-25' : m.params.protocolVersion,
        capabilities: { tools: {} }, serverInfo: { name: kind, version: '1' } });
    case 'ping': return say(res, m, {});
    case 'tools/list':
      return say(res, m, { tools: ['ping', 'fails'].map((name) => ({ name, inputSchema: { type: 'object' } })) });
    case 'tools/call':
      if (m.params.name !== 'ping') return fault(res, m, -32602, `Unknown tool: ${m.params.name}`);
      if (door.call) { await door.call(m, res); if (res.headersSent) return; }
      return say(res, m, { content: [{ type: 'text', text: 'pong' }] });
  }
  return fault(res, m, -32601, 'Method not found');
});
app.listen(Number(port), '127.0.0.1');
