"""A server made with the Python SDK alone, which has no limiter.

    python python_sdk.py PORT

HTTP is served on http://127.0.0.1:PORT/mcp, with one tool that answers "pong".
SDK 1.x calls the class FastMCP, 2.x calls it MCPServer.
"""

import sys

try:
    from mcp.server.mcpserver import MCPServer as Server

    settings, run = {}, {"host": "127.0.0.1", "port": int(sys.argv[1])}
except ImportError:
    from mcp.server.fastmcp import FastMCP as Server

    settings, run = {"host": "127.0.0.1", "port": int(sys.argv[1])}, {}

server = Server("python-sdk", **settings)


@server.tool()
def ping() -> str:
    """Answers "pong"."""
    return "pong"


server.run(transport="streamable-http", **run)
