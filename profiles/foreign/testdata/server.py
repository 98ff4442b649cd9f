"""RateLimitingMiddleware(max_requests_per_second=99) is only spoken of here."""
from fastmcp.server.middleware.rate_limiting import RateLimitingMiddleware, SlidingWindowRateLimitingMiddleware

mcp.add_middleware(RateLimitingMiddleware(
    max_requests_per_second=15,  # as the hosts promise, and not 16
    burst_capacity=1_00,
))
mcp.add_middleware(RateLimitingMiddleware(2.5, get_client_id=lambda c: (c.a, "x,y")))
mcp.add_middleware(SlidingWindowRateLimitingMiddleware(100, window_minutes=0.5))
mcp.add_middleware(RateLimitingMiddleware(max_requests_per_second=RATE, global_limit=True))
# mcp.add_middleware(RateLimitingMiddleware(3))
mcp.add_middleware(RateLimitingMiddleware())
class RateLimitingMiddleware(Base):
    pass
