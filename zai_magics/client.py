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

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import endpoint, secret
from .errors import (
    BadAnswer,
    IncompleteAnswer,
    KeyMissing,
    MaybeCharged,
    NotFound,
    TimedOut,
    ZaiError,
)
from .gather import Answer
from .network import SILENCE, Body, Network, masked
from .retry import Attempts, Kind, Timing
from .types import Delta, Job, Json, Reply
from .wire import chat, events, faults, media

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Messages = str | Sequence[Mapping[str, Any]]


class Client:
    """Z.AI's API: `Client()`, `Client("key")`, `Client(coding=True)`.

    `api_key`: else ZAI_API_KEY, the keyring, Colab's secrets. `base_url`: else ZAI_BASE_URL, else
    the general endpoint. `coding=True` is the Coding Plan's endpoint: for its subscription keys
    in coding tools only; other use may cost you the plan. `transport` is an httpx transport
    (it switches the environment's proxies off). Not for use by several threads at once: a client
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
        where = endpoint.choose(base_url, coding=coding)
        key = secret.Key(secret.SANDBOX) if where.sandbox else secret.find(api_key)
        if key is None:
            raise KeyMissing
        self.timing = timing or Timing()
        self.network = Network(where, key, transport=transport, timing=self.timing)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections; the client may be used again."""
        self.network.close()

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
        return ChatStream(self.network, self.timing, body)

    def image(self, prompt: str, *, model: str = "glm-image", **params: Any) -> list[str]:
        """Links to the pictures made: `client.image("A cat", size="1280x1280")`.

        Paid, so never sent twice: MaybeCharged when the answer is lost. The links last 30 days;
        `client.download(link)` gets the bytes.
        """
        return [url for url, _ in self.image_links(prompt, model=model, **params)]

    def image_links(
        self, prompt: str, *, model: str = "glm-image", **params: Any
    ) -> list[tuple[str, str]]:
        """As `image`, each link with the prompt that the service made of yours ("" if none)."""
        body = {"model": model, "prompt": prompt, **_given(params)}
        return self._paid(media.IMAGES, body, media.image_links)

    def video(self, prompt: str = "", *, model: str = "cogvideox-3", **params: Any) -> Job:
        """A video job: `client.video("A bird", quality="quality", fps=30, with_audio=True)`.

        Paid, so never sent twice: MaybeCharged when the answer is lost. Ask for the result with
        `client.video_result(job)`; `image_url=` gives the first frame, or first and last.
        """
        body = {"model": model, "prompt": prompt or None, **params}
        return self._paid(media.VIDEOS, _given(body), lambda a: media.created(a, model, prompt))

    def video_result(self, job: Job | str) -> Job:
        """The job as it stands: `.state` is pending, done (`.urls`) or failed (`.error`).

        An id is enough. Asks where the create answer's dialect says, and on a 404 once at the
        other route, which the job then remembers.
        """
        job = Job(id=job) if isinstance(job, str) else job
        try:
            return self._read(media.result_path(job), lambda a: media.result(a, job))
        except NotFound as first:
            other = media.other_route(job)
            try:
                return self._read(media.result_path(other), lambda a: media.result(a, other))
            except NotFound:
                raise first from None

    def models(self) -> list[str]:
        """The ids that the service lists (not all that it has). Costs nothing; checks the key."""
        return self._read("/models", chat.model_ids)

    def _read(self, path: str, parse: Callable[[Json], T]) -> T:
        return self._attempts("read", lambda: self._json("GET", path, None, parse))

    def _paid(self, path: str, body: Json, parse: Callable[[Json], T]) -> T:
        content = chat.encode(body)
        try:
            return self._attempts("paid", lambda: self._json("POST", path, content, parse))
        except ZaiError as error:
            if error.outcome != "unknown":
                raise
            raise MaybeCharged(
                f"{error} - it may have been made and charged, so it is not sent again by itself: "
                "look at your bill on z.ai, or run the cell again to buy it anew"
            ) from None

    def _json(self, method: str, path: str, content: bytes | None, parse: Callable[[Json], T]) -> T:
        paid = content is not None
        with self.network.open(method, path, content, fresh=paid) as body:
            data = read_json(body, masked(self.network.endpoint.url + path))
            return parse(data)

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


class ChatStream:
    """A reply as it comes: iterate for deltas, then call `reply()`.

    Raises IncompleteAnswer when it breaks off after words have come; `reply()` then has those.
    A delta with a `notice` says that the service is busy and the request will be sent again.
    Close it (or use `with`) to stop early; what had come is still in `reply()` and `answer`.
    """

    def __init__(self, network: Network, timing: Timing, body: Json) -> None:
        self.answer = Answer(body["model"], sandbox=network.endpoint.sandbox)
        self.request = body
        self._network = network
        self._timing = timing
        self._started = timing.clock()
        self._ended: float | None = None
        self._deltas = self._run()

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas

    def __enter__(self) -> ChatStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, whether or not the answer has ended."""
        self._deltas.close()
        if self._ended is None:
            self._ended = self._timing.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the request, or until the end."""
        return (self._ended or self._timing.clock()) - self._started

    def reply(self, note: str = "") -> Reply:
        """The reply as far as it came; `note` overrides what it says about its end."""
        return self.answer.reply(self.elapsed, self.request["messages"], note)

    def _run(self) -> Generator[Delta, None, None]:
        content = chat.encode(self.request)
        attempts = Attempts("chat", self._timing)
        while True:
            try:
                yield from self._once(content)
                return
            except ZaiError as error:
                wait = attempts.after(error) if self.answer.empty else None
                if wait is None:
                    if self.answer.empty or error.outcome == "refused":
                        raise
                    raise IncompleteAnswer(f"the answer broke off: {error}") from None
                notice = str(error)
            yield Delta(notice=f"{notice.partition(';')[0]}; trying again in {wait:.0f} s")
            self._timing.sleep(wait)

    def _once(self, content: bytes) -> Iterator[Delta]:
        with self._network.open("POST", chat.PATH, content) as body:
            self.answer.sandbox = self.answer.sandbox or body.sandbox
            kind = body.answer.headers.get("content-type", "")
            if "event-stream" in kind:
                yield from self._events(body)
            else:
                where = masked(self._network.endpoint.url + chat.PATH)
                whole = chat.completion(read_json(body, where))
                self.answer.add(whole, self.elapsed)
                self.answer.ended = True
                yield whole
        self._ended = self._timing.clock()

    def _events(self, body: Body) -> Iterator[Delta]:
        parser = events.EventParser()
        answer, clock = self.answer, self._timing.clock
        useful = clock()
        for packet in body.pieces():
            now = clock()
            for data in parser.feed(packet):
                for delta in self._deltas_of(data):
                    useful = now
                    answer.add(delta, now - self._started)
                    yield delta
            if now - useful > SILENCE:
                raise TimedOut(f"nothing useful came for {SILENCE:.0f} s; run the cell again")
        for data in parser.close():
            for delta in self._deltas_of(data):
                answer.add(delta, clock() - self._started)
                yield delta
        if not (answer.finish_reason or answer.ended):
            raise BadAnswer("the stream ended too early; run the cell again")

    def _deltas_of(self, data: bytes) -> Iterator[Delta]:
        if data == b"[DONE]":
            self.answer.ended = True
            return
        found, bad = events.objects(data)
        self.answer.unreadable += bad
        for event in found:
            error = faults.error_in(event)
            if error is not None:
                raise faults.from_error(error, 200, self._network.endpoint.host)
            delta = chat.delta(event)
            if delta is None:
                self.answer.unreadable += 1
            else:
                yield delta


def read_json(body: Body, where: str) -> Json:
    """The JSON object of an answer. Raises BadAnswer for a web page or broken JSON, and the
    service's error where one stands in a 200.
    """
    content = body.read()
    try:
        data = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        page = content.lstrip()[:1] == b"<"
        what = "a web page" if page else "something that is not JSON"
        raise BadAnswer(f"{where} answered with {what}; check ZAI_BASE_URL or the proxy") from None
    error = faults.error_in(data)
    if error is not None:
        raise faults.from_error(error, body.answer.status_code, where)
    if not isinstance(data, dict):
        raise BadAnswer(f"{where} answered with JSON of another kind; check ZAI_BASE_URL")
    return data


def _given(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if value is not None}
