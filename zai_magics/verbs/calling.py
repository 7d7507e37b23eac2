"""The tools of a turn: who allows a call, what it gives, and what the model is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import attach, catalogue, tools
from ..errors import PromptError
from ..types import Called, Json, Reply, Step, ToolCall
from ..wire import chat as wire

if TYPE_CHECKING:
    from ..session import Session

Ask = Callable[[str], bool | None]
"""Shows a call and gives what the user says to it; None where there is nobody to be asked."""

_NO = "The user did not allow this call."
_WHOLE = ("", "stop", "tool_calls")
_NOBODY = "nobody can be asked here (--approve always)"
_WITHHELD = "(withheld: it holds the user's API key)"


class Calling:
    """`for step, doing in calling.run(reply): …` runs an answer's calls one after the other; then
    `calling.results` are the messages for the model.

    `approve` is ask, always or never.
    """

    def __init__(self, session: Session, known: Mapping[str, tools.Tool], approve: str) -> None:
        self._session, self._known, self._approve = session, known, approve
        self._guard = tools.Guard()
        self._images = False
        self.results: Sequence[Json] = ()

    def requests(self) -> list[Json]:
        """The tools as a request names them."""
        return [tool.to_request() for tool in self._known.values()]

    def run(self, reply: Reply) -> Iterator[tuple[Step, str]]:
        """The step as it grows, and what is being done. Raises ToolLimit."""
        self._guard.admit(reply.tool_calls)
        made: list[Called] = []
        results: list[Json] = []
        self.results = results
        for call in reply.tool_calls:
            step = Step(str(reply), reply.thinking, (*made, Called(call.name, call.arguments)))
            yield step, f"calling {call.name} …"
            called = self._called(call, reply)
            made.append(called)
            results.append(wire.tool_result(call.id, called.result, called.image))
        yield Step(str(reply), reply.thinking, tuple(made)), "asking on …"

    def model(self, model: str, note: str) -> tuple[str, str]:
        """The model for the next request: one that reads images, once a tool has made one."""
        known = catalogue.entry(model)
        if not self._images or known is None or known.kind != "chat":
            return model, note
        vision = self._session.settings.vision_model
        said = f"a tool gave an image, which {model} does not read, so {vision} went on"
        return vision, f"{note}; {said}" if note else said

    def _called(self, call: ToolCall, reply: Reply) -> Called:
        """One call, allowed or not; what goes wrong is told to the model and shown."""
        tool = self._known.get(call.name)
        if tool is None:
            return self._refused(call, f"There is no tool {call.name!r}.")
        if reply.finish_reason not in _WHOLE:
            return self._refused(call, "The answer was cut off; nothing was run.")
        try:
            refused = self._forbidden(tool, call)
            # Only then are they read: a class of the user's may do anything while it is made.
            given = {} if refused else tools.arguments(tool, call.arguments)
        except (Exception, SystemExit) as error:
            return self._refused(call, tools.reason(error))
        if refused:
            return self._refused(call, refused)
        outcome = tools.run(tool, given, self._session.timing.clock)
        text, image = self._told(outcome, call.name)
        failed = _WITHHELD if self._session.holds_key(outcome.error) else outcome.error
        table = not failed and attach.is_table(outcome.value)
        return Called(call.name, call.arguments, text, failed, outcome.elapsed, image, table)

    def _refused(self, call: ToolCall, why: str) -> Called:
        return Called(call.name, call.arguments, why, why)

    def _forbidden(self, tool: tools.Tool, call: ToolCall) -> str:
        """Why a call is not run, "" when it may be. The user is asked with what the model wrote,
        not with what becomes of it: an object need not show all that it was made of.
        """
        if self._approve == "always":
            return ""
        if self._approve == "never":
            return _NO
        said = self._session.ask(tools.ask_text(tool, tools.as_written(call.arguments)))
        if said is None:
            return _NOBODY
        return "" if said else _NO

    def _told(self, outcome: tools.Outcome, name: str) -> tuple[str, str]:
        """What the model is told, and the picture that goes with it."""
        text, image, value = outcome.text, "", outcome.value
        if attach.is_attachable(value) or attach.is_table(value):
            with suppress(PromptError):  # too large a picture; that there is one has been said
                seen = attach.from_value(value, name)
                text, image = seen.text or text, seen.url if seen.kind == "image" else ""
        if self._session.holds_key(text):
            text = _WITHHELD
        self._images = self._images or bool(image)
        return text, image
