import rateLimit from "express-rate-limit";

// const old = rateLimit({ windowMs: 1000, max: 1 });
const limiter = rateLimit({
  windowMs: 15 * 60 * 1000, // a quarter of an hour
  limit: 100,
  standardHeaders: "draft-8",
  message: { error: "max: 5, please" },
});
const logins = rateLimit({ windowMs: 900_000, max: 10, skipSuccessfulRequests: true, statusCode: 503 });
const users = rateLimit({
  windowMs: 60_000,
  max: 300,
  keyGenerator: (req) => req.user.id,
});
const later = rateLimit({ windowMs: WINDOW, max: 30 });
const slow = slowDown({ windowMs: 1000, delayAfter: 5 });
const usual = rateLimit({});
