"""The tools of a turn: who allows a call, what it gives, and what the model is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
_STOPPED = "stopped by the user"
_LONG = 10_000  # characters of arguments with which nothing was run
_WITHHELD = "(withheld: it holds the user's API key)"


class Calling:
    """`calling.admit(reply)`, then `for step, doing in calling.run(reply): …` runs the calls of an
    answer one after the other; `calling.ended(reply)` is what became of them.

    `approve` is ask, always or never.
    """

    def __init__(self, session: Session, known: Mapping[str, tools.Tool], approve: str) -> None:
        self._session, self._known, self._approve = session, known, approve
        self._guard = tools.Guard()
        self._images = False
        self._made: list[Called] = []
        self._began: float | None = None  # when the function that is running was called

    def requests(self) -> list[Json]:
        """The tools as a request names them."""
        return [tool.to_request() for tool in self._known.values()]

    def admit(self, reply: Reply) -> None:
        """Count an answer with calls. Raises ToolLimit; nothing of it is to be run then."""
        self._made, self._began = [], None
        self._guard.admit(reply.tool_calls)

    def run(self, reply: Reply) -> Iterator[tuple[Step, str]]:
        """The step as it grows, and what is being done."""
        for call in reply.tool_calls:
            growing = (*self._made, Called(call.name, call.arguments))
            yield Step(str(reply), reply.thinking, growing), f"calling {call.name} …"
            self._made.append(self._called(call, reply))
        yield Step(str(reply), reply.thinking, tuple(self._made)), "asking on …"

    def ended(self, reply: Reply) -> tuple[Step, list[Json]]:
        """The round as a step, and its messages for the model: a call that was not come to, or not
        to its end, has a result, too, since the service takes whole rounds only.
        """
        left = [self._refused(call, _STOPPED) for call in reply.tool_calls[len(self._made) :]]
        if left and self._began is not None:
            ran = self._session.timing.clock() - self._began
            left[0] = left[0]._replace(elapsed=max(ran, 0.001))  # 0 is one that was not run
        made = (*self._made, *left)
        pairs = list(zip(reply.tool_calls, made, strict=True))
        said = reply.message()
        said["tool_calls"] = [_brief(call, called).to_message() for call, called in pairs]
        if reply.thinking:  # which the service wants back while it is calling
            said["reasoning_content"] = reply.thinking
        results = (wire.tool_result(c.id, called.result, called.image) for c, called in pairs)
        return Step(str(reply), reply.thinking, made), [said, *results]

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
        self._began = self._session.timing.clock()
        outcome = tools.run(tool, given, self._session.timing.clock)
        self._began = None
        text, image = self._told(outcome, call.name)
        failed = _WITHHELD if self._session.connection.holds_key(outcome.error) else outcome.error
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
        if self._session.connection.holds_key(text):
            text = _WITHHELD
        self._images = self._images or bool(image)
        return text, image


def _brief(call: ToolCall, called: Called) -> ToolCall:
    """A call as it goes back: long arguments that were refused would go with every request."""
    refused = called.error and len(call.arguments) > _LONG
    return call._replace(arguments="{}") if refused else call
