"""What a command gives: to `_`, `Out`, an assignment or `-o`; shown once where it was made."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from books import shown
from PIL import Image
from shell_cells import Cells

import zai_magics as zm
from zai_magics.errors import CommandError, ZaiError
from zai_magics.magics.grammar import COMMANDS


def test_a_reply_is_a_str_that_knows_more(cells: Cells) -> None:
    cells.run("x = %zai chat [[echo]] [1, 2]")
    x = cells.value("x")
    assert isinstance(x, str) and isinstance(x, zm.Reply)
    assert x == "[1, 2]" and json.loads(x) == [1, 2] == x.data and f"{x}!" == "[1, 2]!"
    assert x[1:] == "1, 2]" and x.upper() == "[1, 2]" and len(x) == 6
    assert x.model == "glm-4.7" and x.usage.completion > 0 and x.cost == 0 and x.sandbox
    assert x.finish_reason == "stop" and x.elapsed >= 0
    assert [m["role"] for m in x.messages] == ["user", "assistant"]
    assert pickle.loads(pickle.dumps(x)).messages == x.messages


def test_a_reply_is_in_the_underscore_and_in_out(cells: Cells) -> None:
    count = cells.shell.execution_count
    cells.run("%zai chat [[echo]] hi")
    assert cells.value("_") == "hi" and isinstance(cells.value("Out")[count], zm.Reply)
    count = cells.shell.execution_count
    cells.run("%%zai chat\n[[echo]] ho")
    assert cells.value("_") == "ho" == cells.value("Out")[count]
    assert cells.value("__") == "hi"


@pytest.mark.parametrize("line", ["%zai chat -o x [[echo]] hi", "%%zai chat -o x\n[[echo]] hi"])
def test_out_puts_the_value_into_a_variable_too(cells: Cells, line: str) -> None:
    assert cells.run(line).ok
    assert cells.value("x") == "hi" == cells.value("_")


@pytest.mark.parametrize("line", ["image -o x a cat", "video -o x a cat", "models -o x"])
def test_every_command_with_a_value_puts_it_out(cells: Cells, line: str) -> None:
    assert cells.run(f"%zai {line}").ok
    assert cells.value("x") is not None and cells.value("x") is cells.value("_")


@pytest.mark.parametrize("cell_id", ["1", ""])
@pytest.mark.parametrize(
    "code",
    [
        "%%zai chat\n[[echo]] marmalade",
        "%zai chat [[echo]] marmalade",
        "x = %zai chat [[echo]] marmalade",
        "x = %zai chat [[echo]] marmalade\nx",
        "%zai chat -o x [[echo]] marmalade\nx",
        "import zai_magics as zm\nzm.chat('[[echo]] marmalade')",
    ],
)
def test_a_reply_is_shown_once_in_the_cell_that_streamed_it(
    cells: Cells, code: str, cell_id: str
) -> None:
    ran = cells.run(code, cell_id)
    assert ran.ok and "marmalade" not in ran.out
    ids = {d["transient"].get("display_id") for d in ran.displays}
    assert len(ids) == 1 and [d["update"] for d in ran.displays].count(False) == 1
    assert ran.displays[-1]["data"]["text/plain"] == "marmalade"


@pytest.mark.parametrize("code", ["_", "x", "display(x)", "Out[1]"])
def test_a_reply_is_shown_again_in_a_later_cell(cells: Cells, code: str) -> None:
    cells.run("%zai chat -o x [[echo]] marmalade", "1")
    ran = cells.run(code, "2")
    assert ran.ok
    assert "marmalade" in ran.out or ran.displays[-1]["data"]["text/plain"] == "marmalade"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_terminal_shows_the_words_once_and_says_where(cells: Cells, enabled: bool) -> None:
    # The terminals of IPython 7 switch this formatter off.
    cells.shell.display_formatter.ipython_display_formatter.enabled = enabled
    ran = cells.run("%zai chat [[echo]] marmalade")
    assert ran.out.count("marmalade") == 1 and "(shown above)" in ran.out
    assert cells.run("_").out.count("marmalade") == 1


@pytest.mark.parametrize("cell_id", ["1", "", None])
def test_quiet_shows_nothing_and_gives_the_value(cells: Cells, cell_id: str | None) -> None:
    for line in ("chat -q [[echo]] hi", "image -q cat", "video --quiet cat", "models -q"):
        ran = cells.run(f"x = %zai {line}", cell_id)
        assert ran.ok and ran.out == "" and ran.displays == []
        assert cells.value("x") is not None
    assert cells.run("%zai chat -q [[echo]] hi", "2").displays == []


@pytest.mark.parametrize("cell_id", ["1", "", None])
@pytest.mark.parametrize(
    "code",
    [
        "%zai chat -q -o w [[echo]] marmalade\nw",
        "y = %zai chat -q [[echo]] marmalade\ny",
        "y = zm.chat('[[echo]] marmalade', quiet=True)\ny",
        "y = zm.chat('[[echo]] marmalade', quiet=True); y",
        "%zai chat -q -o w [[echo]] marmalade\ndisplay(w)",
        "%zai chat -q -o w [[echo]] marmalade\nif True:\n    display(w)",
        "%zai chat -q -o w [[echo]] marmalade\n%zai chat -q hi\nw",
    ],
)
def test_what_a_quiet_command_gave_is_shown_where_the_cell_names_it(
    cells: Cells, code: str, cell_id: str | None
) -> None:
    ran = cells.run(f"import zai_magics as zm\n{code}", cell_id)
    texts = [ran.out, *(d["data"]["text/plain"] for d in ran.displays)]
    assert ran.ok and sum(text.count("marmalade") for text in texts) == 1, texts


@pytest.mark.parametrize("cell_id", ["1", "", None])
@pytest.mark.parametrize(
    "code",
    [
        "%zai chat -q [[echo]] marmalade",
        "%%zai chat -q -o w\n[[echo]] marmalade",
        "zm.chat('[[echo]] marmalade',\n        quiet=True)",
        "(zm\n .chat('[[echo]] marmalade', quiet=True))",
        "def f():\n    return zm.chat('[[echo]] marmalade', quiet=True)\nf()",
        "%%time\n%zai chat -q [[echo]] marmalade",
        "w = 1\n%zai chat -q -o w [[echo]] marmalade",
    ],
)
def test_what_a_quiet_command_gives_is_not_shown_where_it_stands(
    cells: Cells, code: str, cell_id: str | None
) -> None:
    cells.run("import zai_magics as zm")
    ran = cells.run(code, cell_id)
    assert ran.ok and "marmalade" not in ran.out and ran.displays == []


def test_quietly_every_expression_of_a_cell_may_be_shown_but_the_commands(cells: Cells) -> None:
    cells.shell.ast_node_interactivity = "all"
    try:
        ran = cells.run("%zai chat -q -o w [[echo]] marmalade\nw\n1 + 1")
    finally:
        cells.shell.ast_node_interactivity = "last_expr"
    assert ran.out.count("marmalade") == 1 and "(not shown)" in ran.out


@pytest.mark.parametrize(
    ("view", "html"), [("text", "*hi*"), ("markdown", "<em>hi</em>"), ("json", "not JSON")]
)
def test_a_reply_is_shown_in_the_form_asked_for(cells: Cells, view: str, html: str) -> None:
    ran = cells.run(f"%zai chat -f {view} [[echo]] *hi*", "1")
    assert html in ran.displays[-1]["data"]["text/html"]
    assert cells.value("_") == "*hi*"


def test_the_display_of_a_cell_is_one_output_that_is_updated(cells: Cells) -> None:
    ran = cells.run("%zai chat a long text", "1")
    assert [d["update"] for d in ran.displays] == [False] + [True] * (len(ran.displays) - 1)
    assert set(ran.displays[-1]["data"]) == {
        "text/html",
        "text/plain",
        "application/vnd.zai.turn+json",
    }
    headless = cells.run("%zai chat a long text", "")
    assert len(headless.displays) == 1 and not headless.displays[0]["update"]


def test_a_picture_is_a_file_that_pillow_opens(cells: Cells) -> None:
    cells.run("p = %zai image --size 1024x1024 a cat", "1")
    p = cells.value("p")
    assert isinstance(p, zm.Picture) and p.prompt == "a cat" and p.model == "glm-image"
    with Image.open(p) as image:
        assert image.size == (1024, 1024)
    assert p.bytes == p.path.read_bytes() and p.path.is_relative_to(Path.cwd() / "zai_media")
    assert "sandbox" in p.path.name and p.cost == 0
    assert len(cells.run("p", "2").displays) + len(cells.run("p", "2").out) > 0


def test_several_pictures_are_a_gallery_of_requests_of_one(cells: Cells) -> None:
    ran = cells.run("%zai image -n 3 -o p a cat", "1")
    p = cells.value("p")
    assert isinstance(p, zm.Pictures) and len(p) == 3 == len({x.path for x in p})
    assert len(ran.bodies) == 3
    assert ran.displays[-1]["data"]["text/html"].count("<img") == 3


def test_a_file_is_kept_where_it_is_wanted_and_nothing_is_overwritten(cells: Cells) -> None:
    cells.run("a = %zai image --save pics/cat a cat")
    cells.run("b = %zai image --save 'pics/cat' a cat")
    a, b = cells.value("a").path, cells.value("b").path
    assert a.parent.name == b.parent.name == "pics" and a != b
    assert a.suffix == b.suffix == ".png"


def test_a_clip_plays_and_has_a_widget(cells: Cells) -> None:
    cells.run("c = %zai video a bird", "1")
    clip = cells.value("c")
    assert isinstance(clip, zm.Clip) and clip.bytes[4:8] == b"ftyp" and clip.job_id
    widget = clip.widget(autoplay=False)
    assert bytes(widget.value) == clip.bytes and widget.format == "mp4" and not widget.autoplay


def test_wait_takes_up_a_job_again(cells: Cells) -> None:
    cells.run("c = %zai video a bird")
    ran = cells.run(f"d = %zai wait {cells.value('c').job_id}")
    assert ran.ok and ran.bodies == []
    assert cells.value("d").bytes == cells.value("c").bytes


def test_the_verbs_from_python_are_the_same(cells: Cells) -> None:
    ran = cells.run(
        "import zai_magics as zm\nx = zm.chat('[[echo]] {{ hi }}?', temperature=0.5)", "1"
    )
    assert ran.ok and cells.value("x") == "{{ hi }}?" and ran.body["temperature"] == 0.5
    assert len(ran.displays) >= 1
    assert [t.prompt for t in cells.zai.session.conversation.turns] == ["[[echo]] {{ hi }}?"]
    ran = cells.run("p = zm.image('a cat', n=2, quiet=True)", "2")
    assert len(cells.value("p")) == 2 and ran.displays == []
    ran = cells.run("c = zm.video('a bird', audio=True)", "3")
    assert ran.body["with_audio"] is True and isinstance(cells.value("c"), zm.Clip)


def test_a_turn_from_python_is_its_cells_too(cells: Cells) -> None:
    for word in "ab":
        cells.run(f"import zai_magics as zm\nzm.chat('{word}')", "1")
    assert [t.prompt for t in cells.zai.session.conversation.turns] == ["b"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("zm.chat('x', temprature=1)", "did you mean temperature"),
        ("zm.chat('x', think='loud')", "on, off, low, high, max"),
        ("zm.chat('x', format='html')", "markdown, text, json"),
        ("zm.chat('x', max_tokens='ten')", "a number"),
        ("zm.chat('x', param={'model': 'y'})", "replace"),
        ("zm.chat('x', out='y')", "no option 'out'"),
        ("zm.image('x', n='4')", "a number"),
        ("zm.image('x', n=0)", "1 to 100"),
        ("zm.chat('  ')", "no prompt"),
    ],
)
def test_a_verb_from_python_refuses_what_the_magic_refuses(
    cells: Cells, call: str, says: str
) -> None:
    ran = cells.run(f"import zai_magics as zm\n{call}")
    assert isinstance(ran.error, zm.ZaiError), ran.out
    assert says in ran.out and ran.sent == []


def test_a_verb_from_python_loads_the_extension(shell: object, server: object) -> None:
    run = shell.run_cell  # type: ignore[attr-defined]
    result = run("import zai_magics as zm\nzm.chat('x', nope=1)")
    assert isinstance(result.error_in_exec, CommandError)
    assert run("zm.chat('')").error_in_exec is not None
    assert isinstance(shell.zai_magics, object)  # type: ignore[attr-defined]
    run("%unload_ext zai_magics")


def test_the_verbs_take_the_values_themselves(cells: Cells) -> None:
    pytest.importorskip("pandas")
    source = (
        "import pandas as pd, zai_magics as zm\n"
        "df = pd.DataFrame({'city': ['Oslo']})\n"
        "@zm.tool(name='look')\ndef f(city: str) -> str:\n    return 'seen ' + city\n"
        'x = zm.chat(\'[[tool look]][[arguments {"city": "Oslo"}]]What?\', attach=df, tool=f,'
        " approve='always')\n"
    )
    ran = cells.run(source)
    assert ran.ok, ran.out
    assert "Oslo" in ran.bodies[0]["messages"][0]["content"]
    assert ran.bodies[1]["messages"][-1]["content"] == "seen Oslo"
    for odd in ("3", "lambda a: a", "__import__('functools').partial(f, city='Rome')"):
        refused = cells.run(f"z = zm.chat('hi', tool={odd})")
        assert isinstance(refused.error, CommandError) and refused.sent == []
    schema = "y = zm.chat('Who?', schema={'type': 'object', 'properties': {'name': {}}})"
    assert cells.run(schema).ok and "name" in cells.value("y").data


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("log", "log is a command and no function: %zai log"),
        ("help", "help is a command and no function: %zai help"),
        ("vidoe", "zai_magics has no vidoe (did you mean video?); dir(zai_magics) lists"),
        ("nosuch", "zai_magics has no nosuch; dir(zai_magics) lists what it has"),
    ],
)
def test_a_name_that_the_package_has_not_is_one_line_with_the_next_step(
    cells: Cells, name: str, said: str
) -> None:
    ran = cells.run(f"import zai_magics as zm\nzm.{name}")
    assert isinstance(ran.error, AttributeError) and not hasattr(zm, name)
    assert said in ran.out and len(ran.out.strip().splitlines()) == 1
    assert not hasattr(zm, "__nosuch__")


def test_the_readme_lists_the_verbs_that_are_functions() -> None:
    from zai_magics.magics.grammar import COMMANDS

    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    listed = readme.partition("`Out[n]`. ")[2].partition(" are functions")[0]
    functions = {n for n in COMMANDS if n in zm.__all__}
    assert {word.strip("`") for word in listed.replace(",", " ").split()} - {"and"} == functions


TABLES = {
    "cost": "total",
    "log": "brings one back",
    "jobs": "takes one up",
    "models": "as they are",
    "history": "marmalade",
}


@pytest.mark.parametrize("cell_id", ["1", None])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_shown_once_where_it_stands_alone_and_never_where_it_is_kept(
    cells: Cells, name: str, cell_id: str | None
) -> None:
    cells.run("%zai chat [[echo]]marmalade", cell_id and "0")
    cells.run("%zai video a bird", cell_id and "9")

    def shows(code: str) -> int:
        ran = cells.run(code, cell_id)
        assert ran.ok, ran.out
        return min(shown(ran).count(TABLES[name]), 2)

    once = shows(f"%zai {name}\n1;")
    assert once == shows(f"%zai {name}") == shows(f"if True:\n    %zai {name}") > 0
    assert once == shows(f"def tell():\n    %zai {name}\ntell()")
    assert shows(f"x = %zai {name}") == 0
    assert cells.value("x") is not None and "(shown" not in cells.run("x").out
    assert shows(f"y = z = get_ipython().run_line_magic('zai', '{name}')") == 0
    assert shows(f"def get():\n    found = %zai {name}\n    return found\nx = get()") == 0


def test_the_costs_are_shown_from_python_as_by_the_command(cells: Cells) -> None:
    cells.run("import zai_magics as zm\n%zai chat hi", "0")
    assert cells.run("c = zm.cost()").out == ""
    assert cells.run("len(repr(zm.cost()));").out == ""
    assert cells.run("zm.cost()").out.count("thinking of completion") == 1
    assert cells.run("%%time\nzm.cost()").out.count("thinking of completion") == 1


@pytest.mark.parametrize(
    "call",
    [
        "zm.map(pd.DataFrame({'a': [1]}), '{{ a }} {{ word }}', quiet=True).reply[0]",
        "zm.compare('{{ a }} {{ word }}', each={'a': [1]}, quiet=True)[1]",
    ],
)
def test_a_template_from_python_sees_what_the_function_around_it_has(
    cells: Cells, call: str
) -> None:
    cells.run("import pandas as pd\nimport zai_magics as zm\nword = 'outer'")
    assert cells.run(f"def inner():\n    word = 'inner'\n    return {call}\nmade = inner()").ok
    assert cells.sandbox.ledger[-1]["body"]["messages"][-1]["content"] == "1 inner"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("zm.map(None, 'a')", "not a NoneType"),
        ("zm.map(pd.DataFrame({'a': [1]}), 3)", "takes the prompt as text, not a int"),
        ("zm.compare('x', model=[None])", "-m takes names of models, not None"),
        ("zm.compare('{{ score }}', each={'score': ['a']})", "name of another column"),
    ],
)
def test_what_python_cannot_be_asked_for_is_one_line(cells: Cells, call: str, words: str) -> None:
    cells.run("import pandas as pd\nimport zai_magics as zm")
    ran = cells.run(call)
    assert isinstance(ran.error, ZaiError) and words in str(ran.error)


def test_braces_that_nothing_is_inserted_for_go_out_as_they_stand_and_that_is_said(
    cells: Cells,
) -> None:
    cells.run("import zai_magics as zm\nran = []\ndef evil(): ran.append(1)")
    said = cells.run("zm.compare('Hi {{ tone }} {{ evil() }}')").out
    assert "{{ tone }} goes out as it stands; each={'tone': […]} gives it values" in said
    sent = cells.sandbox.ledger[-1]["body"]["messages"][-1]["content"]
    assert sent == "Hi {{ tone }} {{ evil() }}" and cells.value("ran") == []
    assert "as it stands" not in cells.run("zm.compare('Hi {{ tone }}', raw=True)").out


@pytest.mark.parametrize("given", ["-m glm-4.7, glm-4.7-flash", "-t 0, 0.8", "-s @a, @b"])
def test_a_blank_behind_a_comma_is_not_taken_for_the_prompt(cells: Cells, given: str) -> None:
    ran = cells.run(f"%zai compare {given} Hi")
    assert isinstance(ran.error, CommandError) and "without blanks: a,b" in str(ran.error)
    assert ran.sent == []


@pytest.mark.parametrize(
    "line",
    [
        "chat -s {{said}} Hi",
        "compare -s {{said}} Hi",
        "compare --each x={{said}} Hi {{ x }}",
        "compare --each x=a --each x={{said}} Hi {{ x }}",
    ],
)
def test_an_at_sign_in_a_value_names_no_variable(cells: Cells, line: str) -> None:
    cells.run("said, secret = '@secret', 'of mine'")
    ran = cells.run(f"%zai {line}")
    assert ran.ok and "of mine" not in str(ran.sent) and "@secret" in str(ran.sent)


def test_values_that_are_given_twice_are_all_compared(cells: Cells) -> None:
    ran = cells.run("made = %zai compare -q --each x=a --each x=b,c say {{ x }}")
    assert ran.ok and len(cells.shell.user_ns["made"]) == 3


@pytest.mark.parametrize("command", ["map", "compare"])
def test_the_help_of_a_function_names_every_option(command: str) -> None:
    several = {"models": "model", "temperatures": "temperature", "systems": "system"}
    names = {several.get(o.name, o.name) for o in COMMANDS[command].options}
    text = getattr(zm, command).__doc__
    assert [name for name in names - {"out", "quiet"} if f"`{name}" not in text] == []
