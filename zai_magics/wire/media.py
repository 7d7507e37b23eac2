"""Images and videos: answers -> links and jobs, in either dialect of the service.

The reference answers `status` and `GET /videos/{id}` with `video_url`; docs.z.ai and its SDKs
answer `task_status` and `GET /async-result/{id}` with `video_result`. Both are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..errors import BadAnswer
from ..types import Job, Json

IMAGES = "/images/generations"
VIDEOS = "/videos/generations"
ASYNC_ROUTE, VIDEOS_ROUTE = ROUTES = "/async-result", "/videos"
MOST = 100  # pictures that a request can order
_DONE = {"success", "succeeded", "completed", "complete", "done"}
_FAILED = {"fail", "failed", "error", "cancelled", "canceled"}


def image_links(data: Json) -> list[tuple[str, str]]:
    """`(url or data URL, revised prompt)` for each picture. Raises BadAnswer without one.

    Only URLs are documented; the SDK's types also allow b64_json.
    """
    rows = data.get("data")
    links = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        url, coded = row.get("url"), row.get("b64_json")
        if not (isinstance(url, str) and url) and isinstance(coded, str) and coded:
            url = f"data:image/png;base64,{coded}"
        if isinstance(url, str) and url:
            links.append((url, _text(row.get("revised_prompt"))))
    if not links:
        raise BadAnswer("the service's answer has no picture in it")
    return links


def asked_for(body: Mapping[str, Any]) -> int:
    """How many pictures a request orders: its `n`, which few models take, or one."""
    n = body.get("n")
    return n if type(n) is int and 1 <= n <= MOST else 1


# docs.z.ai, video generation: what CogVideoX-3 takes.
_TAKES = {"fps": (30, 60), "duration": (5, 10)}


def impossible(model: str, **said: int | None) -> str:
    """Why the service would refuse a clip, "" where no reason is known:
    `impossible("cogvideox-3", fps=24)`.
    """
    for name, value in said.items() if model == "cogvideox-3" else ():
        first, second = _TAKES[name]
        if value not in (None, first, second):
            return f"{model} takes a {name} of {first} or {second}, not {value}"
    return ""


def frames(urls: list[str]) -> str | list[str] | None:
    """`image_url` of a video: one string for a first frame, a list for first and last."""
    return urls if len(urls) > 1 else (urls[0] if urls else None)


def created(data: Json, model: str, prompt: str) -> Job:
    """The job of a create answer; its dialect says where the result is asked for."""
    number = data.get("id") or data.get("request_id")
    name = "" if isinstance(number, bool) else str(number)
    known = isinstance(number, (str, int)) and name.isprintable() and 0 < len(name) <= 200
    if not known or name.startswith("#"):  # which names an order of the journal
        raise BadAnswer("the service's answer names no job")
    route = VIDEOS_ROUTE if "status" in data and "task_status" not in data else ASYNC_ROUTE
    return result(data, Job(id=str(number), model=model, prompt=prompt, route=route))


def result(data: Json, job: Job) -> Job:
    """The job as an answer about it says: pending, done with links, or failed with a reason.

    Raises BadAnswer for a failure that is not the job's.
    """
    own = data.get("task_status")
    status = own or data.get("status")
    word = status.casefold() if isinstance(status, str) else ""
    urls = _links(data)
    if word in _FAILED:
        # A gateway in trouble answers `{"status": "error", …}` too, and that is not about the job.
        if not own and job.id not in (str(data.get("id")), str(data.get("request_id"))):
            raise BadAnswer(f"the service answered {word!r} without naming the job")
        return replace(job, state="failed", error=_reason(data))
    if word in _DONE or (urls and not word):
        if not urls:  # it may be on its way; only the service's own word means failed
            return replace(job, state="pending")
        return replace(job, state="done", urls=tuple(urls), cover_url=_cover(data))
    return replace(job, state="pending")


def result_path(job: Job) -> str:
    """Where the job's result is asked for; the id is quoted, it comes from outside, and so may
    the route: the key goes with this address.
    """
    route = job.route if job.route in ROUTES else ASYNC_ROUTE
    name = quote(job.id, safe="")
    if not name.strip("."):  # "." and ".." would be taken out of the path
        name = name.replace(".", "%2E")
    return f"{route}/{name}"


def other_route(job: Job) -> Job:
    """The same job, asked for at the other dialect's route."""
    return replace(job, route=VIDEOS_ROUTE if job.route == ASYNC_ROUTE else ASYNC_ROUTE)


def _links(data: Json) -> list[str]:
    for name in ("video_result", "data", "image_result"):
        rows = data.get(name)
        if isinstance(rows, list):
            urls = [r["url"] for r in rows if isinstance(r, dict) and _text(r.get("url"))]
            if urls:
                return urls
    for name in ("video_url", "url", "video"):
        if _text(data.get(name)):
            return [data[name]]
    return []


def _cover(data: Json) -> str:
    rows = data.get("video_result")
    first = rows[0] if isinstance(rows, list) and rows else data
    return _text(first.get("cover_image_url")) if isinstance(first, dict) else ""


def _reason(data: Json) -> str:
    """No field is documented for why a job failed; these are where one has been seen."""
    for holder in (data.get("error"), data):
        if isinstance(holder, str) and holder:
            return holder
        if isinstance(holder, dict):
            for name in ("message", "msg", "reason", "fail_reason"):
                if _text(holder.get(name)):
                    return str(holder[name])
    return "the service gave no reason"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
