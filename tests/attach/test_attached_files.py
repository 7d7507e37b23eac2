"""Files are known by their content; what is no file to be read is refused in one line."""

from __future__ import annotations

import base64
import os
import socket
import sys
from pathlib import Path

import pytest

from zai_magics.attach import Attachment, attachment, file, from_value, is_attachable
from zai_magics.errors import PromptError
from zai_magics.types import Clip, Picture

MP4 = b"\0\0\0\x18ftypmp42" + b"\0" * 40
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def sent(path: Path) -> Attachment:
    """What `-a PATH` attaches."""
    return attachment(str(path), {})


def refused(path: Path | str) -> str:
    """The one line with which `-a PATH` is refused."""
    with pytest.raises(PromptError) as caught:
        attachment(str(path), {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def body(found: Attachment) -> bytes:
    """The bytes in a data URL."""
    return base64.b64decode(found.url.partition(",")[2], validate=True)


@pytest.mark.parametrize("name", ["a.png", "a.txt", "no suffix", "ä 'q' .jpg"])
def test_a_picture_file_goes_byte_for_byte_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PNG)
    found = sent(path)
    assert found.kind == "image" and body(found) == PNG and found.name == str(path)
    assert from_value(path, "p") == found._replace(name="p")


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("a.pdf", b"%PDF-1.7\n...", "application/pdf"),
        ("a.bin", b"\n%PDF-1.7\n...", "application/pdf"),
        ("a.docx", b"PK\x03\x04word", file.DOCUMENTS[".docx"]),
        ("A.XLSX", b"PK\x03\x04xl", file.DOCUMENTS[".xlsx"]),
        ("a.pptx", b"PK\x03\x04ppt", file.DOCUMENTS[".pptx"]),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', "application/jsonl"),
    ],
)
def test_a_document_goes_as_a_file(tmp_path: Path, name: str, content: bytes, mime: str) -> None:
    (tmp_path / name).write_bytes(content)
    found = sent(tmp_path / name)
    assert found.kind == "file" and found.text == "" and body(found) == content
    assert found.url.startswith(f"data:{mime};base64,")


def test_a_document_above_50_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with path.open("wb") as large:
        large.write(b"%PDF-1.7")
        large.truncate(50_000_001)
    assert "50.0 MB; up to 50 MB" in refused(path)


def test_a_short_clip_goes_as_a_video_and_a_long_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(MP4)
    assert sent(path) == Attachment(
        str(path), "video", "data:video/mp4;base64," + base64.b64encode(MP4).decode()
    )
    assert from_value(Clip(path=path), "clip").kind == "video"
    with path.open("ab") as long:
        long.truncate(9_000_000)
    assert "9.0 MB; up to 8 MB" in refused(path)
    path.write_bytes(b"\x1a\x45\xdf\xa3" + b"\0" * 40)
    assert "WEBM" in refused(path)


def test_a_picture_that_a_model_made_is_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    found = from_value(Picture(path=path, mime="image/png"), "cat")
    assert found.name == "cat" and body(found) == PNG
    assert is_attachable(Picture(path=path)) and not is_attachable(Clip(path=path))


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        (b"a,b\n1,2\n", "a,b\n1,2", ""),
        ("größe\r\n3".encode(), "größe\n3", ""),
        (b"\xef\xbb\xbfa\xc3\xa4", "aä", ""),
        ("aä😀".encode("utf-16"), "aä😀", ""),
        (b"\xfe\xff" + "aä".encode("utf-16-be"), "aä", ""),
        ("aä".encode("utf-32"), "aä", ""),
        ("größe".encode("latin-1"), "größe", "read as Latin-1"),
        (b"colour \x1b[31mred\x1b[0m", "colour \x1b[31mred\x1b[0m", ""),
    ],
)
def test_a_text_file_is_sent_as_its_text(
    tmp_path: Path, content: bytes, text: str, note: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    found = sent(path)
    assert found.kind == "text" and found.url == ""
    assert found.text == f"data.csv:\n```csv\n{text}\n```"
    assert found.note.endswith(note) and bool(found.note) == bool(note)


@pytest.mark.parametrize(
    ("given", "told"),
    [("a.csv", "a.csv"), ("b/a.csv", "b/a.csv"), ("../b/a.csv", "a.csv"), ("{}/b/a.csv", "a.csv")],
)
def test_a_text_is_named_by_nothing_outside_of_the_notebooks_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(given.format(tmp_path))
    path.parent.mkdir(exist_ok=True)
    path.write_text("1")
    assert sent(path).text.startswith(f"{told}:\n")


def test_a_fence_in_a_file_does_not_end_its_fence(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("x\n````py\n1\n````\n")
    assert sent(path).text == "a.md:\n`````md\nx\n````py\n1\n````\n`````"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_of_a_long_text_the_head_and_the_tail_are_sent(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.log"
    lines = [f"line {n} ü€😀" for n in range(60_000)]
    path.write_bytes("\n".join(lines).encode(encoding))
    found = sent(path)
    assert len(found.text.encode(encoding)) < 202_000 and "left out of its middle" in found.note
    head, tail = found.text.split("left out …]")
    kept = head.splitlines()[2:-2] + tail.splitlines()[2:-1]
    assert set(kept) <= set(lines), "a line is torn"
    assert kept[0] == lines[0] and kept[-1] == lines[-1] and len(kept) > 5000


def test_200_kb_are_sent_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 199_999 + b"\n")
    assert sent(path).note == "" and "x" * 199_999 in sent(path).text


def test_one_endless_line_is_cut_in_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("é" * 300_000, encoding="utf-8")
    text = sent(path).text
    assert "\ufffd" not in text and text.count("é") > 99_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "the file is empty"),
        ("a.bin", bytes(range(256)), "binary file of an unknown kind"),
        ("a.zip", b"PK\x03\x04\0\0", "binary file of an unknown kind"),
        ("a.parquet", b"PAR1\0\0", "pd.read_parquet"),
        ("a.npy", b"\x93NUMPY\x01\0", "numpy.load"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0", "save it again"),
    ],
)
def test_what_no_model_takes_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in refused(tmp_path / name)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder; attach a file in it" in refused(tmp_path)


def test_a_link_that_leads_nowhere_is_named_as_such(tmp_path: Path) -> None:
    try:
        (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    except OSError:
        pytest.skip("no links here")
    assert "No such file" in refused(tmp_path / "a.png")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices have no names there")
def test_pipes_sockets_and_devices_are_refused_without_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe" in refused(tmp_path / "pipe")
    assert "is a device" in refused("/dev/zero")
    (tmp_path / "link").symlink_to("/dev/zero")
    assert "is a device" in refused(tmp_path / "link")
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        assert "is a socket" in refused("s")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    path.chmod(0)
    assert "Permission denied" in refused(path)


def test_an_error_while_reading_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)

    def denied(*args: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied; give the path of a file that can be read" in refused(path)


def test_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    sent(tmp_path / "a.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
