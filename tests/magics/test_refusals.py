"""What does not fit is refused in one line, fails its cell and changes nothing."""

from __future__ import annotations

import pytest
from shell_cells import Cells

from zai_magics import ZaiError
from zai_magics.errors import CommandError, PromptError

WRONG = [
    ("caht hello", "chat"),
    ("imgae a cat", "image"),
    ("hello there", "%zai chat"),
    ("chat --modle glm-4.6 hi", "--model"),
    ("chat --temprature 1 hi", "--temperature"),
    ("chat -x hi", "--"),
    ("chat --think loud hi", "on, off, low, high, max"),
    ("chat --format html hi", "markdown, text, json"),
    ("chat -t hot hi", "a number"),
    ("chat --max-tokens 1.5 hi", "a whole number"),
    ("chat --max-tokens ten hi", "a whole number"),
    ("chat -t", "needs a value"),
    ("chat -m -t 0 hi", "needs a value"),
    ("chat --model= hi", "no value"),
    ("chat --alone=yes hi", "takes no value"),
    ("chat -s 'not closed hi", "not closed"),
    ("chat -s 'don't' hi", "blank"),
    ("chat --param novalue hi", "NAME=VALUE"),
    ("chat --param =1 hi", "NAME=VALUE"),
    ("chat --param model=glm-5 hi", "replace"),
    ("chat --param messages=[] hi", "replace"),
    ("image --param prompt=x hi", "replace"),
    ("chat --param self=1 hi", "replace"),
    ("chat -o 1x hi", "variable"),
    ("chat -o class hi", "variable"),
    ("chat -o a.b hi", "variable"),
    ("chat --size 1x1 hi", "no option"),
    ("image -t 1 hi", "no option"),
    ("image -n 0 cat", "1 to 100"),
    ("image -n 1000 cat", "1 to 100"),
    ("video -a a.png -a b.png -a c.png x", "not more"),
    ("history words", "no words"),
    ("models words", "no words"),
    ("drop x", "turn's number"),
    ("drop ²", "turn's number"),
    ("drop " + "9" * 5000, "turn's number"),
    ("drop", "no turn"),
    ("drop 3", "no turn"),
    ("sandbox maybe", "off"),
    ("help caht", "chat"),
    ("wait", "job"),
    ("-t 0 hi", "command first"),
    ("-- hi", "command first"),
    ("--help", "command first"),
    ("chat", "no prompt"),
    ("chat   ", "no prompt"),
    ("image", "no prompt"),
    ("video", "no prompt"),
    ("chat -a nothing.png hi", "nothing.png"),
    ("chat {{ nothing_here }}", "nothing_here"),
    ("code -T weather hi", "no option -T: only chat takes it;"),
    ("code --schema=x hi", "no option --schema: only chat and map take it;"),
    ("chat -n 3 hi", "no option -n: only image, compare, log and cost take it;"),
    ("image -t 1 hi", "no option -t: only chat, code, fix, compare, map and panel take it;"),
    ("chat -S x hi", "no option -S (did you mean -s?);"),
    ("video -N 3 hi", "no option -N;"),
    ("chat -T weather,rain hi", "-T weather,rain: takes one name; write -T weather -T rain"),
    ("chat -T 'shop.buy rain' hi", "takes one name; write -T shop.buy -T rain"),
    ("chat -T , hi", "takes the name of a function"),
    ("chat -T weather, hi", "takes one name; write -T weather"),
    ("chat --schema name, age int who", "a schema that ends with a comma: put it in quotes"),
    ("chat --schema=[name, age] who", "a schema that ends with a comma: put it in quotes"),
    ("chat --schema '' who", "--schema is empty; write fields"),
    ('chat --schema "  " who', "--schema is empty; write fields"),
    ('chat --schema "{{ kept[:0] }}" who', "--schema is empty; write fields"),
    ("chat --schema kept who", "kept is a str, not a schema"),
    ("chat --schema Persom who", "a field needs a lower-case name, or write"),
]


@pytest.mark.parametrize(("line", "says"), WRONG)
def test_what_does_not_fit_is_one_line_fails_the_cell_and_sends_nothing(
    cells: Cells, line: str, says: str
) -> None:
    cells.run("'before'")
    cells.shell.user_ns["kept"] = "kept"
    count = cells.shell.execution_count
    ran = cells.run(f"%zai {line}")
    assert not ran.ok
    assert isinstance(ran.error, (CommandError, PromptError)), ran.out
    assert says in ran.out
    lines = [one for one in ran.out.splitlines() if one.strip()]
    assert len(lines) == 1 and lines[0].startswith(f"{type(ran.error).__name__}: ")
    assert len(lines[0]) < 400
    assert ran.sent == []
    assert cells.value("_") == "before" and count not in cells.value("Out")


def test_an_error_changes_no_variable(cells: Cells) -> None:
    cells.shell.user_ns["reply"] = "old"
    assert not cells.run("%zai chat -o reply [[error 1301]] hi").ok
    assert not cells.run("reply = %zai chat [[error 1301]] hi").ok
    assert cells.value("reply") == "old"


def test_a_refusal_of_the_service_fails_the_cell_in_one_line(cells: Cells) -> None:
    ran = cells.run("x = %zai chat [[error 1113]] hi")
    assert isinstance(ran.error, ZaiError) and "x" not in cells.shell.user_ns
    assert len([one for one in ran.out.splitlines() if one.strip()]) == 1


def test_an_unknown_model_is_passed_on_and_the_refusal_names_the_nearest(cells: Cells) -> None:
    ran = cells.run("%zai chat -m glm-4.77 hi")
    assert ran.body["model"] == "glm-4.77"
    assert "did you mean glm-4.7" in ran.out and not ran.ok


def test_an_error_stops_the_cell_where_it_stands(cells: Cells) -> None:
    ran = cells.run("before = 1\n%zai caht hi\nafter = 1")
    assert not ran.ok and "before" in cells.shell.user_ns and "after" not in cells.shell.user_ns


def test_an_error_can_be_caught_by_its_class(cells: Cells) -> None:
    code = "try:\n    %zai chat --nope hi\nexcept zm.ZaiError as e:\n    said = str(e)"
    assert cells.run(f"import zai_magics as zm\n{code}").ok and "no option --nope" in cells.value(
        "said"
    )
