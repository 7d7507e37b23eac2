"""Files -> attachments: known by their content, refused when they are none to be read.

Documents go as they are, up to 50 MB (docs.z.ai, vision models); nothing is ever written.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from ..errors import PromptError
from . import picture, picture_bytes, text_file
from .types import Attachment, data_url, refusal, said

DOCUMENT_LIMIT = 50_000_000
PICTURE_LIMIT = 200_000_000
VIDEO_LIMIT = 8_000_000  # what Z.AI's own MCP server sends as a data URL
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = {
    ".docx": _OFFICE + "wordprocessingml.document",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
}
_KINDS = {
    stat.S_IFDIR: "a folder; attach a file in it",
    stat.S_IFIFO: "a pipe; read it and attach the value",
    stat.S_IFSOCK: "a socket; attach a file",
    stat.S_IFCHR: "a device; attach a file",
    stat.S_IFBLK: "a device; attach a file",
}
_READERS = {
    ".parquet": "pd.read_parquet",
    ".feather": "pd.read_feather",
    ".xls": "pd.read_excel",
    ".npy": "numpy.load",
    ".npz": "numpy.load",
}


def from_path(path: Path, name: str) -> Attachment:
    """An attachment of a file: `from_path(Path("data/report.pdf"), "data/report.pdf")`.

    Pictures, PDF, docx, xlsx, pptx, jsonl, short clips and text. Raises PromptError for a folder,
    a device, an empty or unknown file, and one that is too large or may not be read.
    """
    try:
        found = path.stat()
        # Before it is opened: opening a pipe waits for a writer, and a device may do anything.
        if not stat.S_ISREG(found.st_mode):
            what = _KINDS.get(stat.S_IFMT(found.st_mode), "no file; attach a file")
            raise refusal(name, f"is {what}")
        with path.open("rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size, path.suffix.lower(), name)
    except PromptError:
        raise
    except OSError as error:
        why = error.strerror or said(error)
        raise refusal(name, f"{why}; give the path of a file that can be read") from None
    except ValueError as error:  # a NUL character
        raise refusal(name, f"{said(error)}; give the path of a file") from None


def from_bytes(content: bytes, name: str) -> Attachment:
    """An attachment of a picture's or a PDF's bytes. Raises PromptError for any others."""
    if picture_bytes.mime(content):
        return picture.from_bytes(content, name)
    if _is_pdf(content):
        return _document(content, "application/pdf", name)
    what = "empty" if not content else f"{len(content):,} bytes of an unknown kind"
    raise refusal(
        name, f"{what}; bytes are attached when they are a PNG, JPEG, WEBP, GIF or PDF file"
    )


def _read(file: BinaryIO, size: int, suffix: str, name: str) -> Attachment:
    head = file.read(1024)
    file.seek(0)
    if not head:
        raise refusal(name, "the file is empty; attach another")
    if picture_bytes.mime(head):
        return picture.from_bytes(_whole(file, PICTURE_LIMIT, size, name), name)
    if head[4:8] == b"ftyp" or head.startswith(b"\x1a\x45\xdf\xa3"):
        return _video(file, size, suffix, name)
    if mime := _document_type(head, suffix):
        return _document(_whole(file, DOCUMENT_LIMIT, size, name), mime, name)
    if suffix == ".pdf" or suffix in DOCUMENTS:
        raise refusal(name, f"is no {suffix[1:]} file, whatever its name says; attach another")
    text = text_file.from_file(file, size, name)
    if text is None:
        way = _READERS.get(suffix)
        way = f"read it with {way} and attach the value" if way else "attach a value made of it"
        raise refusal(name, f"a binary file of an unknown kind; {way}")
    return text


def _document_type(head: bytes, suffix: str) -> str:
    if _is_pdf(head):
        return "application/pdf"
    if suffix in DOCUMENTS and head.startswith(b"PK\x03\x04"):
        return DOCUMENTS[suffix]
    return "application/jsonl" if suffix == ".jsonl" and b"\0" not in head else ""


def _is_pdf(head: bytes) -> bool:
    # Readers take a PDF with some bytes of rubbish before it; the usual one is a byte order mark.
    return head[:8].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"%PDF")


def _document(content: bytes, mime: str, name: str) -> Attachment:
    if len(content) > DOCUMENT_LIMIT:
        raise _too_large(name, len(content), DOCUMENT_LIMIT)
    return Attachment(name, "file", data_url(mime, content))


def _video(file: BinaryIO, size: int, suffix: str, name: str) -> Attachment:
    content = _whole(file, VIDEO_LIMIT, size, name)
    if content[4:8] != b"ftyp":
        kind = "video/x-matroska" if suffix == ".mkv" else "video/webm"
    else:
        kind = "video/quicktime" if content[8:10] == b"qt" else "video/mp4"
    if kind == "video/webm":
        raise refusal(name, "a WEBM clip; the service takes MP4, MKV and MOV")
    return Attachment(name, "video", data_url(kind, content))


def _whole(file: BinaryIO, limit: int, size: int, name: str) -> bytes:
    content = file.read(limit + 1) if size <= limit else b""
    if size > limit or len(content) > limit:
        raise _too_large(name, max(size, len(content)), limit)
    return content


def _too_large(name: str, size: int, limit: int) -> PromptError:
    return refusal(
        name,
        f"{size / 1e6:,.1f} MB; up to {limit // 1_000_000} MB can be attached, so attach a part",
    )
