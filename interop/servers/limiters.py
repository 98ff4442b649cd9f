"""A small MCP server behind limiters of PyPI's: limiters.py KIND LIMIT PORT, such as
`moving 30/10seconds 8000`. KIND is fixed, moving, counter or elastic, a strategy of
`limits` on calls of tools, or slowapi, which counts every POST."""

import sys
import time
import uuid

import limits
import uvicorn
from limits.storage import MemoryStorage
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

kind, text, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
STRATEGIES = {
    "fixed": "FixedWindowRateLimiter",
    "moving": "MovingWindowRateLimiter",
    "counter": "SlidingWindowCounterRateLimiter",
    "elastic": "FixedWindowElasticExpiryRateLimiter",
}
item = limits.parse(text)
limiter = None
if kind in STRATEGIES:
    limiter = getattr(limits.strategies, STRATEGIES[kind])(MemoryStorage())


def result(message, body, **headers):
    return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": body}, headers=headers)


async def post(request):
    message = await request.json()
    if "id" not in message:
        return Response(status_code=202)
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        newest = min(params["protocolVersion"], "2025-11-25")
        return result(
            message,
            {"protocolVersion": newest, "capabilities": {"tools": {}}, "serverInfo": {"name": kind, "version": "1"}},
            **{"Mcp-Session-Id": str(uuid.uuid4())},
        )
    if method == "ping":
        return result(message, {})
    if method == "tools/list":
        return result(message, {"tools": [{"name": "ping", "inputSchema": {"type": "object"}}]})
    if method != "tools/call":
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
    if limiter and not limiter.hit(item, "everybody"):
        reset, _ = limiter.get_window_stats(item, "everybody")
        wait = max(1, int(reset - time.time()) + 1)
        return JSONResponse({"error": f"Rate limit exceeded: {text}"}, 429, headers={"Retry-After": str(wait)})
    return result(message, {"content": [{"type": "text", "text": "pong"}]})


async def other(request):
    return Response(status_code=200 if request.method == "DELETE" else 405)


app = Starlette()
if kind == "slowapi":
    from slowapi import Limiter, _rate_limit_exceeded_handler
    from slowapi.errors import RateLimitExceeded
    from slowapi.util import get_remote_address

    guard = Limiter(key_func=get_remote_address, headers_enabled=True)
    app.state.limiter = guard
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    post = guard.limit(text)(post)
app.router.routes += [Route("/mcp", post, methods=["POST"]), Route("/mcp", other, methods=["GET", "DELETE"])]
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
