"""Pictures and clips in a cell: progress while they are made, then one plain output."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from running import Kernel
from scripted import Peer, Server, answer

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\2\0\1"
    b"H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
BIG = 6 * 1024 * 1024
JOB = {"id": "job-7", "model": "cogvideox-3", "task_status": "PROCESSING"}


def html(output: dict[str, Any]) -> str:
    """An output's HTML."""
    return str(output["data"]["text/html"])


def service(clip: bytes = MP4, pictures_before_refusal: int = 99) -> Callable[[Peer], None]:
    """A service that makes one clip at the first poll, and pictures up to a number."""
    orders: list[bytes] = []

    def script(peer: Peer) -> None:
        line = peer.request.partition(b"\r\n")[0]
        host = peer.request.split(b"ost: ")[1].split(b"\r\n")[0].decode()
        if b"/images/" in line:
            orders.append(line)
            if len(orders) > pictures_before_refusal:
                refusal = {"error": {"code": "1301", "message": "no such picture"}}
                peer.send(answer(refusal, "400 Bad Request"))
                return
            peer.send(answer({"data": [{"url": f"http://{host}/a.png"}]}))
        elif b"POST /videos" in line:
            peer.send(answer(JOB))
        elif b"/async-result/" in line:
            links = [{"url": f"http://{host}/a.mp4", "cover_image_url": f"http://{host}/c.png"}]
            peer.send(answer({**JOB, "task_status": "SUCCESS", "video_result": links}))
        else:
            peer.send(answer(clip if b".mp4" in line else PNG, kind="application/octet-stream"))

    return script


def folder(kernel: Kernel) -> Path:
    """The kernel's working directory."""
    return Path(kernel.value("__import__('os').getcwd()"))


def test_a_clip_shows_its_progress_and_then_a_player_alone(
    kernel: Kernel, server: Server, cell: str
) -> None:
    server.script = service()
    run = kernel.run("%%zai video\na bird", cell)
    assert run.status == "ok" and len(run.new_displays) == 1
    assert html(run.displays[0]).count("<progress") == 1
    waiting = next(html(d) for d in run.displays if "job-7" in html(d))
    assert "$0.20" in waiting and "cogvideox-3" in waiting and "job job-7" in waiting
    (saved,) = run.outputs()
    assert set(saved["data"]) == {"text/html", "text/plain"}
    assert "<progress" not in html(saved) and "making" not in html(saved)
    assert html(saved).count("<video") == 1 and "<source" not in html(saved)


def test_a_small_clip_is_embedded_with_its_poster(
    kernel: Kernel, server: Server, cell: str
) -> None:
    server.script = service()
    (saved,) = kernel.run("%%zai video\na bird", cell).outputs()
    assert 'src="data:video/mp4;base64,' in html(saved)
    assert 'poster="data:image/png;base64,' in html(saved) and server.url not in html(saved)


@pytest.mark.parametrize("name", ["two words #1 100%.mp4", "größe 汉字 'quoted'.mp4"])
def test_a_large_clip_is_shown_from_beside_the_notebook(
    kernel: Kernel, server: Server, cell: str, name: str
) -> None:
    server.script = service(MP4 + bytes(BIG))
    run = kernel.run(f'%%zai video --save "clips/{name}"\na bird', cell)
    assert run.status == "ok", run.of("error")
    (source,) = re.findall(r'<video src="([^"]*)"', html(run.outputs()[0]))
    assert re.fullmatch(r"[\w/.~%-]+", source, re.A) and not source.startswith("/")
    assert (folder(kernel) / unquote(source)).stat().st_size == len(MP4) + BIG
    assert Path(unquote(source)).name == name


def test_a_picture_is_embedded_and_its_file_named(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai image\na cat", cell)
    (saved,) = run.outputs()
    assert set(saved["data"]) == {"text/html", "text/plain"}
    assert html(saved).count('<img src="data:image/png;base64,') == 1
    assert "zai_media/sandbox-a-cat" in html(saved) and ">sandbox</span>" in html(saved)
    assert saved["data"]["text/plain"].startswith("[sandbox] picture · glm-image")


def test_several_pictures_are_one_gallery_that_grows(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai image -n 4\na dog", cell)
    (saved,) = run.outputs()
    assert html(saved).count("<img ") == 4 and "4 pictures" in html(saved)
    counts = [html(d).count("<img ") for d in run.displays]
    assert counts == sorted(counts) and len(run.new_displays) == 1


def test_pictures_have_their_words_as_text_when_shown_again(kernel: Kernel, cell: str) -> None:
    kernel.run("two = %zai image -q -n 2 a dog", cell)
    ((_, result),) = kernel.run("two", cell).of("execute_result")
    lines = result["data"]["text/plain"].splitlines()
    assert len(lines) == 2 and all(line.startswith("[sandbox] picture") for line in lines)
    assert result["data"]["text/html"].count("<img ") == 2


def test_a_refused_third_picture_leaves_the_two_that_were_made(
    kernel: Kernel, server: Server, cell: str
) -> None:
    server.script = service(pictures_before_refusal=2)
    run = kernel.run("%%zai image -n 4\na horse", cell)
    shown, error = run.outputs()
    assert error["ename"] == "ContentRefused"
    assert html(shown).count("<img ") == 2 and "not finished" in html(shown)
    assert "<progress" not in html(shown) and "making" not in html(shown)
    assert len(list(folder(kernel).glob("zai_media/a-horse*.png"))) == 2


def test_a_failed_clip_says_why_and_leaves_no_bar(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai video\n[[fail]] a bird", cell)
    shown, error = run.outputs()
    assert error["ename"] == "JobFailed" and "<progress" not in html(shown)
    assert "not finished: video" in html(shown) and "job " in shown["data"]["text/plain"]


def test_a_clip_without_a_cell_id_is_one_display(kernel: Kernel, server: Server) -> None:
    server.script = service()
    run = kernel.run("%%zai video\na bird")
    assert len(run.displays) == 1 and "<video" in html(run.displays[0])


def test_the_name_of_a_job_cannot_write_into_the_page(
    kernel: Kernel, server: Server, cell: str
) -> None:
    evil = {**JOB, "id": "<b>x</b>"}
    server.script = lambda peer: peer.send(answer(evil))
    run = kernel.begin("%%zai video\na bird", cell)
    kernel.wait(run, "&lt;b&gt;x")
    kernel.interrupt()
    kernel.end(run)
    for display in run.displays:
        assert "<b>" not in html(display)
