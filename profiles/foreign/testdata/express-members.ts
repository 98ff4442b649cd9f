import limiter, { rateLimit as rl, rateLimit } from 'express-rate-limit';
const windowMs = 5_000;
app.use(rateLimit({ windowMs, limit: 10 }));
app.use(rateLimit({ ...base, limit: 11 }));
app.use(rateLimit({ 'windowMs': 7000, "limit": 12 }));
app.use(rateLimit({ windowMs: 8000, limit: 13, handler: (q, r) => r.json({ limit: 999, windowMs: 1, max: 4 }) }));
app.use(rateLimit({ windowMs: 9000, max: 14, message: { error: 'too many', limit: 77, statusCode: 418 } }));
app.use(rl({ windowMs: 11000, limit: 15 }));
app.use(limiter({ windowMs: 12000, limit: 16, keyGenerator(q) { return q.user.id }, skip }));
app.use(rateLimit({ windowMs: 13000, async limit(q) { return q.user ? 5 : 1 } }));
app.use(rateLimit(options));
app.use(rateLimit({ windowMs: 14000, [name]: 17 }));
function rateLimit({ windowMs = 1, limit = 2 }) {}
