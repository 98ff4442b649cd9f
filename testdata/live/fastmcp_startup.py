"""A FastMCP server with a credential, for the live tests of `mcpload startup`.

How it starts is its first argument:

    strict   checks OPENAI_API_KEY before anything else, and says what is wrong
    open     takes whatever there is, or nothing
    trace    checks it, but lets the exception, which quotes the key, end it

It speaks on stdin and stdout, or with --port on http://127.0.0.1:PORT/mcp.
"""

from __future__ import annotations

import os
import re
import sys

NAME = "OPENAI_API_KEY"
FORM = re.compile(r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{40,}")
FORMAT = "it begins with sk- and has more than 40 letters, digits, _ or - behind that"


class KeyFormatError(Exception):
    """The key can't be one."""


def check_strictly() -> None:
    key = os.environ.get(NAME)
    if key is None:
        problem = "is not set"
    elif not key.strip():
        problem = "is blank"
    elif key.startswith("sk-ant-"):
        problem = "is a key of another provider"
    elif not FORM.fullmatch(key):
        problem = "is malformed"
    else:
        return
    print(f"error: {NAME} {problem}: {FORMAT}", file=sys.stderr)
    sys.exit(1)


def check_carelessly() -> None:
    key = os.environ.get(NAME, "")
    if not FORM.fullmatch(key) or key.startswith("sk-ant-"):
        raise KeyFormatError(f"{NAME}: {key!r} is malformed: {FORMAT}")


def main() -> None:
    mode = sys.argv[1]
    if mode == "strict":
        check_strictly()
    elif mode == "trace":
        check_carelessly()
    elif mode != "open":
        sys.exit(f"mode {mode!r} is none of strict, open, trace")

    # Only now: a server that refuses should not first load a framework.
    from fastmcp import FastMCP

    mcp = FastMCP("mcpload-startup")

    @mcp.tool
    def ping() -> str:
        """Answers "pong"."""
        return "pong"

    try:
        if "--port" in sys.argv:
            port = int(sys.argv[sys.argv.index("--port") + 1])
            mcp.run(transport="http", host="127.0.0.1", port=port, show_banner=False)
        else:
            mcp.run(transport="stdio", show_banner=False)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
