"""The endpoints: a request in, an answer out. No sockets here, those are in `handler`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import unquote

from . import chat, faults, fields, models, report, stream, validate, validate_media
from .answers import EVENTS, Answer, Body, Request, whole
from .dress import Strikes, dressed
from .errors import FLAT_NOT_FOUND, Problem
from .faults import Faults
from .jobs import FILES, Files, Job, Recipe, new_id, scaled

KEY = "sandbox"
BASES = ("/sandbox/api/paas/v4", "/sandbox/api/coding/paas/v4")


class Service:
    """The state behind the endpoints: jobs, files, counts, and what was charged."""

    def __init__(
        self,
        origin: str,
        *,
        dialect: str,
        pace: float,
        video_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.pace = pace
        self.video_seconds = video_seconds
        self.clock = clock
        self.dialect = dialect
        self.files = Files(origin)
        self.charged: list[Body] = []
        self._jobs: dict[str, Job] = {}
        self._strikes = Strikes()
        self._lock = threading.Lock()
        self._posts: dict[str, Callable[[Body, str], Answer]] = {
            "/chat/completions": self._chat,
            "/images/generations": self._image,
            "/async/images/generations": self._image_job,
            "/videos/generations": self._video_job,
            "/tokenizer": self._tokenizer,
        }

    def answer(self, request: Request, body: Body | None) -> Answer:
        """Answer a request of a caller who was let in; Problems are raised.

        `body` is the parsed JSON of a POST to an endpoint, None for everything else.
        """
        if request.path.startswith(FILES) and request.method in ("GET", "HEAD"):
            return self.files.read(request.path.removeprefix(FILES))
        route = route_of(request.path)
        if request.method == "POST" and route in self._posts and body is not None:
            return self._posts[route](body, request.log_id)
        if request.method == "GET" and route == "/models":
            return whole({"object": "list", "data": [_listed(name) for name in models.LISTED]})
        for prefix in ("/videos/", "/async-result/"):
            if request.method == "GET" and route.startswith(prefix):
                return self._poll(unquote(route.removeprefix(prefix)), prefix)
        raise Problem("404", f"Not found: {request.method[:20]} {request.path[:200]}", status=404)

    def takes_json(self, request: Request) -> bool:
        """Whether the request goes to an endpoint that reads a JSON body."""
        return request.method == "POST" and route_of(request.path) in self._posts

    def _chat(self, body: Body, log_id: str) -> Answer:
        validate.chat(body)
        if chat.too_long(body):
            raise Problem("1261")
        marks, prompt = faults.cut(report.addressed(body))
        if refusal := self._strikes.answer("/chat/completions", marks, prompt):
            return refusal
        reply = chat.compose(body, marks, prompt)
        head = stream.Head.of(log_id, body["model"])
        if body.get("stream") and "plain" not in marks:
            split = body.get("tool_stream") is True
            steps = stream.steps(reply, head, marks, self.pace, split)
            return dressed(Answer(kind=EVENTS, steps=steps), marks)
        if "stream-error" in marks:
            return dressed(whole(Problem(marks.word("stream-error", "1234")).body()), marks)
        return dressed(whole(stream.completion(reply, head)), marks)

    def _image(self, body: Body, log_id: str) -> Answer:
        marks, clean = _cut_prompt(body)
        frame = validate_media.image(clean)
        if refusal := self._strikes.answer("/images/generations", marks, clean["prompt"]):
            return refusal
        url = self.files.add(Recipe("png", clean["prompt"], frame, marks))
        self._charge("/images/generations", clean, log_id)
        made = {"id": log_id, "request_id": log_id, "created": int(time.time())}
        made["model"] = f"{body['model']}+sandbox"
        return dressed(whole({**made, "data": [{"url": url}], "content_filter": []}), marks)

    def _image_job(self, body: Body, log_id: str) -> Answer:
        marks, clean = _cut_prompt(body)
        frame = validate_media.image(clean)
        recipe = Recipe("png", clean["prompt"], frame, marks)
        # The reference knows no such jobs, so they have the service's form only.
        return self._job("image", "real", clean, log_id, recipe)

    def _video_job(self, body: Body, log_id: str) -> Answer:
        marks, clean = _cut_prompt(body)
        frame = scaled(validate_media.video(clean))
        dialect = next((name for name in ("reference", "real") if name in marks), self.dialect)
        recipe = Recipe("mp4", clean.get("prompt") or "", frame, marks)
        return self._job("video", dialect, clean, log_id, recipe)

    def _job(self, kind: str, dialect: str, body: Body, log_id: str, recipe: Recipe) -> Answer:
        route, marks = f"/{kind}s/generations", recipe.faults
        if refusal := self._strikes.answer(route, marks, recipe.prompt):
            return refusal
        files = {"url": self.files.add(recipe)}
        if kind == "video" and "no-cover" not in marks:
            cover = Recipe("png", recipe.prompt, recipe.frame, Faults())
            files["cover_image_url"] = self.files.add(cover)
        wanted = body.get("request_id") or log_id
        ready = self.clock() + self.video_seconds
        job = Job(kind, body["model"], dialect, wanted, ready, marks, files)
        identity = new_id(dialect)
        with self._lock:
            self._jobs[identity] = job
        self._charge(route, body, identity)
        return dressed(whole(job.created(identity)), marks)

    def _poll(self, identity: str, prefix: str) -> Answer:
        job = self._jobs.get(identity)
        dialect = job.dialect if job else self.dialect
        own = "/videos/" if dialect == "reference" else "/async-result/"
        if prefix != own and own == "/async-result/":
            # The service has no such route; its gateway says so with status 200.
            return whole(FLAT_NOT_FOUND)
        if job is None or prefix != own:
            raise Problem("404", f"Not found: task {identity[:80]}", status=404)
        return whole(job.result(identity, self.clock()))

    def _tokenizer(self, body: Body, log_id: str) -> Answer:
        model = validate.chat_model(body)
        fields.check(body, fields.IDS)
        validate.messages(body, vision=model in models.VISION)
        text, image = chat.prompt_usage(body)
        usage = {"prompt_tokens": text, "image_tokens": image, "video_tokens": 0}
        usage["total_tokens"] = text + image
        head = {"id": log_id, "request_id": log_id, "created": int(time.time())}
        return whole({**head, "model": f"{model}+sandbox", "usage": usage})

    def _charge(self, route: str, body: Body, identity: str) -> None:
        bill = {"path": route, "model": body["model"], "prompt": body.get("prompt") or ""}
        with self._lock:
            self.charged.append({**bill, "id": identity, "when": self.clock()})


def route_of(path: str) -> str:
    """The path below one of the bases: "/sandbox/api/paas/v4/models" -> "/models", else ""."""
    return next((path.removeprefix(b) for b in BASES if path.startswith(f"{b}/")), "")


def _cut_prompt(body: Body) -> tuple[Faults, Body]:
    """The markers of `prompt`, and the body without them."""
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        return Faults(), body
    marks, rest = faults.cut(prompt)
    # A prompt of markers alone is still a prompt.
    return marks, {**body, "prompt": rest or "sandbox"}


def _listed(name: str) -> Body:
    return {"id": name, "object": "model", "created": 1700000000, "owned_by": "z-ai"}
