"""Pictures, clips and their progress -> HTML that needs no kernel and fetches nothing remote.

A file up to 5 MB is embedded; a larger one is shown from beside the notebook, by a quoted path
relative to it.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote

from ..catalogue import dollars
from ..types import Clip, Media, Picture, Pictures, Progress
from . import parts, safe

EMBED_LIMIT = 5 * 1024 * 1024
MANY = 6  # pictures whose files are all named
_IMAGE = "max-width:100%;height:auto;border-radius:4px"


def picture(value: Picture, folder: Path) -> str:
    """One picture with its quiet line."""
    return safe.page(_image(value, folder, f"{_IMAGE};width:512px") + _line(value, folder))


def gallery(values: Pictures, folder: Path) -> str:
    """Several pictures side by side."""
    return safe.page(_figures(values, folder) + _total(values, folder))


def gallery_plain(values: Pictures, folder: Path) -> str:
    """The same for a terminal: a line each, of many the first and the last."""
    lines = [plain(value, folder) for value in values]
    if len(lines) > MANY:
        lines[1:-1] = [f"… {len(lines) - 2} more …"]
    return "\n".join(lines)


def clip(value: Clip, folder: Path) -> str:
    """A player with its poster. `src` stands on the tag itself: Jupyter's sanitizer removes
    <source>, and a poster that is a file beside the notebook is not found.
    """
    poster = (
        f' poster="{_data_url(value.poster, _image_mime(value.poster))}"' if value.poster else ""
    )
    player = (
        f'<video src="{_source(value, folder)}" controls preload="metadata"{poster} '
        f'style="max-width:100%;width:640px;border-radius:4px"></video>'
    )
    return safe.page(player + _line(value, folder))


def progress(value: Progress, folder: Path, *, over: bool = False) -> str:
    """Something being made: what, how long, its job, its price. `over`: it ended without one."""
    bar = ""
    if not over:
        bar = '<progress style="width:320px"></progress>'
        if value.expected and value.elapsed:
            share = min(0.95, value.elapsed / value.expected)
            bar = f'<progress style="width:320px" value="{share:.2f}" max="1"></progress>'
    made = _figures(value.made, folder) if value.made else ""
    badge = "sandbox" if value.sandbox else ""
    return safe.page(made + bar + parts.quiet(progress_facts(value, over=over), badge))


def progress_facts(value: Progress, *, over: bool = False) -> list[str]:
    """The same in words."""
    doing = "not finished:" if over else "making"
    time = parts.seconds(value.elapsed) if value.elapsed else ""
    if time and value.expected and not over:
        time = f"{time} of about {parts.seconds(value.expected)}"
    return [
        f"{doing} {value.what} {value.step}".strip(),
        value.model,
        _price(value.price, value.sandbox),
        time,
        f"job {value.job_id}" if value.job_id else "",
    ]


def progress_plain(value: Progress, *, over: bool = False) -> str:
    """The same for a terminal, in one line."""
    return safe.plain(" · ".join(filter(None, progress_facts(value, over=over))))


def facts(value: Media, folder: Path) -> list[str]:
    """What the quiet line says: model, price, time, file."""
    seconds = parts.seconds(value.elapsed) if value.elapsed else ""
    return [
        value.model,
        "stored · free" if value.stored else _price(value.cost, value.sandbox),
        "" if value.stored else seconds,
        shown_path(value.path, folder),
    ]


def plain(value: Media, folder: Path) -> str:
    """For a terminal."""
    mark = "[sandbox] " if value.sandbox else ""
    words = " · ".join(filter(None, facts(value, folder)))
    return safe.plain(f"{mark}{type(value).__name__.lower()} · {words}")


def shown_path(path: Path, folder: Path) -> str:
    """A path as seen from the notebook's folder."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()


def _price(amount: float | None, sandbox: bool) -> str:
    return "not charged" if sandbox else dollars(amount)


def _figures(values: tuple[Picture, ...], folder: Path) -> str:
    style = f"{_IMAGE};width:240px;margin:0 8px 8px 0;vertical-align:top"
    return "<div>" + "".join(_image(v, folder, style) for v in values) + "</div>"


def _total(values: Pictures, folder: Path) -> str:
    costs = [v.cost for v in values]
    stored = sum(v.stored for v in values)
    total = None if None in costs else sum(c for c in costs if c is not None)
    first = values[0] if values else None
    words = [
        f"{len(values)} pictures",
        first.model if first else "",
        f"{stored} stored" if 0 < stored < len(values) else "",
        "stored · free" if stored == len(values) else _price(total, bool(first and first.sandbox)),
    ]
    places = [shown_path(v.path, folder) for v in values]
    if len(places) > MANY:
        places[1:-1] = [f"… {len(places) - 2} more …"]
    badge = "sandbox" if first and first.sandbox else ""
    return parts.quiet([*words, ", ".join(places)], badge)


def _line(value: Media, folder: Path) -> str:
    return parts.quiet(facts(value, folder), "sandbox" if value.sandbox else "")


def _image(value: Picture, folder: Path, style: str) -> str:
    words = safe.attribute(value.prompt[:300])
    return f'<img src="{_source(value, folder)}" alt="{words}" style="{style}">'


def _source(value: Media, folder: Path) -> str:
    try:
        if value.path.stat().st_size <= EMBED_LIMIT:
            return _data_url(value.bytes, value.mime)
    except OSError:
        pass  # the file is gone: the path at least tells where it was
    return quote(shown_path(value.path, folder), safe="/")


def _data_url(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _image_mime(content: bytes) -> str:
    return "image/jpeg" if content.startswith(b"\xff\xd8") else "image/png"
