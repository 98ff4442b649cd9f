from upstash_ratelimit import FixedWindow, Ratelimit, SlidingWindow, TokenBucket

fixed = Ratelimit(redis=Redis.from_env(), limiter=FixedWindow(max_requests=10, window=10))
sliding = Ratelimit(redis, limiter=SlidingWindow(300, 1, unit="m"), prefix="notes")
bucket = Ratelimit(redis, limiter=TokenBucket(max_tokens=20, refill_rate=5, interval=10, unit="s"))
other = Ratelimit(redis, limiter=TokenBucket(20, RATE, 10))
