"""Who is asked and with which key: the endpoint, the key, and the client made of both."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from . import catalogue, endpoint, secret
from .client import Client
from .errors import CommandError, KeyMissing, ReplayMiss
from .retry import Timing
from .settings import Settings


class Connection:
    """`connection.client()` is the client for the settings as they are now.

    `key` is the one that was typed, `base_url` the sandbox's or None. `offline` is what to do
    where there is to be no network, "" where there is, `warn` is told what the user should know.
    """

    def __init__(
        self,
        settings: Settings,
        timing: Callable[[], Timing],
        offline: Callable[[], str],
        warn: Callable[[str], None],
    ) -> None:
        self._settings, self._timing, self._offline, self._warn = settings, timing, offline, warn
        self.key: secret.Key | None = None
        self.base_url: str | None = None
        self._client: Client | None = None
        self._made_for = 0
        self._known: tuple[int, list[secret.Key]] | None = None  # a keyring is slow

    def client(self) -> Client:
        """The client, kept while the settings stay. Raises KeyMissing, and ReplayMiss offline."""
        own = (self.base_url, self._settings.coding, self._offline())
        made_for = hash((self._keys(), os.environ.get("ZAI_BASE_URL"), *own))
        if self._client is None or made_for != self._made_for:
            self.close()
            self._client = self.own_client(self._timing())
            self._made_for = made_for
        return self._client

    def own_client(self, timing: Timing) -> Client:
        """A client for a thread of its own."""
        self._refuse_offline()
        coding = self._settings.coding
        try:
            made = Client(self.key, base_url=self.base_url, coding=coding, timing=timing)
        except KeyMissing:  # in a notebook there is more to do about it
            raise KeyMissing from None
        made.warn = self._warn
        return made

    def clients(self) -> Callable[[], Client]:
        """What makes a client for each of many threads; the key is looked for once. Raises
        KeyMissing, and ReplayMiss offline.
        """
        self._refuse_offline()
        first, coding = self.client(), self._settings.coding
        where, key, timing = self.base_url, first.network.key, first.timing

        def made() -> Client:
            client = Client(key, base_url=where, coding=coding, timing=timing)
            client.warn = self._warn
            return client

        return made

    def login(self, key: secret.Key) -> str:
        """Use this key from now on, if the service takes it. Gives the endpoint's name."""
        self._refuse_offline()
        with Client(key, coding=self._settings.coding, timing=self._timing()) as client:
            client.models()
        self.key, self.base_url = key, None
        return self.endpoint().name

    def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def endpoint(self) -> endpoint.Endpoint:
        """Where requests go."""
        return endpoint.choose(self.base_url, coding=self._settings.coding)

    def seller(self) -> str:
        """Who answers: what one endpoint has sold is not looked for at another."""
        where = self.endpoint()
        return "sandbox" if where.sandbox else where.url

    def is_free(self) -> bool:
        """Whether nothing is charged for what is asked here."""
        return self.endpoint().sandbox

    def price(self, model: str) -> float | None:
        """US dollars of one picture or clip here; the sandbox's cost nothing."""
        return 0.0 if self.is_free() else catalogue.each(model)

    def found_key(self) -> secret.Key | None:
        """The key that would be used; shows only where it came from."""
        return self.key or secret.find()

    def holds_key(self, text: str) -> bool:
        """Whether a key stands in a text: no prompt carries one, least of all to the sandbox. That
        is the one that would be used, and the others that the environment has.
        """
        if self._known is None or self._known[0] != self._keys():
            found = secret.of_environment()
            with suppress(CommandError):  # not a key that could be sent
                found += filter(None, [self.found_key()])
            self._known = self._keys(), found
        return any(key.is_in(text) for key in self._known[1])

    def without_key(self, text: str) -> str:
        """A text of a server's, which may have echoed the key."""
        return self._client.network.key.redact(text) if self._client else text

    def _keys(self) -> int:
        """Another number where another key would be used, the keyring's aside."""
        return hash((id(self.key), *map(os.environ.get, secret.VARIABLES)))

    def _refuse_offline(self) -> None:
        if step := self._offline():
            raise ReplayMiss(f"%zai replay only has no network; {step}")
