"""`code` and `fix`: only code comes back, is offered as the next cell, and is never run."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from books import restart, shown
from shell_cells import Cells
from shop import Shop

from zai_magics.errors import CommandError
from zai_magics.types import Code, Fix

ONE, TWO = "```python\nx = 1\n```", "```python\nx = 2\n```"


@pytest.fixture
def offered(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that were offered, oldest first."""
    found: list[str] = []
    monkeypatch.setattr(
        cells.shell, "set_next_input", lambda text, replace=False: found.append(text)
    )
    return found


def code(cells: Cells, answer: str, cell: str = "1", options: str = "") -> Any:
    """The value of a code cell that the service answers so."""
    ran = cells.run(f"%%zai code -o made {options}\n[[echo]]{answer}", cell)
    assert ran.ok, ran.out
    return cells.value("made")


def test_code_is_shown_offered_and_not_run(cells: Cells, offered: list[str]) -> None:
    made = code(cells, ONE)
    assert isinstance(made, Code) and made.code == str(made) == "x = 1"
    assert offered == ["x = 1"]
    assert "x" not in cells.shell.user_ns
    assert "x = 1" in shown(cells.run("made", "2"))


def test_only_code_is_asked_for_beside_the_conversations_own_system_prompt(cells: Cells) -> None:
    cells.run("%zai system Use polars.", "0")
    ran = cells.run("%%zai code\nPlot it", "1")
    system = ran.body["messages"][0]["content"]
    assert system.startswith("Use polars.") and "code only" in system
    assert cells.run("%%zai\nhi", "2").body["messages"][0]["content"] == "Use polars."


def test_the_same_code_again_is_not_offered_again(cells: Cells, offered: list[str]) -> None:
    code(cells, ONE)
    code(cells, ONE)
    assert offered == ["x = 1"]
    code(cells, TWO)
    assert offered == ["x = 1", "x = 2"]


def test_in_a_new_kernel_the_same_code_is_not_offered_again(
    cells: Cells, offered: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from books import save

    path = save(tmp_path / "lesson.ipynb", {"1": "%%zai code"})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    code(cells, ONE)
    restart(cells)
    code(cells, ONE)
    assert offered == ["x = 1"]


def test_two_cells_are_offered_each_their_own(cells: Cells, offered: list[str]) -> None:
    code(cells, ONE, "1")
    code(cells, ONE, "2")
    assert offered == ["x = 1", "x = 1"]


def test_an_answer_without_a_block_is_code_if_it_is_python(
    cells: Cells, offered: list[str]
) -> None:
    assert cells.run("%%zai code\n[[echo]]x = 3", "1").ok and offered == ["x = 3"]
    ran = cells.run("%%zai code\n[[echo]]I cannot do that.", "2")
    assert offered == ["x = 3"] and "no code in the answer" in shown(ran)
    assert "I cannot do that." in shown(ran)


def test_variables_are_known_by_name_and_type_when_attached_and_not_otherwise(cells: Cells) -> None:
    cells.run("import math\nsecret = 'hunter2'\nxs = [1, 2]\ndef f(a, b=1): return a", "0")
    ran = cells.run("%%zai code -a xs -a f -a math -a secret\nGo", "1")
    assert ran.ok, ran.out
    assert "xs: a list of 2 int" in ran.prompt and "f(a, b=1)" in ran.prompt
    assert "module math" in ran.prompt and "secret: a str" in ran.prompt
    assert "hunter2" not in ran.prompt
    assert cells.run("%%zai code\nGo again", "2").prompt == "Go again"


def test_quietly_nothing_is_offered(cells: Cells, offered: list[str]) -> None:
    assert code(cells, ONE, options="-q").code == "x = 1" and offered == []


HIDDEN = "a = 1\x00 # \u202eno\u2066 \x1b[8mimport os\x1b[0m\x9b2J\r\nb = 2"
SEEN = "a = 1 # <U+202E>no<U+2066> import os\nb = 2"


@pytest.mark.parametrize("answer", [f"```python\n{HIDDEN}\n```", HIDDEN])
def test_what_is_offered_is_what_is_shown(
    cells: Cells, shop: Shop, offered: list[str], answer: str
) -> None:
    shop.says = answer
    ran = cells.run("%zai code -o made x", "1")
    assert offered == [SEEN] and cells.value("made").code == str(cells.value("made")) == SEEN
    assert ran.displays[-1]["data"]["text/plain"] == SEEN


def test_a_correction_is_offered_as_it_is_shown(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = f"So:\n```python\n{HIDDEN}\n```"
    cells.run("1/0", "1")
    ran = cells.run("%zai fix -o made", "2")
    assert offered == [SEEN] == [cells.value("made").code]
    assert "+a = 1 # <U+202E>no<U+2066> import os\n+b = 2" in shown(ran)


BLOCKS = {
    "an output": ("```python\nx = 1\n```\nIt prints:\n```text\n3 apples\n```", "x = 1"),
    "a command": ("```bash\npip install x\n```\n```Py\nx = 1\n```", "x = 1"),
    "no tag": ("```output\n3\n```\n```\nx = 1\n```\n~~~ {.python3}\ny = 2\n~~~", "x = 1\n\ny = 2"),
    "an empty one": ("```python\n```\n```\nx = 1\n```", "x = 1"),
    "none but others": ("```sql\nselect 1\n```", "select 1"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_of_another_language_is_no_part_of_the_cell(
    cells: Cells, shop: Shop, offered: list[str], name: str
) -> None:
    shop.says, wanted = BLOCKS[name]
    cells.run("%zai code x", "1")
    assert offered == [wanted]


def test_a_correction_is_the_last_python_and_not_what_it_prints(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = "```python\nx = 1\n```\nprints\n```text\n1\n```"
    cells.run("1/0", "1")
    cells.run("%zai fix -o made", "2")
    assert offered == ["x = 1"] and cells.value("made").explanation == "prints"


FAILURES = {
    "a plain error": ("def f(d):\n    return d['{x}']\nf({})", "KeyError: '{x}'"),
    "braces and fences": (
        "s = '''```\n{{ nothing }}\n```'''\nraise ValueError(s)",
        "{{ nothing }}",
    ),
    "a syntax error": ("x = 1\ny = = 2", "SyntaxError"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a chain": (
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise OSError('no') from e",
        "cause",
    ),
    "an error that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise OSError\nraise E",
        "E",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_last_error_goes_out_with_its_cell(cells: Cells, name: str) -> None:
    source, told = FAILURES[name]
    assert not cells.run(source, "1").ok
    ran = cells.run("%zai fix", "2")
    assert ran.ok, ran.out
    assert source in ran.prompt and told in ran.prompt
    assert len(ran.body["messages"]) == 1


def test_only_the_last_error_and_its_cell_go_out(cells: Cells) -> None:
    cells.run("secret = 'do not tell'\n1/0", "1")
    cells.run("password = 'hunter2'", "2")
    cells.run("%zai chat hello", "3")
    cells.run("undefined_name", "4")
    said = str(cells.run("%zai fix", "5").body)
    assert "undefined_name" in said
    assert not any(word in said for word in ("secret", "hunter2", "hello", "ZeroDivision"))


def test_an_error_of_a_command_is_not_what_is_fixed(cells: Cells) -> None:
    cells.run("1/0", "1")
    assert not cells.run("%zai nonsense", "2").ok
    assert not cells.run("%zai chat {{ nothing }}", "3").ok
    assert "1/0" in cells.run("%zai fix", "4").prompt


def test_the_corrected_cell_is_shown_as_a_diff_and_offered_once(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = "You divide by <b>zero</b>.\n\n```python\na = 1\nb = a / 1\n```"
    cells.run("a = 1\nb = a / 0", "1")
    ran = cells.run("%zai fix -o made", "2")
    assert cells.run("%zai fix", "2").ok and offered == ["a = 1\nb = a / 1"]
    made = cells.value("made")
    assert isinstance(made, Fix) and made.code == offered[0]
    assert made.explanation == "You divide by <b>zero</b>."
    html = ran.displays[-1]["data"]["text/html"]
    assert "You divide by &lt;b&gt;zero" in html and html.index("b = a / 0") < html.index(
        "b = a / 1"
    )
    assert "-b = a / 0\n+b = a / 1" in shown(ran)


def test_an_answer_without_a_corrected_cell_says_so_and_offers_nothing(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = "I do not know."
    cells.run("1/0", "1")
    ran = cells.run("%zai fix", "2")
    assert ran.ok and offered == [] and "no corrected cell" in shown(ran)


def test_a_fix_is_a_turn_of_no_conversation(cells: Cells) -> None:
    cells.run("%zai chat hi", "0")
    cells.run("1/0", "1")
    cells.run("%zai fix", "2")
    assert len(cells.zai.session.conversation.turns) == 1


def test_what_the_user_adds_goes_with_it(cells: Cells) -> None:
    cells.run("1/0", "1")
    assert "keep {it} short" in cells.run("%zai fix keep {it} short", "2").prompt


def test_without_a_failure_there_is_nothing_to_fix(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys, "last_value", raising=False)
    ran = cells.run("%zai fix", "1")
    assert isinstance(ran.error, CommandError) and ran.sent == []


def test_an_error_from_before_the_extension_was_loaded_is_known(shell: Any, server: Any) -> None:
    shell.run_cell("first = 1\nfirst / 0")
    shell.run_cell("%load_ext zai_magics")
    cells = Cells(shell, server)
    cells.zai.session.base_url = server.base_url
    try:
        assert "first / 0" in cells.run("%zai fix", "1").prompt
    finally:
        shell.run_cell("%unload_ext zai_magics")
