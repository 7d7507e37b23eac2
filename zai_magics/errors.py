"""The error tree: what can go wrong, what is known about the request then, what to do next.

    ZaiError
      CommandError            what was typed: an unknown command, option, name or value
      PromptError             a prompt that cannot be sent: {{ name }} unknown, no text
      ToolLimit               a model that goes on calling tools: rounds, calls, the same again
      KeyMissing              no API key to be found
      BudgetError             what a request may cost at most does not fit into the budget
      ReplayMiss              %zai replay only: this is not recorded, and nothing is sent
      ConnectionFailed        the network: nothing sent, or the answer was lost
        TimedOut              no useful byte within the limit
      SchemaError             an answer that does not fit --schema, however often it was asked
      IncompleteAnswer        a reply that broke off after its first words
      BadAnswer               an answer that cannot be read: a web page, broken JSON, too much
      APIError                the service refused, with its own code
        AuthenticationError     401: wrong or expired key
        PermissionDenied        403, 1220
        NotFound                404
        InvalidRequest          400: a parameter, the model's name
          ContextTooLong          1261
          ContentRefused          1300, 1301
        BalanceError            1113: no money, or a key for another endpoint
        QuotaError              a limit of the plan or of the day
        RateLimited             429: too many at once, or the service is busy
        ServerError             5xx
      JobFailed               the service could not make the video or image
      JobPending              still being made when the patience ran out
      MaybeCharged            a paid request whose answer was lost
      MediaError              a file that cannot be fetched, recognised or kept
      PackError               a pack of recordings that cannot be written or read
      JournalError            the journal cannot be read or written; answers are shown all the same
      NotJSON                 (a ValueError too) `.data` of a reply that is none
      NoSuchName              (an AttributeError too) `zm.nosuch`
    Interrupted               (a KeyboardInterrupt) stopped by the user

Every message is one line and ends with the next step. In a notebook each of them shows as that
one line (`_render_traceback_`) and fails the cell.
"""

from __future__ import annotations

import re
from typing import Literal

Outcome = Literal["unsent", "busy", "refused", "unknown"]
"""What is known of a request that failed.

unsent: nothing reached the service. busy: refused for now. refused: refused for good.
unknown: it may have been carried out.
"""

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]+"
)


def one_line(text: str, limit: int = 300) -> str:
    """Foreign text as one printable line: `one_line("a\\n\\x1b[31mb")` is `"a [31mb"`.

    Control, bidi and surrogate characters become a space; longer than `limit` characters is cut.
    """
    line = " ".join(_UNPRINTABLE.sub(" ", text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class _OneLine(BaseException):
    """Shows in a notebook as its one line, under its own name, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {one_line(str(self), 1000)}"]


class ZaiError(_OneLine, Exception):
    """Any failure of this package: `except zai_magics.ZaiError as e: print(e)`.

    `outcome` says what is known of the request: unsent, busy, refused or unknown.
    """

    outcome: Outcome = "refused"

    def __init__(self, message: str, *, outcome: Outcome | None = None) -> None:
        super().__init__(message)
        if outcome is not None:
            self.outcome = outcome


class CommandError(ZaiError):
    """Something typed that does not exist or does not fit; nothing was sent."""


class PromptError(ZaiError):
    """A prompt that cannot be made; nothing was sent."""


class ToolLimit(ZaiError):
    """A model went on calling tools. What was run stays done; nothing more is run or sent."""


class KeyMissing(ZaiError):
    """No API key was found; nothing was sent."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "no API key: %zai login asks for one (or set ZAI_API_KEY); "
            "%zai sandbox tries everything without a key"
        )


class BudgetError(ZaiError):
    """A request may cost more than is left of the budget; nothing was sent."""

    outcome: Outcome = "unsent"


class ReplayMiss(ZaiError):
    """`%zai replay only` has no network, and nothing that is recorded answers this."""

    outcome: Outcome = "unsent"


class ConnectionFailed(ZaiError):
    """The network failed; `outcome` is "unsent" or "unknown"."""

    outcome: Outcome = "unknown"


class TimedOut(ConnectionFailed):
    """No useful byte came within the limit."""


class BadAnswer(ZaiError):
    """An answer that cannot be read, or is larger than anything sensible."""

    outcome: Outcome = "unknown"


class IncompleteAnswer(ZaiError):
    """A reply that broke off; the words that came are kept and marked."""

    outcome: Outcome = "unknown"


class SchemaError(ZaiError):
    """An answer that does not fit what --schema asked for; its words are kept."""


class APIError(ZaiError):
    """The service said no.

    `status` is the HTTP status, `code` the business code as a string ("" if there was none),
    `request_id` what support asks for, `retry_after` seconds or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        super().__init__(message, outcome=outcome)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after


class AuthenticationError(APIError):
    """The key is wrong, expired or for something else."""


class PermissionDenied(APIError):
    """The key may not use this model or endpoint."""


class NotFound(APIError):
    """The endpoint or job does not exist."""


class InvalidRequest(APIError):
    """A parameter or the model's name does not fit."""


class ContextTooLong(InvalidRequest):
    """The conversation does not fit into the model."""


class ContentRefused(InvalidRequest):
    """The service's content filter said no."""


class BalanceError(APIError):
    """The account has no money, or the key belongs to another endpoint."""


class QuotaError(APIError):
    """A limit of the plan, the day or the week is reached."""


class RateLimited(APIError):
    """Too many requests at once, or the service is busy."""


class ServerError(APIError):
    """The service failed inside."""


class JobFailed(ZaiError):
    """The service could not make what was asked for. `job_id` names the job."""

    def __init__(self, message: str, *, job_id: str = "") -> None:
        super().__init__(message)
        self.job_id = job_id


class JobPending(ZaiError):
    """Still being made; nothing is lost: `%zai wait ID`. `job_id` names the job."""

    def __init__(self, message: str, *, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class MaybeCharged(ZaiError):
    """The answer to a paid request was lost: it may have been charged, and is not sent again."""

    outcome: Outcome = "unknown"


class MediaError(ZaiError):
    """A picture or clip that could not be fetched, recognised or kept."""


class PackError(ZaiError):
    """A pack that cannot be written, or is none that can be read; nothing of it was used."""


class JournalError(ZaiError):
    """The journal cannot be read or written. What was asked for is done and shown all the same."""


class NotJSON(ZaiError, ValueError):
    """A reply that is no JSON was asked for its `.data`."""


class NoSuchName(ZaiError, AttributeError):
    """`zai_magics` has no such name; where a command has it, the message says so."""


class Interrupted(_OneLine, KeyboardInterrupt):
    """Stopped by the user; what had arrived is kept.

    A KeyboardInterrupt, so that `except Exception` in a loop does not swallow it. `outcome` is as
    for ZaiError.
    """

    outcome: Outcome = "unknown"

    def __init__(self, message: str = "", *, outcome: Outcome = "unknown") -> None:
        super().__init__(message)
        self.outcome = outcome
