"""`code` and `fix`: only code comes back, is offered as the next cell, and is never run."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from books import restart, save, shown
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
    path = save(tmp_path / "lesson.ipynb", {"1": "%%zai code"})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    code(cells, ONE)
    restart(cells)
    code(cells, ONE)
    assert offered == ["x = 1"]


def fixing(cells: Cells, shop: Shop, answer: str = ONE) -> None:
    """A cell fails, and another has it fixed."""
    shop.says = answer
    cells.run("x = 1 / 0", "1")
    assert cells.run("%zai fix", "2").ok


def asking_alone(cells: Cells, shop: Shop, answer: str = ONE) -> None:
    """A cell asks for code in no conversation."""
    shop.says = answer
    assert cells.run("%zai code --alone an x", "2").ok


@pytest.mark.parametrize("asks", [fixing, asking_alone])
def test_in_a_new_kernel_no_cell_is_inserted_a_second_time(
    cells: Cells, shop: Shop, offered: list[str], asks: Any
) -> None:
    asks(cells, shop)
    restart(cells)
    asks(cells, shop)
    assert offered == ["x = 1"]
    asks(cells, shop, TWO)
    asks(cells, shop)
    assert offered == ["x = 1", "x = 2"]


@pytest.mark.parametrize("asks", [fixing, asking_alone])
def test_code_without_a_conversation_is_no_turn_of_one_in_its_cell_either(
    cells: Cells, shop: Shop, asks: Any
) -> None:
    shop.says = ONE
    cells.run("%zai chat hi", "2")
    asks(cells, shop)
    assert [t.place for t in cells.zai.session.conversation.turns] in ([], [("2", 0)])
    cells.run("%zai chat hi", "3")
    assert str(cells.zai.session.conversation.turns[-1].user) == "hi"


def test_what_stands_in_another_cell_of_the_saved_notebook_is_not_offered(
    cells: Cells, offered: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "lesson.ipynb", {"1": "%%zai code", "2": "\nx = 1\n"})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    code(cells, ONE, "1")
    code(cells, ONE, "5")
    assert offered == []
    code(cells, TWO, "1")
    code(cells, ONE, "2")  # its own text is no other cell's
    assert offered == ["x = 2", "x = 1"]


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


@pytest.mark.parametrize(
    ("own", "kind"),
    [("%zai nonsense", "CommandError"), ("%zai chat {{ nothing }}", "PromptError")],
)
def test_after_an_error_of_a_command_no_older_cell_is_paid_for(
    cells: Cells, own: str, kind: str
) -> None:
    cells.run("1/0", "1")
    assert not cells.run(own, "2").ok
    ran = cells.run("%zai fix", "3")
    assert isinstance(ran.error, CommandError) and ran.sent == []
    assert f"the last error is %zai's own ({kind}: " in ran.out
    assert ran.out.strip().endswith("): correct that cell")
    assert not cells.run("undefined_name", "4").ok
    assert "undefined_name" in cells.run("%zai fix", "3").prompt


def test_an_error_of_a_command_whose_cell_was_corrected_is_in_nobodys_way(cells: Cells) -> None:
    cells.run("1/0", "1")
    assert not cells.run("%zai nonsense", "2").ok
    assert cells.run("%zai history", "2").ok
    assert "1/0" in cells.run("%zai fix", "3").prompt


@pytest.mark.parametrize("failing", ["%zai fix --nonsense", "%zai fix -m {{ nothing }} x"])
def test_a_fix_that_came_to_nothing_can_be_asked_for_again(cells: Cells, failing: str) -> None:
    cells.run("1/0", "1")
    assert not cells.run(failing, "2").ok
    assert "1/0" in cells.run("%zai fix", "2").prompt


def test_a_fix_that_the_service_refused_can_be_asked_for_again(cells: Cells, shop: Shop) -> None:
    cells.run("1/0", "1")
    url, cells.zai.session.connection.base_url = (
        cells.zai.session.connection.base_url,
        "http://127.0.0.1:9/",
    )
    assert not cells.run("%zai fix", "2").ok
    cells.zai.session.connection.base_url = url
    ran = cells.run("%zai fix", "2")
    assert ran.ok and "fixes In [1]" in shown(ran)


@pytest.mark.parametrize(
    "stop", ["raise KeyboardInterrupt", "import zai_magics as zm\nraise zm.Interrupted('stopped')"]
)
def test_a_cell_that_was_stopped_is_not_fixed(cells: Cells, stop: str) -> None:
    cells.run("1/0", "1")
    assert not cells.run(stop, "2").ok
    ran = cells.run("%zai fix", "3")
    assert isinstance(ran.error, CommandError) and ran.sent == []
    assert "you stopped that cell; there is nothing to fix" in ran.out


def test_the_cell_that_is_fixed_is_named_also_when_others_ran_well_since(cells: Cells) -> None:
    cells.run("x = 1", "1")
    cells.run("1/0", "2")
    cells.run("x = 2", "3")
    ran = cells.run("%zai fix", "4")
    assert "1/0" in ran.prompt and "fixes In [2], which failed with ZeroDivisionError" in shown(ran)
    assert "fixes" not in shown(cells.run("%zai fix -q", "4"))


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


@pytest.mark.parametrize("record", [True, False])
def test_an_error_from_before_the_extension_was_loaded_is_known(
    shell: Any, server: Any, record: bool
) -> None:
    shell.run_cell("first = 1\nfirst / 0", store_history=record)
    shell.run_cell("%load_ext zai_magics")
    cells = Cells(shell, server)
    cells.zai.session.connection.base_url = server.base_url
    try:
        ran = cells.run("%zai fix", "1")
        assert "first / 0" in ran.prompt
        number = cells.value("In").index("first = 1\nfirst / 0") if record else 0
        assert (f"fixes In [{number}]" in shown(ran)) == record
    finally:
        shell.run_cell("%unload_ext zai_magics")


def test_code_is_a_function_that_offers_what_the_magic_offers(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = ONE
    ran = cells.run("import zai_magics as zm\nmade = zm.code('{{ an x }}', temperature=0)", "1")
    assert ran.ok, ran.out
    assert isinstance(cells.value("made"), Code) and offered == ["x = 1"]
    assert cells.value("made").reply.messages[-2]["content"] == "{{ an x }}"
    assert cells.run("made = zm.code('an x', attach=['made'], quiet=True)", "2").ok
    assert str(cells.value("made")) == "x = 1" and offered == ["x = 1"]


def test_fix_is_a_function_that_names_what_it_mends(
    cells: Cells, shop: Shop, offered: list[str]
) -> None:
    shop.says = "No.\n\n" + ONE
    cells.run("x = 1 / 0", "1")
    assert not cells.run("import zai_magics as zm\nzm.fix(nonsense=1)", "2").ok
    assert not cells.run("zm.fix(temperature='hot')", "2").ok
    ran = cells.run("import zai_magics as zm\nmade = zm.fix('keep it short')", "2")
    assert ran.ok, ran.out
    made = cells.value("made")
    assert isinstance(made, Fix) and (made.source, made.explanation) == ("x = 1 / 0", "No.")
    assert "fixes In [1]" in shown(ran) and offered == [made.code] == ["x = 1"]
    out = cells.run("zm.fix(alone=True)", "3").out
    assert "zm.fix has no option 'alone': only chat and code take it" in out


def test_as_the_last_expression_the_value_is_shown_once(cells: Cells, shop: Shop) -> None:
    shop.says = ONE
    ran = cells.run("import zai_magics as zm\nzm.code('an x')", "1")
    assert shown(ran).count("x = 1") == 1 and isinstance(cells.value("_"), Code)


@pytest.mark.parametrize("code", ["def f(x):\n    return 1/x\nf(0)", "json.loads('x')", "f(1"])
def test_what_is_asked_about_an_error_names_no_place_of_this_machine(
    cells: Cells, code: str
) -> None:
    import json
    import os

    cells.shell.user_ns["json"] = json
    cells.run(code, "1")
    asked = cells.run("%zai fix", "2").prompt
    assert os.sep + "tmp" not in asked and "ipykernel_" not in asked and "-packages" not in asked
    assert os.path.expanduser("~") + os.sep not in asked and "line " in asked


def test_code_that_was_replayed_is_not_offered_again_in_a_new_kernel(
    cells: Cells, offered: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "lesson.ipynb", dict.fromkeys("123", "%%zai code"))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    code(cells, ONE, options="--alone")
    for _ in range(2):
        assert cells.run("%zai replay --speed 0 only", "r").ok
        code(cells, ONE, "2", "--alone")
        assert offered == ["x = 1", "x = 1"]
        restart(cells)
