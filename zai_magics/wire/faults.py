"""Refusals of the service -> errors, by its business code first and the HTTP status second.

Codes: docs.z.ai "Error codes", also those of its older table. A 429 may be "too fast" (1302) or
"no money" (1113), so the status alone decides only for codes that are not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from typing import Any, NamedTuple

from ..errors import (
    APIError,
    AuthenticationError,
    BalanceError,
    ContentRefused,
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Outcome,
    PermissionDenied,
    QuotaError,
    RateLimited,
    ServerError,
    one_line,
)
from ..types import Json


class Rule(NamedTuple):
    """What a refusal is, what is known of the request, and the user's next step."""

    error: type[APIError]
    outcome: Outcome
    step: str


_KEY = Rule(AuthenticationError, "refused", "check the key: %zai login")
_ACCOUNT = Rule(PermissionDenied, "refused", "look at your account on z.ai")
_MONEY = Rule(
    BalanceError,
    "refused",
    "top up your account, or use a key of this endpoint "
    "(Coding Plan keys work on the coding endpoint only)",
)
_FIELD = Rule(InvalidRequest, "refused", "change the named parameter")
_MODEL = Rule(InvalidRequest, "refused", "see %zai models")
_BUSY = Rule(RateLimited, "busy", "wait a little and run the cell again")
_QUOTA = Rule(
    QuotaError, "refused", "wait for the reset that the message names, or change the plan"
)
_INSIDE = Rule(ServerError, "unknown", "run the cell again")

BY_CODE: Mapping[str, Rule] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1005", "401"), _KEY),
    **dict.fromkeys(("1100", "1110", "1111", "1112", "1121"), _ACCOUNT),
    **dict.fromkeys(("500", "1120", "1200", "1230", "1234"), _INSIDE),
    "1113": _MONEY,
    **dict.fromkeys(("1210", "1213", "1214", "1215", "1231"), _FIELD),
    **dict.fromkeys(("1211", "1212", "1221", "1222"), _MODEL),
    "1220": Rule(PermissionDenied, "refused", "your key may not use this; see %zai models"),
    "1261": Rule(ContextTooLong, "refused", "shorten the prompt or begin anew: %zai new"),
    **dict.fromkeys(("1300", "1301"), Rule(ContentRefused, "refused", "rephrase the prompt")),
    **dict.fromkeys(("1302", "1303", "1305", "1312"), _BUSY),
    **dict.fromkeys(("1304", "1308", "1309", "1310", "1311", "1313", "1314", "1315"), _QUOTA),
    **dict.fromkeys(("1316", "1317", "1318", "1319", "1320", "1321"), _QUOTA),
}
BY_STATUS: Mapping[int, Rule] = {
    400: _FIELD,
    401: _KEY,
    403: Rule(PermissionDenied, "refused", "your key may not use this; see %zai models"),
    404: Rule(NotFound, "refused", "check the endpoint (ZAI_BASE_URL) or the id"),
    413: Rule(InvalidRequest, "refused", "send less: shorten the prompt or the attachments"),
    429: _BUSY,
}


LONG_WAIT = 60.0


def error_in(data: Any) -> Json | None:
    """The error object of an answer, None when it is a proper answer.

    `{"error": {…}}` is the usual form; gateways answer `{"code": 500, "msg": …}` with HTTP 200.
    """
    if not isinstance(data, dict) or data.keys() & {"task_status", "status"}:
        return None  # a failed job is an answer about the job, not a refused request
    inner = data.get("error")
    if isinstance(inner, dict) and inner:
        return inner
    if isinstance(inner, str) and inner:
        return {"message": inner, "code": data.get("code")}
    proper = any(data.get(name) for name in ("choices", "data", "id", "video_result"))
    if "code" in data and ("msg" in data or "message" in data) and not proper:
        return data
    return None


def fault(
    status: int, found: Json, headers: Mapping[str, str], number: object, where: str
) -> APIError:
    """The error of a refused request: its error object, its headers (names in lower case), the
    `request_id` of its body if there was one, and the masked URL for messages.
    """
    return from_error(
        found,
        status,
        where,
        request_id=number if isinstance(number, str) else headers.get("x-log-id", ""),
        retry_after=_seconds(headers.get("retry-after")),
    )


def from_error(
    found: Json,
    status: int,
    where: str,
    *,
    request_id: str = "",
    retry_after: float | None = None,
) -> APIError:
    """The error of an error object as the service sends it, also inside a stream."""
    code = found.get("code")
    code = str(code) if isinstance(code, (str, int)) else ""
    said = found.get("message") or found.get("msg")
    said = one_line(said) if isinstance(said, str) else ""
    rule = _rule(code, status, said)
    label = " ".join(
        filter(None, (f"HTTP {status}" if status != 200 else "", code and f"code {code}"))
    )
    message = said or f"no message from {where}"
    step = rule.step
    if retry_after and retry_after > LONG_WAIT and rule.outcome == "busy":
        step = f"the service asks to wait {_duration(retry_after)}, then run the cell again"
    return rule.error(
        f"{message} ({label}); {step}" if label else f"{message}; {step}",
        status=status,
        code=code,
        request_id=one_line(request_id, 80),
        retry_after=retry_after,
        outcome=rule.outcome,
    )


def _rule(code: str, status: int, said: str) -> Rule:
    if "404 NOT_FOUND" in said:  # the gateway's word for a route that does not exist
        return BY_STATUS[404]
    if code in BY_CODE and not (code == "500" and 400 <= status < 500):
        return BY_CODE[code]
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status == 200 and code.isdecimal() and int(code[:9]) in BY_STATUS:
        return BY_STATUS[int(code[:9])]  # a gateway's flat body carries the status it means
    return (
        _INSIDE if status >= 500 or status == 200 else Rule(APIError, "refused", "see the message")
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _seconds(value: str | None) -> float | None:
    """Retry-After in seconds, or as an HTTP date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _until(value)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(date: str) -> float | None:
    from datetime import datetime
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
