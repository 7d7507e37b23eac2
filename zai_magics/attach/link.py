"""Links -> attachments: passed on as they are, never fetched from here.

The service opens pictures, documents and clips. Data and text it would take for a picture: they
are to be read first, which is said.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from . import picture, picture_bytes
from .types import Attachment, refusal

_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f]*", re.I)
_DATA = re.compile(r"data:image/[\w.+-]+;base64,", re.I)
_FILES = {".pdf", ".doc", ".docx", ".pptx"}
_VIDEOS = {".mp4", ".mkv", ".mov"}
_FRAMES = {
    ".csv": "pd.read_csv(…)",
    ".tsv": "pd.read_csv(…, sep='\\t')",
    ".json": "pd.read_json(…)",
    ".geojson": "pd.read_json(…)",
    ".jsonl": "pd.read_json(…, lines=True)",
    ".ndjson": "pd.read_json(…, lines=True)",
    ".parquet": "pd.read_parquet(…)",
    ".feather": "pd.read_feather(…)",
    ".xlsx": "pd.read_excel(…)",
    ".xls": "pd.read_excel(…)",
    ".ods": "pd.read_excel(…)",
}
_TEXTS = {
    *(".txt", ".text", ".md", ".rst", ".log", ".tex", ".bib", ".html", ".htm", ".xml", ".css"),
    *(".yaml", ".yml", ".toml", ".ini", ".cfg", ".sql", ".ipynb", ".py", ".r", ".jl", ".js"),
    *(".ts", ".c", ".h", ".cpp", ".java", ".rs", ".go", ".sh"),
}
_PACKED = {".gz", ".bz2", ".xz", ".zst", ".zip"}  # pandas unpacks them


def from_link(given: str, name: str) -> Attachment | None:
    """An attachment of an http(s) link or an image's data URL, None for any other text.

    `from_link("https://a.b/c.pdf?x=1", "c")` is a file, one of .mp4, .mkv, .mov a video and any
    other an image. Raises PromptError for a link that cannot be one, or leads to data or text.
    """
    if _DATA.match(given):
        return _from_data(given, name)
    if given[:5].lower() == "data:":
        raise refusal(name, "a data URL of an image begins with data:image/png;base64,")
    if given[:5].lower() == "file:":
        raise refusal(name, "give the path of a file without file://")
    if not _LINK.fullmatch(given):
        return None
    try:
        parts = urlsplit(given)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise refusal(name, "is no link that can be read; give it whole, with its host")
    path = PurePosixPath(unquote(parts.path))
    if way := _way_to_read(path):
        raise refusal(
            name, f"data and text are not attached by their URL; read it first, e.g. {way}"
        )
    suffix = path.suffix.lower()
    kind = "file" if suffix in _FILES else "video" if suffix in _VIDEOS else "image"
    return Attachment(name, kind, given)


def _way_to_read(path: PurePosixPath) -> str:
    """How data or text is read, "" for what the service may open."""
    *_, before, last = ("", "", *(suffix.lower() for suffix in path.suffixes))
    if reader := _FRAMES.get(before if last in _PACKED else last):
        return f"df = {reader}, and attach that"
    return "text = httpx.get(…).text, and put {{ text }} into the prompt" * (last in _TEXTS)


def _from_data(given: str, name: str) -> Attachment:
    try:
        content = base64.b64decode(re.sub(r"\s", "", given.partition(",")[2]), validate=True)
    except (binascii.Error, ValueError):
        raise refusal(name, "a data URL whose base64 is broken; copy it again, whole") from None
    if not picture_bytes.mime(content):
        raise refusal(name, "a data URL that holds no picture; give one of a PNG or JPEG")
    return picture.from_bytes(content, name)
