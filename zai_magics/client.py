"""The client: one method an endpoint, over synchronous httpx. Needs no notebook.

from zai_magics import Client

client = Client()                                   # key: ZAI_API_KEY
reply = client.chat("Hello!")                       # a str that knows its usage and cost
with client.stream("Tell me more") as stream:
    for delta in stream:
        print(delta.text, end="")
link, = client.image("A sunset over mountains", size="1280x1280")
job = client.video("A bird flying over the ocean", quality="quality")
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import endpoint, secret
from .errors import APIError, KeyMissing, MaybeCharged, NotFound, ZaiError, one_line
from .line import Turn
from .network import Network
from .retry import Attempts, Kind, Timing, doubt
from .stream import ChatStream as ChatStream
from .text import plural
from .types import Job, Json, Reply
from .wire import chat, media

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
_NO_KEY = (
    "no API key: set ZAI_API_KEY, give it as Client(KEY), or keep it with %zai login; "
    "%zai sandbox needs none: Client(base_url=…) with its address, which %zai shows"
)
Messages = str | Sequence[Mapping[str, Any]]


class Client:
    """Z.AI's API: `Client()`, `Client("key")`, `Client(coding=True)`.

    `api_key`: else ZAI_API_KEY, the keyring, Colab's secrets. `base_url`: else ZAI_BASE_URL, else
    the general endpoint. `coding=True` is the Coding Plan's endpoint: for its subscription keys
    in coding tools only; other use may cost you the plan. `transport` is an httpx transport
    (it switches the environment's proxies off). `client.warn` may be set to a function that is told
    what is odd about an answer. Not for use by several threads at once: a client
    costs nothing, make one for each.

    Raises KeyMissing without a key, CommandError for a base URL that is not safe.
    """

    def __init__(
        self,
        api_key: str | secret.Key | None = None,
        *,
        base_url: str | None = None,
        coding: bool = False,
        transport: httpx.BaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        try:
            where = endpoint.choose(base_url, coding=coding)
            key = secret.Key(secret.SANDBOX) if where.sandbox else secret.find(api_key)
        finally:
            del api_key  # a verbose traceback prints what a frame holds
        if key is None:
            raise KeyMissing(_NO_KEY)
        self.timing = timing or Timing()
        self.warn: Callable[[str], None] = lambda text: None
        self._encode = chat.Encoder()
        self.network = Network(where, key, transport=transport, timing=self.timing)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections; the client may be used again."""
        self.network.close()

    def take_turns(self, lock: threading.Lock) -> None:
        """One of many clients, each in a thread of its own, that share the lock: only one of them
        works at a time, the others wait for the network. `rest()` ends this one's turn.
        """
        self.network.line.turn = Turn(lock)

    def rest(self) -> None:
        """Let another client have its turn."""
        if self.network.line.turn is not None:
            self.network.line.turn.give()

    def cut(self) -> None:
        """End what another thread is doing with this client, one that takes turns, for good: it
        raises an error there.
        """
        self.network.line.cut()

    def chat(self, messages: Messages, *, model: str = "glm-4.7", **params: Any) -> Reply:
        """A whole reply: `client.chat("Hi", temperature=0.7)`, or a list of message objects.

        `params` go out as they are: temperature, top_p, max_tokens, stop, thinking, tools,
        tool_choice, response_format, … (POST /chat/completions of the reference).
        """
        with self.stream(messages, model=model, **{"stream": False, **params}) as stream:
            for _ in stream:
                pass
        return stream.reply()

    def stream(self, messages: Messages, *, model: str = "glm-4.7", **params: Any) -> ChatStream:
        """The same as a stream of deltas; `stream.reply()` is the whole at the end."""
        body = chat.body(messages, model, {"stream": True, **params})
        return ChatStream(self.network, self.timing, body, self._encode(body))

    def image(self, prompt: str, *, model: str = "glm-image", **params: Any) -> list[str]:
        """Links to the pictures made: `client.image("A cat", size="1280x1280")`.

        Paid, so never sent twice: MaybeCharged when the answer is lost. The links last 30 days;
        `client.download(link)` gets the bytes.
        """
        return [url for url, _ in self.image_links(prompt, model=model, **params)]

    def image_links(
        self, prompt: str, *, model: str = "glm-image", **params: Any
    ) -> list[tuple[str, str]]:
        """As `image`, each link with the prompt that the service made of yours ("" if none).

        At most as many as were ordered (`n`, or one); `warn` is told of others.
        """
        body = {"model": model, "prompt": prompt, **_given(params)}
        links = self._paid(media.IMAGES, body, media.image_links)
        most = media.asked_for(body)
        if len(links) > most:
            self.warn(
                f"the service sent {plural(len(links), 'link')} for {plural(most, 'picture')}; "
                "the others are not fetched, look at your bill on z.ai"
            )
        return links[:most]

    def video(self, prompt: str = "", *, model: str = "cogvideox-3", **params: Any) -> Job:
        """A video job: `client.video("A bird", quality="quality", fps=30, with_audio=True)`.

        Paid, so never sent twice: MaybeCharged when the answer is lost. Ask for the result with
        `client.video_result(job)`; `image_url=` gives the first frame, or first and last.
        """
        body = {"model": model, "prompt": prompt or None, **params}
        job = self._paid(media.VIDEOS, _given(body), lambda a: media.created(a, model, prompt))
        if self.network.key.redact(job.id) != job.id:
            raise MaybeCharged(
                "the service named the job by your key, which is not kept: it may have been "
                "charged; look at your bill on z.ai"
            )
        return job

    def video_result(self, job: Job | str) -> Job:
        """The job as it stands: `.state` is pending, done (`.urls`) or failed (`.error`).

        An id is enough. Asks where the create answer's dialect says, and on a 404 once at the
        other route, which the job then remembers.
        """
        job = Job(id=job) if isinstance(job, str) else job
        try:
            return self._poll(job)
        except NotFound as first:
            other = media.other_route(job)
            try:
                return self._poll(other)
            except NotFound:
                raise first from None

    def models(self) -> list[str]:
        """The ids that the service lists (not all that it has). Costs nothing; checks the key."""
        return self._read("/models", chat.model_ids)

    def _poll(self, job: Job) -> Job:
        now = self._read(media.result_path(job), lambda answer: media.result(answer, job))
        return replace(now, error=one_line(self.network.key.redact(now.error)))

    def _read(self, path: str, parse: Callable[[Json], T]) -> T:
        return self._attempts("read", lambda: self._json("GET", path, None, parse))

    def _paid(self, path: str, body: Json, parse: Callable[[Json], T]) -> T:
        content = chat.encode(body)
        try:
            return self._attempts("paid", lambda: self._order(path, content, parse))
        except ZaiError as error:
            if error.outcome != "unknown":
                raise
            raise MaybeCharged(
                f"{error} - it may have been made and charged, so it is not sent again by itself: "
                "look at your bill on z.ai"
            ) from None

    def _order(self, path: str, content: bytes, parse: Callable[[Json], T]) -> T:
        try:
            return self._json("POST", path, content, parse)
        except APIError as error:
            doubt(error)
            raise

    def _json(self, method: str, path: str, content: bytes | None, parse: Callable[[Json], T]) -> T:
        paid = content is not None
        pieces = [content] if content is not None else None
        with self.network.open(method, path, pieces, fresh=paid) as body:
            return parse(body.json())

    def _attempts(self, kind: Kind, once: Callable[[], T]) -> T:
        attempts = Attempts(kind, self.timing)
        while True:
            try:
                return once()
            except ZaiError as error:
                wait = attempts.after(error)
                if wait is None:
                    raise
            self.timing.sleep(wait)


def _given(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if value is not None}
