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
from zai_magics.types import Call, Draft, Progress, Reply

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
