"""A FastMCP server with FastMCP's own rate limiter, for the live tests.

It is the unmodified public API of FastMCP, 2.x and newer: one `ping` tool that
answers "pong", and one limiter that `add_middleware` attaches. Nothing here
counts or refuses; what the tests judge is FastMCP's own code.

    python fastmcp_server.py --transport http --port 8123 --rate 15 --burst 40

HTTP is served on http://127.0.0.1:PORT/mcp. Standard output carries MCP lines
(stdio) or nothing (http); the server's log goes to standard error.
"""

from __future__ import annotations

import argparse
import sys

from fastmcp import FastMCP
from fastmcp.server.middleware.rate_limiting import (
    RateLimitingMiddleware,
    SlidingWindowRateLimitingMiddleware,
)

HOST = "127.0.0.1"


def positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


def positive_float(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate above 0")
    return value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=positive_float, default=15.0, help="tokens a second (token)")
    parser.add_argument(
        "--burst",
        type=positive_int,
        default=40,
        help="bucket size (token), or calls a minute (sliding)",
    )
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument(
        "--global",
        dest="scope",
        action="store_const",
        const="global",
        help="one bucket for everybody (the default)",
    )
    scope.add_argument(
        "--client",
        dest="scope",
        action="store_const",
        const="client",
        help="one bucket a session",
    )
    parser.set_defaults(scope="global")
    parser.add_argument("--middleware", choices=["token", "sliding", "none"], default="token")
    parser.add_argument("--transport", choices=["http", "stdio"], default="http")
    parser.add_argument("--port", type=positive_int, help="TCP port on 127.0.0.1 (http)")
    args = parser.parse_args()
    if args.transport == "http" and args.port is None:
        parser.error("--transport http needs --port")
    return args


def session_id(context) -> str:
    """The bucket's key with --client: the MCP session, or one key before there is one."""
    fastmcp_context = context.fastmcp_context
    if fastmcp_context is None:
        return "no-session"
    try:
        return fastmcp_context.session_id or "no-session"
    except RuntimeError:  # FastMCP's answer while the session is being set up
        return "no-session"


def limiter(args: argparse.Namespace):
    """The middleware that the arguments ask for, or None."""
    if args.middleware == "none":
        return None
    by_client = session_id if args.scope == "client" else None
    if args.middleware == "sliding":
        return SlidingWindowRateLimitingMiddleware(
            max_requests=args.burst, window_minutes=1, get_client_id=by_client
        )
    return RateLimitingMiddleware(
        max_requests_per_second=args.rate,
        burst_capacity=args.burst,
        get_client_id=by_client,
        global_limit=args.scope == "global",
    )


def main() -> None:
    args = arguments()
    mcp = FastMCP("mcpload-live")

    @mcp.tool
    def ping() -> str:
        """Answers "pong"."""
        return "pong"

    attached = limiter(args)
    if attached is not None:
        mcp.add_middleware(attached)

    try:
        if args.transport == "stdio":
            mcp.run(transport="stdio", show_banner=False)
        else:
            mcp.run(
                transport="http",
                host=HOST,
                port=args.port,
                show_banner=False,
                uvicorn_config={"access_log": False},
            )
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
