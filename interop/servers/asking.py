"""A server whose tools ask their client something before they answer.

    python asking.py PORT

HTTP is served on http://127.0.0.1:PORT/mcp. It is made with FastMCP where that is
installed, and else with the Python SDK.
"""

import os
import sys

from pydantic import BaseModel

port = int(sys.argv[1])


class Who(BaseModel):
    name: str


if os.environ.get("MADE_WITH") == "fastmcp":
    from fastmcp import Context, FastMCP

    server, run = FastMCP("asking"), {"host": "127.0.0.1", "port": port, "show_banner": False}

    async def elicited(ctx):
        return await ctx.elicit("who?", response_type=Who)

    async def sampled(ctx):
        return (await ctx.sample("hello")).text

else:
    from mcp.server.fastmcp import Context, FastMCP
    from mcp.types import SamplingMessage, TextContent

    server, run = FastMCP("asking", host="127.0.0.1", port=port), {}

    async def elicited(ctx):
        return await ctx.elicit("who?", schema=Who)

    async def sampled(ctx):
        hello = SamplingMessage(role="user", content=TextContent(type="text", text="hello"))
        return (await ctx.session.create_message([hello], max_tokens=10)).content.text


@server.tool()
async def elicits(ctx: Context) -> str:
    """Asks for a name."""
    return (await elicited(ctx)).data.name


@server.tool()
async def samples(ctx: Context) -> str:
    """Asks for a sample."""
    return await sampled(ctx)


@server.tool()
async def pings(ctx: Context) -> str:
    """Pings its client."""
    await ctx.session.send_ping()
    return "pong"


server.run(transport="streamable-http", **run)
