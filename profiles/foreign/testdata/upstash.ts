import { Ratelimit, MultiRegionRatelimit } from "@upstash/ratelimit";

const free = new Ratelimit({
  redis: Redis.fromEnv(),
  limiter: Ratelimit.slidingWindow(10, "10 s"), // Ratelimit.fixedWindow(1, "1 s")
  prefix: "free",
});
const paid = new Ratelimit({
  redis,
  limiter: Ratelimit.tokenBucket(
    5, // refill
    "10s",
    30,
  ),
});
const daily = new Ratelimit({ redis, limiter: Ratelimit.fixedWindow(1_000, '1 d') });
const later = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(LIMIT, "1 m") });
const each = new MultiRegionRatelimit({ redis: [a, b], limiter: MultiRegionRatelimit.slidingWindow(60, `1 m`) });
const near = new Ratelimit({ redis, limiter: Ratelimit.cachedFixedWindow(20, "5 s") });
