"""Media files: only what was meant, whole or not at all, never over another."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import KEY, Clock, Loopback, http, reply, then_close

from zai_magics import errors as e
from zai_magics import media
from zai_magics.client import Client

Connect = Callable[..., tuple[Client, Loopback]]
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 500
MP4 = b"\0\0\0\x18ftypisom" + b"m" * 500
TYPES = {
    ".png": PNG,
    ".jpg": b"\xff\xd8\xff\xe0" + b"j" * 50,
    ".webp": b"RIFF\x10\0\0\0WEBPVP8 " + b"w" * 50,
    ".gif": b"GIF89a" + b"g" * 50,
    ".mp4": MP4,
    ".webm": b"\x1a\x45\xdf\xa3" + b"w" * 50,
}
HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg behind a declaration": b'<?xml version="1.0"?>\n<!-- x --><svg></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "html that begins late": b"\n\n   <html>",
    "text": b"hello, this is no picture at all",
    "json": b'{"RetCode":-148654,"ErrMsg":"file not exist"}',
    "empty": b"",
    "one byte": b"\x89",
    "pdf": b"%PDF-1.7 and more of it follows here",
    "html behind a half signature": b"\x89PNG<html><script>1</script>",
}


def link(server: Loopback) -> str:
    return f"{server.origin}/files/1.png?sign=a%2Fb"


@pytest.mark.parametrize("end", TYPES)
def test_the_content_decides_the_type_and_the_suffix(
    connect: Connect, tmp_path: Path, end: str
) -> None:
    client, server = connect(http(TYPES[end], kind="text/html"))
    if end in (".mp4", ".webm"):
        kept = media.download(client.network, link(server), tmp_path / "it")
    else:
        kept = media.keep(media.fetch(client.network, link(server)), tmp_path / "it")
    assert kept == (tmp_path / f"it{end}", media.MIMES[end])
    assert kept.path.read_bytes() == TYPES[end]
    assert server.asked[0].path == "/files/1.png?sign=a%2Fb"


@pytest.mark.parametrize("what", HOSTILE)
def test_anything_else_is_neither_shown_nor_kept(
    connect: Connect, tmp_path: Path, what: str
) -> None:
    client, server = connect(http(HOSTILE[what], kind="image/png"))
    with pytest.raises(e.MediaError, match="not a file of image"):
        media.fetch(client.network, link(server))
    with pytest.raises(e.MediaError, match="not a file of video"):
        media.download(client.network, link(server), tmp_path / "it")
    with pytest.raises(e.MediaError):
        media.keep(HOSTILE[what], tmp_path / "it")
    assert not list(tmp_path.iterdir()) and len(server.asked) == 2


def test_a_picture_is_no_clip_and_a_clip_no_picture(connect: Connect, tmp_path: Path) -> None:
    client, server = connect(http(PNG), http(MP4))
    with pytest.raises(e.MediaError, match="image/png, not a file of video"):
        media.download(client.network, link(server), tmp_path / "it")
    with pytest.raises(e.MediaError, match="video/mp4, not a file of image"):
        media.fetch(client.network, link(server))


def test_a_download_carries_no_key_and_no_cookie(
    connect: Connect, serve: Callable[..., Loopback], tmp_path: Path
) -> None:
    client, server = connect(
        reply().replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n\r\n", 1),
        http(PNG),
        http(MP4),
    )
    client.chat("hi")
    media.fetch(client.network, link(server))
    media.download(client.network, link(server), tmp_path / "it")
    assert "authorization" in server.asked[0].headers
    for asked in server.asked[1:]:
        assert not {"authorization", "cookie"} & asked.headers.keys()
        assert KEY not in repr(asked)


def test_data_urls_are_decoded_here(connect: Connect) -> None:
    client, server = connect(reply())
    coded = base64.b64encode(PNG).decode()
    assert media.fetch(client.network, f"data:image/png;base64,{coded}") == PNG
    svg = base64.b64encode(HOSTILE["svg"]).decode()
    for bad in (f"data:image/png;base64,{svg}", "data:image/png;base64,%%%", "data:,x"):
        with pytest.raises(e.MediaError):
            media.fetch(client.network, bad)
    assert not server.asked


def test_a_file_that_is_not_there_yet_is_asked_for_again_after_a_second(
    connect: Connect, clock: Clock
) -> None:
    missing = http({"RetCode": -148654, "ErrMsg": "file not exist"}, 404)
    client, server = connect(missing, missing, http(PNG))
    assert media.fetch(client.network, link(server)) == PNG
    assert len(server.asked) == 3 and min(clock.slept) >= 1


@pytest.mark.parametrize(("status", "times"), [(404, 4), (403, 1), (410, 1), (500, 4), (429, 4)])
def test_a_file_that_cannot_be_had_is_said_so(connect: Connect, status: int, times: int) -> None:
    client, server = connect(http(b"", status))
    with pytest.raises(e.MediaError, match=rf"HTTP {status}.*expired") as caught:
        media.fetch(client.network, link(server))
    assert len(server.asked) == times and "sign=" not in str(caught.value)


def test_a_redirected_download_names_the_host(connect: Connect) -> None:
    client, server = connect(http(b"", 302, Location="https://ads.test/x"))
    with pytest.raises(e.APIError, match=r"redirects to ads.test"):
        media.fetch(client.network, link(server))
    assert len(server.asked) == 1


def test_a_file_over_the_cap_is_not_kept(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (media.IMAGE_LIMIT, media.VIDEO_LIMIT) == (50 << 20, 1 << 30)
    monkeypatch.setattr(media, "VIDEO_LIMIT", 3 << 20)
    monkeypatch.setattr(media, "IMAGE_LIMIT", 3 << 20)
    client, server = connect(http(MP4 + b"x" * (4 << 20)))
    with pytest.raises(e.BadAnswer, match="3 MB"):
        media.download(client.network, link(server), tmp_path / "it")
    with pytest.raises(e.BadAnswer, match="3 MB"):
        media.fetch(client.network, link(server))
    assert not list(tmp_path.iterdir())


def test_a_body_shorter_than_announced_is_fetched_again_and_never_kept(
    connect: Connect, tmp_path: Path
) -> None:
    short = then_close(http(MP4)[:-100])
    client, server = connect(short, http(MP4))
    kept = media.download(client.network, link(server), tmp_path / "it")
    assert kept.path.read_bytes() == MP4 and len(server.asked) == 2
    client, server = connect(short)
    with pytest.raises(e.ConnectionFailed):
        media.download(client.network, link(server), tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["it.mp4"] and len(server.asked) == 4


def test_one_byte_a_packet_is_a_file_all_the_same(connect: Connect, tmp_path: Path) -> None:
    whole = http(MP4[:60])

    def drip(connection: object) -> None:
        for place in range(len(whole)):
            connection.sendall(whole[place : place + 1])  # type: ignore[attr-defined]

    client, server = connect(drip)
    kept = media.download(client.network, link(server), tmp_path / "it")
    assert kept.path.read_bytes() == MP4[:60]


# Links


@pytest.mark.parametrize(
    "url",
    [
        "http://files.test/1.png",
        "ftp://files.test/1.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "https://",
        "https://127.0.0.1/x.png",
        "https://localhost:8888/api",
        "http://127.0.0.1/x.png",
        "https://[::1]/x.png",
        "https://[oops",
        "javascript:alert(1)",
        "",
    ],
)
def test_from_an_https_endpoint_only_https_links_out_of_this_machine_are_fetched(
    clock: Clock, url: str
) -> None:
    client = Client(KEY, timing=clock.timing)
    with pytest.raises(e.MediaError, match=r"not fetched|cannot be read"):
        media.fetch(client.network, url)
    assert not clock.slept


def test_from_a_loopback_endpoint_http_goes_to_loopback_only(connect: Connect) -> None:
    client, _ = connect(reply())
    with pytest.raises(e.MediaError, match="not https"):
        media.fetch(client.network, "http://files.test/1.png")


# Names and places


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("A cat, on/the mat!", "a-cat-on-the-mat"),
        ("../../etc/passwd", "etc-passwd"),
        ("..\\..\\windows", "windows"),
        ("CON", "a-con"),
        ("nul.", "a-nul"),
        ("Com1", "a-com1"),
        ("console", "console"),
        ("", "untitled"),
        ("   ", "untitled"),
        (".", "untitled"),
        ("汉" * 300, "untitled"),
        ("Ünïcödé", "unicode"),
        ("a\0b\nc", "a-b-c"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
    ],
)
def test_any_text_becomes_a_harmless_name(text: str, stem: str) -> None:
    assert media.stem(text) == stem


def test_a_long_text_is_cut_between_words() -> None:
    assert media.stem("word " * 200) == "-".join(["word"] * 9)
    assert len(media.stem("x" * 5000)) == 48


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    paths = [media.keep(PNG + bytes([n]), tmp_path / "cat").path.name for n in range(3)]
    assert paths == ["cat.png", "cat-2.png", "cat-3.png"]
    assert (tmp_path / "cat.png").read_bytes() == PNG + b"\0"


def test_nothing_is_overwritten_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*args: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    paths = [media.keep(PNG + bytes([n]), tmp_path / "cat").path.name for n in range(3)]
    assert paths == ["cat.png", "cat-2.png", "cat-3.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(paths)

    def no_room(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(e.MediaError, match="No space left"):
        media.keep(PNG, tmp_path / "dog")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("cat.png", "cat.png"), ("cat.jpeg", "cat.png"), ("v1.2", "v1.2.png"), ("cat.PNG", "cat.png")],
)
def test_a_suffix_that_was_asked_for_gives_way_to_the_true_one(
    tmp_path: Path, asked: str, name: str
) -> None:
    assert media.keep(PNG, tmp_path / asked).path.name == name


def test_folders_are_made_as_needed(tmp_path: Path) -> None:
    assert media.keep(PNG, tmp_path / "a" / "b" / "cat").path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege there")
def test_a_symlink_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "cat.png").symlink_to(tmp_path / "victim")
    kept = media.keep(PNG, tmp_path / "cat")
    assert kept.path.name == "cat-2.png" and not (tmp_path / "victim").exists()


@pytest.mark.parametrize("when", ["open", "write", "fsync"])
def test_a_failing_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    def pieces() -> object:
        yield MP4[:100]
        fail()

    if when == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    if when == "open":
        monkeypatch.setattr("builtins.open", fail)
    with pytest.raises(e.MediaError, match=r"No space left on device.*--save") as caught:
        if when == "write":
            media._written(pieces(), tmp_path / "it", "video")  # type: ignore[arg-type]
        else:
            media.keep(PNG, tmp_path / "it")
    assert caught.value.outcome == "refused" and not list(tmp_path.iterdir())


def test_a_place_that_is_a_file_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(e.MediaError, match="cannot write to"):
        media.keep(PNG, tmp_path / "file" / "cat")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said_plainly(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(e.MediaError, match="Permission denied"):
        media.keep(PNG, tmp_path / "cat")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_system_takes_is_said_plainly(tmp_path: Path, name: str) -> None:
    with pytest.raises(e.MediaError, match="--save PATH"):
        media.keep(PNG, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_interrupt_in_the_middle_of_a_file_leaves_no_part_of_it(tmp_path: Path) -> None:
    def pieces() -> object:
        yield MP4[:100]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media._written(pieces(), tmp_path / "it", "video")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
