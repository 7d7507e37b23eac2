"""Where requests go: the general endpoint, the coding endpoint, the sandbox, one of your own."""

from __future__ import annotations

import functools
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import CommandError

GENERAL = "https://api.z.ai/api/paas/v4"
CODING = "https://api.z.ai/api/coding/paas/v4"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked base URL: `Endpoint("https://api.z.ai/api/paas/v4")`.

    https only, plain http on loopback alone; no user name in it. Raises CommandError otherwise.
    """

    url: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.strip().rstrip("/"))
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise CommandError("the base URL cannot be read; check ZAI_BASE_URL") from None
        if parts.username or parts.password or "@" in parts.netloc:
            raise CommandError("the base URL carries a user name; remove it from ZAI_BASE_URL")
        if not host or "?" in self.url or "#" in self.url:
            raise CommandError("the base URL must look like https://host/path; check ZAI_BASE_URL")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise CommandError(
                "the base URL must begin with https:// (http:// is for this machine only); "
                "check ZAI_BASE_URL"
            )

    @property
    def host(self) -> str:
        """The host's name, for messages."""
        return urlsplit(self.url).hostname or ""

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine, where no proxy is asked."""
        return is_loopback(self.host)

    @property
    def sandbox(self) -> bool:
        """Whether it is the sandbox, which gets the word "sandbox" as its key and no other."""
        return self.loopback and urlsplit(self.url).path.startswith("/sandbox/")

    @property
    def name(self) -> str:
        """What to call it: general, coding, sandbox, or its host."""
        names = {GENERAL: "general", CODING: "coding"}
        return "sandbox" if self.sandbox else names.get(self.url, self.host)


@functools.lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def choose(
    explicit: str | None = None, *, coding: bool = False, environ: Mapping[str, str] | None = None
) -> Endpoint:
    """The endpoint of: argument, the coding setting, ZAI_BASE_URL, the general one.

    Never read from a file: who chooses the endpoint gets the key.
    """
    if explicit:
        return Endpoint(explicit)
    if coding:
        return Endpoint(CODING)
    # The environment also holds the key: no frame that may fail keeps it in a variable.
    named = (os.environ if environ is None else environ).get("ZAI_BASE_URL", "")
    del environ
    return Endpoint(named.strip() or GENERAL)
