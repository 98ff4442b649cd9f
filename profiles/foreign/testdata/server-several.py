from fastmcp import FastMCP
from fastmcp.server.middleware.rate_limiting import RateLimitingMiddleware as RLM, SlidingWindowRateLimitingMiddleware
from fastmcp.server.middleware import rate_limiting as rl

RATE = 7

class Strict(RateLimitingMiddleware):
    def __init__(self):
        super().__init__(max_requests_per_second=1.5)

mcp = FastMCP("notes")
mcp.add_middleware(rl.RateLimitingMiddleware(20.0, 40))
mcp.add_middleware(RateLimitingMiddleware(max_requests_per_second=RATE, burst_capacity=10))
mcp.add_middleware(RLM(3, burst_capacity=6))
mcp.add_middleware(
    SlidingWindowRateLimitingMiddleware(
        1_000,  # per window
        window_minutes=60,
        get_client_id=lambda ctx: ctx.fastmcp_context.client_id,
    )
)
mcp.add_middleware(SlidingWindowRateLimitingMiddleware(max_requests=100))
if DEBUG:
    mcp.add_middleware(RateLimitingMiddleware(100, global_limit=True))
# mcp.add_middleware(RateLimitingMiddleware(1))
doc = "RateLimitingMiddleware(2)"
mcp.add_middleware(Strict())
mcp.add_middleware(RateLimitingMiddleware(**settings))
mcp.add_middleware(RateLimitingMiddleware(10 * 2))
