"""Tools: a Python function as a model sees it, and one call of it. Knows no notebook, no HTTP.

tools = named(["weather"], user_ns)           # -T weather
body["tools"] = [t.to_request() for t in tools.values()]
guard.admit(reply.tool_calls)                 # ToolLimit
print(ask_text(tools[call.name], as_written(call.arguments)))   # for the user's yes or no
given = arguments(tools[call.name], call.arguments)   # ArgumentError, for the model
outcome = run(tools[call.name], given)        # outcome.text, for the model
"""

from .arguments import arguments, as_written
from .asking import ask_text
from .call import Outcome, reason, refused, run
from .guard import Guard
from .kinds import ArgumentError
from .naming import named
from .tool import Tool, tool

__all__ = [
    "ArgumentError",
    "Guard",
    "Outcome",
    "Tool",
    "arguments",
    "as_written",
    "ask_text",
    "named",
    "reason",
    "refused",
    "run",
    "tool",
]
