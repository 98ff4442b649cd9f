"""Numbers that stand at the head of the file."""
import os

from fastmcp.server.middleware.rate_limiting import RateLimitingMiddleware as Limit
from fastmcp.server.middleware.rate_limiting import SlidingWindowRateLimitingMiddleware

MAX_RPS = 12  # a second
BURST: int = 2 * (MAX_RPS + 3)
MINUTES = 2
PER_WINDOW = MAX_RPS * 60 / MINUTES
TWICE = 5
TWICE = 6
GROWN = 7
GROWN += 1
HALF = MAX_RPS // 2
A, PAIR = 1, 2
FROM_ENV = int(os.environ.get("RPS", "3"))
LOOPED = 4
for LOOPED in range(9):
    pass
KEYWORD = 8


def build(KEYWORD=9):
    return KEYWORD


mcp.add_middleware(Limit(max_requests_per_second=MAX_RPS, burst_capacity=BURST))
mcp.add_middleware(SlidingWindowRateLimitingMiddleware(PER_WINDOW, window_minutes=MINUTES))
mcp.add_middleware(Limit(TWICE))
mcp.add_middleware(Limit(GROWN))
mcp.add_middleware(Limit(HALF))
mcp.add_middleware(Limit(PAIR))
mcp.add_middleware(Limit(FROM_ENV))
mcp.add_middleware(Limit(LOOPED))
mcp.add_middleware(Limit(KEYWORD))
mcp.add_middleware(Limit(60 * 60 / 100))
