"""Starts acb's MCP server, which has no console script.

    python acb_http.py PORT
"""

import sys


from acb.mcp import create_mcp_server

create_mcp_server().run(transport="http", host="127.0.0.1", port=int(sys.argv[1]))
