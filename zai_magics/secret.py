"""The API key: where it is found, how it is held, and how it is kept out of every text.

A key lives in a `Key`, whose repr shows only where it came from. `reveal()` is called by the
client's auth alone, `redact()` by whatever lets a string out.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import quote

from .errors import CommandError

_LEGAL = re.compile(r"[\x21-\x7e]+")
_LOOKS_LIKE_A_KEY = re.compile(r"(?<![\w.])[0-9a-f]{32}\.[A-Za-z0-9]{16}(?![\w.])")
SANDBOX = "sandbox"
KEYRING_SERVICE = "zai-magics"
VARIABLES = ("ZAI_API_KEY", "Z_AI_API_KEY")


class Key:
    """An API key that shows itself to no one: `Key("id.secret", "ZAI_API_KEY")`.

    Stripped and checked here, because httpx prints the whole value of a malformed header.
    Raises CommandError for a text that no header can carry.
    """

    __slots__ = ("__forms", "__value", "source")

    def __init__(self, value: str, source: str = "given") -> None:
        self.source = source
        value = value.strip()
        if not _LEGAL.fullmatch(value):
            del value  # a verbose traceback prints what a frame holds
            raise CommandError(
                f"the key from {source} has characters that no key has; "
                "copy it again (one line, no blanks or quotes)"
            )
        self.__value = value
        self.__forms = _forms(value)

    def reveal(self) -> str:
        """The key itself, for the Authorization header and nothing else."""
        return self.__value

    def redact(self, text: str) -> str:
        """`text` with the key blotted out, also where it is URL-encoded or in base64."""
        for form in self.__forms:
            if form in text:
                text = text.replace(form, "[key]")
        return text

    def is_in(self, text: str) -> bool:
        """Whether it stands in a text, in any form."""
        return any(form in text for form in self.__forms)

    def clean(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The same names, every text in it redacted."""
        return {k: self.redact(v) if isinstance(v, str) else v for k, v in data.items()}

    def __repr__(self) -> str:
        return f"<key from {self.source}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not pickled or copied")

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()


def _forms(value: str) -> tuple[str, ...]:
    """The texts in which a key could leak; none for words too short to be secret."""
    if len(value) < 8 or value == SANDBOX:
        return ()
    secrets = {value, *(part for part in value.split(".") if len(part) >= 16)}
    forms = set(secrets)
    for secret in secrets:
        forms |= {quote(secret, safe=""), quote(secret)}
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + secret.encode())
            # The first and last groups depend on the neighbours; what is between is the key's.
            inner = coded[4:-4].decode()
            if len(inner) >= 8:
                forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return tuple(sorted(forms, key=len, reverse=True))


def looks_like_key(text: str) -> bool:
    """Whether a typed text contains what looks like a Z.AI key (32 hex digits, dot, 16 more)."""
    return bool(_LOOKS_LIKE_A_KEY.search(text))


def find(explicit: str | Key | None = None, environ: Mapping[str, str] | None = None) -> Key | None:
    """The first key of: argument, ZAI_API_KEY, Z_AI_API_KEY, keyring, Colab's secrets.

    None when there is none. The environment is read now, not at import.
    """
    if isinstance(explicit, Key):
        return explicit
    try:
        if explicit:
            return Key(explicit, "the argument")
        for name in VARIABLES:
            if _value(name, environ):
                return Key(_value(name, environ), name)
    finally:
        del explicit, environ  # a verbose traceback prints what a frame holds
    return _from_keyring() or _from_colab()


def of_environment() -> list[Key]:
    """Every key that the environment has, whichever is used."""
    found = []
    for name in VARIABLES:
        with suppress(CommandError):  # none that could be sent
            found += [Key(_value(name, None), name)] if _value(name, None) else []
    return found


def _value(name: str, environ: Mapping[str, str] | None) -> str:
    return (os.environ if environ is None else environ).get(name, "").strip()


def _from_keyring() -> Key | None:
    try:
        import keyring

        value = keyring.get_password(KEYRING_SERVICE, "ZAI_API_KEY")
    except Exception:  # not installed, locked, or no backend: each means no key from here
        return None
    return Key(value, "the keyring") if value else None


def remember(key: Key) -> bool:
    """Keep the key in the system's keyring; False when there is none to keep it in."""
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, "ZAI_API_KEY", key.reveal())
    except Exception:  # not installed, locked, or no backend
        return False
    return True


def _from_colab() -> Key | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import userdata

        value = userdata.get("ZAI_API_KEY")
    except Exception:  # no such secret, or the notebook was not given access to it
        return None
    return Key(value, "Colab's secrets") if value else None
