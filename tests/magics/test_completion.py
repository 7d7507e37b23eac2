"""Tab on a `%zai` line offers what may stand there, and nothing in other lines."""

from __future__ import annotations

import pytest
from IPython.core import completer
from shell_cells import Cells

from zai_magics.magics.grammar import COMMANDS


def _offered(cells: Cells, line: str) -> list[str]:
    return list(cells.shell.complete(None, line, len(line))[1])


@pytest.mark.parametrize("start", ["%zai ", "%%zai ", "x = %zai ", "    %zai "])
def test_commands_are_offered(cells: Cells, start: str) -> None:
    assert set(COMMANDS) <= set(_offered(cells, start))
    assert _offered(cells, f"{start}ch") == ["chat"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if COMMANDS[c].options])
def test_options_of_the_command_are_offered(cells: Cells, command: str) -> None:
    flags = {flag for o in COMMANDS[command].options for flag in o.flags if flag.startswith("--")}
    assert set(_offered(cells, f"%zai {command} --")) == flags


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%zai chat --th", ["--think"]),
        ("%%zai --th", ["--think"]),
        ("%%zai chat --alone --th", ["--think"]),
        ("%zai chat --think ", ["high", "low", "max", "off", "on"]),
        ("%zai chat --think h", ["high"]),
        ("%zai chat -f ", ["json", "markdown", "text"]),
        ("%zai chat -m glm-5-t", ["glm-5-turbo"]),
        ("%zai image -m cogview-4-", ["cogview-4-250304"]),
        ("%zai video --model ", ["cogvideox-3"]),
        ("%zai sandbox ", ["auto", "off"]),
        ("%zai help vid", ["video"]),
        ("%zai replay ", ["auto", "off", "only"]),
        ("%zai compare -m glm-4.7,glm-5-t", ["glm-5-turbo"]),
        ("%zai compare --score my_f", ["my_function"]),
        ("%zai map ", ["my_frame"]),
        ("%zai map my_frame Sentiment of {{ rev", ["review"]),
        ("out = %zai map my_fr", ["my_frame"]),
        ("%zai chat -o my_res", ["my_result"]),
        ("%zai chat Tell me of {{ my_res", ["my_result"]),
    ],
)
def test_what_may_follow_is_offered(cells: Cells, line: str, offered: list[str]) -> None:
    cells.run("my_result = 1\ndef my_function(reply): return 1")
    cells.run("import pandas as pd\nmy_frame = pd.DataFrame({'review': ['a'], 'the stars': [1]})")
    assert sorted(_offered(cells, line)) == offered


def test_models_are_of_the_kind_that_the_command_takes(cells: Cells) -> None:
    assert "glm-image" in _offered(cells, "%zai image -m ")
    assert "glm-image" not in _offered(cells, "%zai compare -m glm-4.7,")
    chat = _offered(cells, "%zai chat -m ")
    assert "glm-4.7" in chat and "glm-4.6v" in chat and "glm-image" not in chat


@pytest.mark.parametrize("line", ["%zai chat --th", "%zai map --th", "%%zai chat -m glm-5-t"])
def test_nobody_elses_words_are_between_them(cells: Cells, line: str) -> None:
    if not hasattr(completer, "context_matcher"):
        pytest.skip("IPython before 8.6 lets Jedi put its own first")
    cells.shell.Completer.use_jedi = True
    with completer.provisionalcompleter():
        found = [c.text for c in cells.shell.Completer.completions(line, len(line))]
    assert found == (["glm-5-turbo"] if "glm" in line else ["--think"])


def test_other_lines_are_completed_as_ever(cells: Cells) -> None:
    cells.run("my_result = 1")
    cells.shell.Completer.use_jedi = False
    assert "my_result" in _offered(cells, "my_res")
    assert not {"chat", "image", "history"} & set(_offered(cells, "%zaibatsu "))
