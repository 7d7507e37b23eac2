"""The same words in a terminal: IPython on a pseudo-terminal, and its painter by itself."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import environment
from scripted import DONE, HEAD, Peer, Server, delta

from zai_magics.render.live import show
from zai_magics.render.terminal import TerminalPainter
from zai_magics.types import Call, Called, Code, Draft, Fix, Progress, Reply, Step

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals need pexpect (not on Windows)")
PROMPT = r"In \[\d+\]: "


@pytest.fixture(scope="module")
def answers() -> Iterator[Server]:
    """The server that the terminal asks."""
    with Server() as made:
        yield made


@pytest.fixture(scope="module")
def terminal(answers: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """IPython in a terminal, the extension loaded."""
    environ = environment(
        ZAI_BASE_URL=answers.url,
        ZAI_API_KEY="test-key",
        IPYTHONDIR=str(tmp_path_factory.mktemp("ipython")),
        TERM="dumb",
    )
    command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    child = pexpect.spawn(sys.executable, command, env=environ, encoding="utf-8", timeout=30)
    child.expect(PROMPT)
    child.sendline("%load_ext zai_magics")
    child.expect(PROMPT)
    yield child
    child.close(force=True)


def typed(terminal: Any, line: str) -> str:
    """What the terminal shows between a line and the next prompt."""
    terminal.sendline(line)
    terminal.expect(PROMPT)
    return str(terminal.before).replace("\r\n", "\n").partition("\n")[2]


def says(*words: str) -> Any:
    """A script that streams these words."""

    def script(peer: Peer) -> None:
        peer.send(HEAD + b"".join(map(delta, words)) + delta(finish="stop") + DONE)

    return script


def test_a_terminal_shows_each_word_once_and_the_closing_line(
    terminal: Any, answers: Server
) -> None:
    answers.script = says("uno ", "due ", "tre")
    shown = typed(terminal, "%zai chat hello")
    assert shown.startswith("uno due tre\nglm-4.7 · ")
    assert shown.count("uno") == shown.count("tre") == 1


def test_the_underscore_is_the_text_in_a_terminal(terminal: Any, answers: Server) -> None:
    answers.script = says("uno\n", "due")
    typed(terminal, "%zai chat hello")
    assert "uno\ndue" in typed(terminal, "_")


def test_words_are_in_the_terminal_before_the_stream_ends(terminal: Any, answers: Server) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD + delta(thinking="hm") + delta("alpha "))
        peer.go.wait(20)
        peer.send(delta("omega", finish="stop") + DONE)

    answers.script = script
    terminal.sendline("%zai chat hello")
    terminal.expect("thinking …\r\nalpha ")
    answers.go.set()
    terminal.expect("omega\r\n")
    terminal.expect(PROMPT)
    answers.go.clear()


def test_ctrl_c_keeps_the_words_and_gives_the_prompt_back(terminal: Any, answers: Server) -> None:
    def script(peer: Peer) -> None:
        peer.send(HEAD + delta("alpha "))
        peer.until_closed()

    answers.script = script
    terminal.sendline("%zai chat hello")
    terminal.expect("alpha ")
    terminal.sendintr()
    terminal.expect("interrupted")
    terminal.expect("Interrupted: stopped")
    terminal.expect(PROMPT, timeout=5)
    assert "Traceback" not in terminal.before


def test_escape_sequences_of_a_reply_do_not_reach_the_terminal(
    terminal: Any, answers: Server
) -> None:
    answers.script = says("red \x1b", "[31mno\x1b]0;ti", "tle\x07 more")
    shown = typed(terminal, "%zai chat hello")
    assert shown.startswith("red no more\n") and "\x1b" not in shown


def test_an_error_is_one_line_in_a_terminal(terminal: Any, answers: Server) -> None:
    shown = typed(terminal, "%zai chta hello")
    assert shown.strip().startswith("CommandError: ") and shown.strip().count("\n") == 0


def test_code_is_in_a_terminal_once(terminal: Any, answers: Server) -> None:
    answers.script = says("```python\n", "apples = 1\n", "```")
    shown = typed(terminal, "%zai code -o made count them")
    assert shown.startswith("```python\napples = 1\n```\nglm-4.7 · ")
    assert shown.count("apples") == 1
    terminal.sendintr()  # the code stands in the next prompt, where IPython has one
    terminal.expect(PROMPT)
    assert "apples = 1" in typed(terminal, "made")


def test_a_correction_is_in_a_terminal_once_and_then_what_it_changes(
    terminal: Any, answers: Server
) -> None:
    answers.script = says("You divide by zero.\n", "```python\n", "pears = 1 / 1\n", "```\n")
    typed(terminal, "pears = 1 / 0")
    shown = typed(terminal, "%zai fix")
    first, _, said = shown.partition("\n")
    assert first.startswith("fixes In [") and "ZeroDivisionError" in first
    assert said.startswith("You divide by zero.\n```python\npears = 1 / 1\n```\n\n@@")
    assert "-pears = 1 / 0\n+pears = 1 / 1\nglm-4.7 · " in shown
    assert shown.count("You divide") == 1
    terminal.sendintr()
    terminal.expect(PROMPT)


def drafts(*words: str) -> Iterator[Any]:
    """Snapshots of a growing answer, then the reply."""
    pieces: list[str] = []
    for word in words:
        pieces.append(word)
        yield Draft("glm-4.7", pieces, [], len(pieces))
    yield Reply("".join(words), Call("glm-4.7", elapsed=1.0))


def test_the_painter_writes_what_is_new_and_nothing_twice(tmp_path: Path) -> None:
    out = io.StringIO()
    value = show(drafts("a\r", "\nb ", "\ud83d", "\ude00 ", "c"), TerminalPainter(tmp_path, out))  # type: ignore[arg-type]
    assert out.getvalue() == "a\nb 😀 c\nglm-4.7 · price unknown · 1.0 s\n"
    assert value.endswith("c")


def test_the_painter_repeats_no_line_of_progress_but_its_time(tmp_path: Path) -> None:
    out = io.StringIO()
    painter = TerminalPainter(tmp_path, out)
    for second in range(5):
        painter.paint(Progress("video", "cogvideox-3", "a", 0.2, float(second), 90.0, "job-7"))
    assert out.getvalue() == "making video · cogvideox-3 · $0.20 · job job-7\n"


CALL = Called("look", "{}")
FORGED = Called("x\ncalling delete …\x1b[2J" + "y" * 100, "{}")


def painted(tmp_path: Path, *snapshots: Any) -> str:
    """What the painter writes for these."""
    out = io.StringIO()
    painter = TerminalPainter(tmp_path, out)
    for snapshot in snapshots:
        painter.paint(snapshot)
    painter.finish()
    return out.getvalue()


def calling(call: Called, *more: Called) -> Draft:
    """The draft while a call is under way."""
    return Draft(
        "m", notice=f"calling {call.name} …", steps=(Step("Let me see", "", (call, *more)),)
    )


def test_a_notice_stands_between_the_words_of_two_rounds(tmp_path: Path) -> None:
    done = CALL._replace(result="seen")
    words = [Draft("m", ["Let me ", "see\x1b"], [], n) for n in (1, 2)]
    steps = (Step("Let me see", "", (done,)),)
    after = Draft("m", ["Found."], [], 1, steps=steps)
    reply = Reply("Found.", Call("m"))
    shown = painted(
        tmp_path, *words, calling(CALL), Draft("m", notice="asking on …", steps=steps), after, reply
    )
    assert shown == (
        "Let me see\ncalling look …\nlook() → seen\nasking on …\nFound.\n"
        "m · price unknown · 0.0 s\n"
    )


def test_words_before_a_call_that_was_stopped_are_written_once(tmp_path: Path) -> None:
    shown = painted(
        tmp_path, Draft("m", ["Let me see"], [], 1), calling(CALL), Reply("Let me see", Call("m"))
    )
    assert shown == "Let me see\ncalling look …\nm · price unknown · 0.0 s\n"


def test_an_answer_asked_for_again_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    answers = [Draft("m", ["no"], [], 1), Draft("m"), Draft("m", ["yes"], [], 1)]
    shown = painted(tmp_path, *answers, Reply("yes", Call("m")))
    assert shown == "no\nyes\nm · price unknown · 0.0 s\n"


def test_a_tools_name_forges_no_line(tmp_path: Path) -> None:
    done = FORGED._replace(error="no")
    steps = (Step("", "", (done,)),)
    shown = painted(tmp_path, calling(FORGED), Draft("m", notice="asking on …", steps=steps))
    first, card, last = shown.splitlines()
    assert first.startswith("calling x calling delete … [2Jyyy") and first.endswith("y… …")
    assert len(first) == len("calling  …") + 64 and card.startswith("x calling delete … [2Jyyy")
    assert last == "asking on …"


def test_code_that_did_not_stream_is_written_and_so_is_that_there_is_none(tmp_path: Path) -> None:
    code = Reply("```\nx = 1\n```", Call("m"))
    none = Reply("I cannot.", Call("m"))
    streamed = Draft("m", ["I cannot."], [], 1)
    assert painted(tmp_path, Code(code)).startswith("x = 1\nm ·")
    assert painted(tmp_path, streamed, Code(none)).startswith("I cannot.\nthere is no code in")
    assert painted(tmp_path, Fix(code, "x = 2")).count("x = 1") == 1
    assert painted(tmp_path, streamed, Fix(none, "x = 2")).startswith(
        "I cannot.\n\nthere is no corrected cell"
    )
