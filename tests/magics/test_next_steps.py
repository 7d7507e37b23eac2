"""What is said in passing tells what it is about and how to go on."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from books import shown
from IPython.core.error import StdinNotImplementedError
from shell_cells import Cells
from test_conversation import PNG

from zai_magics.errors import ContentRefused, Interrupted, NotFound, NotJSON, ZaiError
from zai_magics.render import live
from zai_magics.render.cell import CellPainter
from zai_magics.types import Progress


def lines(text: str) -> list[str]:
    """The lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def test_the_overview_says_since_when_it_counts(cells: Cells) -> None:
    cells.run("%zai chat hi")
    assert "in 1 call since the kernel started" in cells.run("%zai").out


def test_a_reply_that_is_no_json_says_so_in_one_line_with_the_way(cells: Cells) -> None:
    cells.run("x = %zai chat [[echo]]no")
    ran = cells.run("x.data")
    assert isinstance(ran.error, NotJSON) and isinstance(ran.error, ValueError)
    assert len(lines(ran.out)) == 1 and "Traceback" not in ran.out
    option = ran.out[ran.out.index("--schema") : ran.out.index(" (%zai")]
    asked = cells.run(f"x = %zai chat {option} Who?")
    assert asked.ok and set(cells.value("x").data) == {"name", "age"}


def test_a_turn_older_than_its_context_says_what_to_do(cells: Cells) -> None:
    for cell, word in (("1", "a"), ("2", "b"), ("1", "A")):
        cells.run(f"%zai chat [[echo]]{word}", cell)
    assert "older than its context: run its cell again" in shown(cells.run("%zai history", "3"))


def test_the_log_has_one_vocabulary(cells: Cells) -> None:
    cells.run("%zai chat hi")
    ran = cells.run("%zai log -o found")
    header = lines(ran.out)[0].split()
    assert header == ["n", "at", "kind", "model", "prompt", "reply", "cost"]
    assert set(header) <= set(cells.value("found").columns)


@pytest.mark.parametrize(("model", "near"), [("glm-9", True), ("nonesuch", False)])
def test_a_refused_model_is_named_with_its_option_and_the_list(
    cells: Cells, model: str, near: bool
) -> None:
    ran = cells.run(f"%zai chat -m {model} hi")
    (error,) = lines(ran.out)
    assert f"-m {model}: " in error and error.endswith("%zai models lists them")
    assert "modelCode" not in error and ("did you mean glm-" in error) is near


def test_an_image_of_an_earlier_turn_is_said_to_be_why_the_vision_model_is_asked(
    cells: Cells,
) -> None:
    Path("dot.png").write_bytes(PNG * 50)
    first = cells.run("%zai chat -a dot.png What is it?", "1")
    assert first.body["model"] == "glm-4.6v" and "an earlier turn" not in first.out
    cells.run("x = %zai chat And in one word?", "2")
    note = cells.value("x").note
    assert note.startswith("an earlier turn has an image, which glm-4.7 cannot read, so glm-4.6v")
    assert "--alone" in note and "%zai new" in note
    assert cells.run("%zai chat --alone Hi", "3").body["model"] == "glm-4.7"


@pytest.mark.parametrize("cell", [None, "1"])
@pytest.mark.parametrize("line", ["image", "video", "video --background"])
def test_an_order_that_was_refused_is_told_of_by_its_error_alone(
    cells: Cells, line: str, cell: str | None
) -> None:
    ran = cells.run(f"%zai {line} [[error 1301]] x", cell)
    assert isinstance(ran.error, ContentRefused) and "not finished" not in shown(ran)
    assert ran.displays == [], "it was refused at once"


def test_what_was_painted_of_a_refused_order_is_taken_back() -> None:
    sent: list[tuple[str, bool]] = []
    now = [0.0]

    def publish(data: Any, display_id: str, update: bool) -> None:
        sent.append((data["text/plain"], update))

    def order() -> Generator[Progress, None, None]:
        now[0] += 1  # long enough to be shown
        yield Progress("image", "glm-image", "a cat")
        raise ContentRefused("no")

    with pytest.raises(ContentRefused):
        live.show(order(), CellPainter(publish, Path(), clock=lambda: now[0]))
    assert len(sent) == 2 and "making" in sent[0][0] and sent[1] == ("", True)


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Progress("video", "m", "p", job_id="7"), ContentRefused("no")),
        (Progress("video", "m", "p"), ZaiError("lost", outcome="unknown")),
        (None, ContentRefused("no")),
    ],
)
def test_an_order_that_may_be_under_way_is_not_taken_back(last: Any, error: ZaiError) -> None:
    assert not live.came_to_nothing(last, error)


def test_an_unknown_job_is_not_called_a_video(cells: Cells) -> None:
    ran = cells.run("%zai wait nosuch", "1")
    assert isinstance(ran.error, NotFound) and "video" not in shown(ran).partition("NotFound")[0]


def test_of_many_pictures_the_first_and_the_last_file_are_named(cells: Cells) -> None:
    ran = cells.run("%zai image -n 8 a cat", "1")
    html = ran.displays[-1]["data"]["text/html"]
    assert "8 pictures" in html and html.count("<img ") == 8
    assert "a-cat.png, … 6 more …, " in html and html.count(".png") == 2
    first, rest, last, *_ = lines(cells.run("%zai image -n 8 a cat").out)
    assert "a-cat.png" in first and rest == "… 6 more …" and "a-cat-8.png" in last
    few = cells.run("%zai image -n 6 a dog", "2").displays[-1]["data"]["text/html"]
    assert few.count(".png") == 6, "all of a few are named"


@pytest.mark.parametrize("line", ["export --dry-run x.md", "log --nope x"])
def test_an_unknown_option_names_the_words_of_its_command(cells: Cells, line: str) -> None:
    ran = cells.run(f"%zai {line}")
    assert "has no option" in ran.out and "prompt" not in ran.out
    assert "put -- before the " + ("file" if "export" in line else "words") in ran.out


def test_a_command_without_words_offers_no_way_around_an_option(cells: Cells) -> None:
    assert "put --" not in cells.run("%zai history --nope").out


def test_an_interrupted_login_is_one_line(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(prompt: str = "") -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("getpass.getpass", interrupted)
    ran = cells.run("%zai login")
    assert isinstance(ran.error, Interrupted) and lines(ran.out)[-1].startswith("Interrupted: ")
    assert len(lines(ran.out)) == 1 and cells.zai.session.connection.key is None


@pytest.mark.parametrize("error", [EOFError, StdinNotImplementedError])
def test_a_login_where_nobody_can_be_asked_names_the_other_way(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def unasked(prompt: str = "") -> str:
        raise error

    monkeypatch.setattr("getpass.getpass", unasked)
    ran = cells.run("%zai login")
    assert len(lines(ran.out)) == 1 and "set ZAI_API_KEY before" in ran.out


@pytest.mark.parametrize("verb", ["image", "video", "video --background"])
def test_a_cell_that_buys_anew_says_that_it_does_so_on_every_run(cells: Cells, verb: str) -> None:
    warning = "take --again out of the cell, or it buys on every run"
    assert warning in shown(cells.run(f"%zai {verb} --again a cat", "1"))
    for other in (f"%zai {verb} a cat", f"%zai {verb} --again --dry-run a cat"):
        assert warning not in shown(cells.run(other, "2"))
    cells.run(f"%zai {verb} --again -q a cat", "3")
    assert warning not in shown(cells.run("%zai", "4"))


def test_a_dry_run_of_one_says_whether_it_is_to_be_bought(cells: Cells) -> None:
    assert (
        "nothing was sent · 1 to buy: $0.015; the sandbox charges nothing"
        in cells.run("%zai image --dry-run a cat").out
    )
    cells.run("%zai image a cat")
    again = cells.run("%zai image --dry-run a cat").out
    assert "1 of 1 stored, free" in again and "to buy" not in again


@pytest.mark.parametrize(
    ("line", "price"),
    [
        ("chat --max-tokens 100 hi", "$0.0002 for 100 tokens"),
        ("image a cat", "$0.015"),
        ("video a bird", "$0.20"),
    ],
)
def test_a_dry_run_in_the_sandbox_says_what_the_service_would_charge(
    cells: Cells, line: str, price: str
) -> None:
    command, _, rest = line.partition(" ")
    said = cells.run(f"%zai {command} --dry-run {rest}").out
    assert price in said and "the sandbox charges nothing" in said


@pytest.mark.parametrize("option", ["--duration 100", "--fps 24", "--dry-run --duration 7"])
def test_what_the_video_model_cannot_do_is_refused_before_it_is_sent(
    cells: Cells, option: str
) -> None:
    ran = cells.run(f"%zai video {option} a bird")
    assert not ran.ok and not ran.sent and "cogvideox-3 takes a " in ran.out
    assert cells.run("%zai video --dry-run -m other --duration 8 a bird").ok
