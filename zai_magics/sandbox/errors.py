"""The service's documented errors: business code -> HTTP status and message.

Belongs here: what a refusal is called and how its JSON looks. Why one is given belongs in
`validate`, `service` and `faults`.
"""

from __future__ import annotations

from typing import Any

# Codes of docs.z.ai's table. The old table gave no HTTP status for 11xx, 1231, 1300, 1303,
# 1304 and 1312; those take the status of their nearest relative.
CODES: dict[str, tuple[int, str]] = {
    "500": (500, "Internal error"),
    "1000": (401, "Authentication failed"),
    "1001": (401, "Authentication parameter not received in Header"),
    "1002": (401, "Invalid authentication token"),
    "1003": (401, "Authentication token expired"),
    "1004": (401, "Authentication failed with the provided token"),
    "1005": (401, "Two-factor authentication is needed"),
    "401": (401, "token expired or incorrect"),
    "1100": (401, "Account read/write"),
    "1110": (401, "Your account is currently inactive"),
    "1111": (401, "Your account does not exist"),
    "1112": (401, "Your account has been locked"),
    "1113": (429, "Insufficient balance or no resource package. Please recharge."),
    "1120": (500, "Unable to access your account for now, please try again later"),
    "1121": (401, "Account locked for irregular activity"),
    "1200": (500, "API call error"),
    "1210": (400, "Invalid API parameter"),
    "1211": (400, "Unknown model, please check the model code"),
    "1212": (400, "The model does not support this method"),
    "1213": (400, "A required parameter was not received"),
    "1214": (400, "Invalid parameter"),
    "1215": (400, "Parameters conflict with each other"),
    "1220": (403, "You do not have permission to access this API"),
    "1221": (400, "The API has been taken offline"),
    "1222": (400, "The API does not exist"),
    "1230": (500, "API call process error"),
    "1231": (400, "You already have a request with this request_id"),
    "1234": (500, "Network error, error id: sandbox"),
    "1261": (400, "Prompt exceeds max length"),
    "1300": (400, "API call blocked by policy"),
    "1301": (400, "The input or the generated content may be unsafe or sensitive"),
    "1302": (429, "Rate limit reached for requests"),
    "1303": (429, "Rate limit reached: too frequent"),
    "1304": (429, "Daily call limit reached"),
    "1305": (429, "The service may be temporarily overloaded, please try again later"),
    "1308": (429, "Usage limit reached. Your limit will reset at 2099-01-01 00:00:00"),
    "1309": (429, "Your Coding Plan package has expired"),
    "1310": (429, "Weekly/monthly limit reached. It will reset at 2099-01-01 00:00:00"),
    "1311": (429, "Your plan does not include this model"),
    "1312": (429, "The model is busy, please try again later or use another one"),
    "1313": (429, "Restricted under the Fair Usage Policy"),
    "1314": (429, "Your enterprise package has expired"),
    "1315": (429, "This key is only for enterprise coding"),
    "1316": (429, "5-hour usage limit reached and the balance is insufficient"),
    "1317": (429, "7-day usage limit reached and the balance is insufficient"),
    "1318": (429, "5-hour usage limit and monthly spend limit reached"),
    "1319": (429, "7-day usage limit and monthly spend limit reached"),
    "1320": (429, "5-hour usage limit and monthly spend limit reached"),
    "1321": (429, "7-day usage limit and monthly spend limit reached"),
}


class Problem(Exception):
    """A refusal: `raise Problem("1213", "messages is missing")`.

    `code` is a business code; `message` defaults to the documented one and `status` to the
    documented HTTP status (400 for a code that is not in the table).
    """

    def __init__(self, code: str, message: str = "", *, status: int | None = None) -> None:
        known_status, known_message = CODES.get(code, (400, f"Error {code}"))
        self.code = code
        self.status = known_status if status is None else status
        self.message = message or known_message
        super().__init__(f"{self.status} {code}: {self.message}")

    def body(self) -> dict[str, Any]:
        """The JSON of the answer. The code is a string, as in every recorded answer."""
        return {"error": {"code": self.code, "message": self.message}}


def missing(name: str) -> Problem:
    """A required parameter is absent (or null, which the official SDK sends for absent)."""
    return Problem("1213", f"The parameter {name} was not received properly.")


def invalid(name: str, wanted: str) -> Problem:
    """A parameter has the wrong type or value."""
    return Problem("1214", f"{name}: invalid, it must be {wanted}")


# What the service's gateway says, with HTTP status 200, about a route that does not exist.
FLAT_NOT_FOUND: dict[str, Any] = {"code": 500, "msg": "404 NOT_FOUND", "success": False}
