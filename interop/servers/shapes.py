"""Says of each line of stdin, a method and its result, if the Python SDK takes it."""

import json
import sys

from mcp import types
from pydantic import ValidationError

KINDS = {
    "initialize": types.InitializeResult,
    "tools/list": types.ListToolsResult,
    "prompts/list": types.ListPromptsResult,
    "resources/list": types.ListResourcesResult,
    "resources/templates/list": types.ListResourceTemplatesResult,
    "resources/read": types.ReadResourceResult,
    "prompts/get": types.GetPromptResult,
    "tools/call": types.CallToolResult,
    "completion/complete": types.CompleteResult,
}

for line in sys.stdin:
    case = json.loads(line)
    try:
        KINDS[case["method"]].model_validate(case["result"])
        print("true")
    except ValidationError:
        print("false")
