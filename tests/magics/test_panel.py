"""`%zai panel`: its fields and buttons, driven without a browser, against the sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from books import shown
from hypothesis import example, given
from hypothesis import strategies as st
from shell_cells import Cells

from zai_magics.magics import front
from zai_magics.magics.paneling import Panel
from zai_magics.magics.parse import parse
from zai_magics.playing import Play
from zai_magics.sandbox import Sandbox

TWO = "glm-4.7,glm-4.7-flash"


@pytest.fixture
def panel(cells: Cells) -> Iterator[Panel]:
    """A panel, as in a notebook."""
    cells.shell.user_ns["topic"] = "rivers"
    ran = cells.run(f"%zai panel -m {TWO} -t 0.5 Explain {{{{ topic }}}}", "p")
    assert ran.ok, ran.out
    (made,) = cells.zai.commands.panels
    yield made
    made.close()


def pressed(panel: Panel) -> Panel:
    """After the Run button, and the end of the run."""
    panel.view.run.click()
    panel.wait(20.0)
    return panel


def columns(panel: Panel) -> list[str]:
    return [column.value for column in panel.view.columns.children]


def test_the_options_fill_its_fields_and_nothing_is_asked_yet(panel: Panel, cells: Cells) -> None:
    assert panel.view.play == Play("Explain {{ topic }}", "", TWO, "0.5")
    assert panel.view.cell.value == f"%%zai compare -m {TWO} -t 0.5\nExplain {{{{ topic }}}}"
    assert not columns(panel) and cells.zai.session.spent.calls == 0


def test_a_run_shows_the_models_side_by_side_and_is_in_the_journal(
    panel: Panel, cells: Cells
) -> None:
    first, second = columns(pressed(panel))
    assert "<b>glm-4.7</b>" in first and "<b>glm-4.7-flash</b>" in second
    assert "scripted answer" in first and "sandbox" in second
    assert not panel.view.run.disabled and panel.view.stop.disabled
    with cells.zai.session.journal.read() as db:
        asked = db.execute("select m.text from calls c join messages m on m.id = c.prompt")
        assert [text for (text,) in asked] == ["Explain rivers"] * 2


def test_what_is_wrong_is_said_and_asks_nobody(panel: Panel, cells: Cells) -> None:
    for field, value, words in (
        ("prompt", "", "no prompt yet"),
        ("prompt", "{{ nothing }}", "there is no nothing here"),
        ("temperature", "warm", "a temperature is a number"),
    ):
        had = getattr(panel.view, field).value
        getattr(panel.view, field).value = value
        panel.view.run.click()
        assert words in panel.view.status.value
        getattr(panel.view, field).value = had
    assert cells.zai.session.spent.calls == 0 and not panel.view.run.disabled


def test_stop_ends_a_run_and_another_can_begin(
    panel: Panel, cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = panel.view.show

    def stopped(value: Any) -> None:
        show(value)
        panel.view.stop.click()

    monkeypatch.setattr(panel.view, "show", stopped)
    pressed(panel)
    assert not panel.view.run.disabled
    monkeypatch.setattr(panel.view, "show", show)
    assert all("scripted answer" in column for column in columns(pressed(panel)))


def test_the_last_run_is_kept_as_text_that_needs_no_kernel(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(panel, "_publish", lambda *shown: kept.append(shown))
    pressed(panel)
    ((data, _, update),) = kept
    assert update and data["text/html"].count("<details>") >= 2
    assert "Explain {{ topic }}" in data["text/html"] and "glm-4.7-flash:" in data["text/plain"]


def test_unloading_closes_it(panel: Panel, cells: Cells) -> None:
    cells.run("%unload_ext zai_magics", "u")
    assert panel.view.widget.comm is None or panel.view.widget._closed  # type: ignore[attr-defined]


def test_a_terminal_is_told_what_to_do_instead(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "is_kernel", lambda shell: False)
    ran = cells.run("%zai panel", "p")
    assert "%zai compare" in str(ran.error)


def test_while_it_lives_what_is_kept_is_hidden_by_its_mark(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(panel, "_publish", lambda *shown: kept.append(shown))
    panel.open()
    pressed(panel)
    style = panel.view.widget.children[0].value
    assert f".{panel.view.mark}, " in style and len(kept) == 2
    for data, _, _ in kept:
        assert data["text/html"].startswith(f'<div class="{panel.view.mark}">')
        assert len(data["text/html"]) > 100 and data["text/plain"]


def test_formulas_of_a_column_are_typeset(panel: Panel) -> None:
    pressed(panel)
    assert all(type(c).__name__ == "HTMLMath" for c in panel.view.columns.children)


def test_closing_takes_every_widget_out_of_the_kernel(panel: Panel, cells: Cells) -> None:
    from ipywidgets.widgets import widget

    before = len(widget._instances)
    cells.run(f"%zai panel -m {TWO} -t 0.5 Explain {{{{ topic }}}}", "p")
    assert len(widget._instances) == before


def test_a_run_is_known_by_its_cell(panel: Panel, cells: Cells) -> None:
    pressed(panel)
    with cells.zai.session.journal.read() as db:
        assert {r.cell for r in cells.zai.session.journal.calls.newest(db, 9)} == {"p"}


@pytest.fixture
def stalled(cells: Cells) -> Iterator[Panel]:
    """A panel whose run is under way until it is stopped."""
    go_on, began = threading.Event(), threading.Event()

    def pause(seconds: float) -> None:
        if seconds >= 1:
            began.set()
            go_on.wait(10)

    with Sandbox(pace=0, pause=pause) as sandbox:
        cells.sandbox, cells.zai.session.connection.base_url = sandbox, sandbox.base_url
        assert cells.run("%zai panel -m glm-4.7 [[stall 9]][[echo]]one two three", "p").ok
        (made,) = cells.zai.commands.panels
        made.view.run.click()
        assert began.wait(10)
        yield made
        go_on.set()
        made.close()


def test_replay_only_ends_a_run(stalled: Panel, cells: Cells) -> None:
    assert cells.run("%zai replay only", "r").ok
    assert not stalled._thread.is_alive()  # type: ignore[union-attr]


def test_a_press_that_comes_after_the_end_asks_nobody(stalled: Panel, cells: Cells) -> None:
    play = stalled.view.play
    cells.run("%unload_ext zai_magics", "u")
    stalled.run(play)
    assert len(cells.sandbox.ledger) == 1
    cells.shell.run_cell("%load_ext zai_magics")


def test_where_nobody_can_press_a_button_no_widget_is_saved(cells: Cells) -> None:
    cells.shell.kernel = SimpleNamespace(_allow_stdin=False)
    try:
        ran = cells.run("%zai panel", "")
    finally:
        del cells.shell.kernel
    assert ran.ok and "%%zai compare" in shown(ran) and "widget-view" not in str(ran.displays)


def test_braces_of_an_option_wait_for_run(cells: Cells) -> None:
    assert cells.run('%zai panel -s "Be {{ tone }}" x', "p").ok
    (made,) = cells.zai.commands.panels
    assert made.view.system.value == "Be {{ tone }}"


@pytest.mark.parametrize(
    ("system", "models", "temperature"),
    [
        ("", "glm-4.7", "0,7"),
        ("", TWO, "0,7"),
        ("Be {{ tone }}", "glm-4.7", "0.5"),
        ("Be {{ tone }}", TWO, ""),
        ("Be {{ tone }}\nand brief", "glm-4.7", ""),
        ("@terse", "glm-4.7", ""),
        ("@terse", TWO, ""),
    ],
)
def test_the_cell_sends_what_the_panel_sent(
    panel: Panel, cells: Cells, system: str, models: str, temperature: str
) -> None:
    cells.shell.user_ns.update(tone="dry", terse="Be terse.")
    view = panel.view
    view.system.value, view.models.value, view.temperature.value = system, models, temperature

    def sent(before: int) -> list[str]:
        bodies = [line["body"] for line in cells.sandbox.ledger[before:]]
        kept = [{k: v for k, v in body.items() if "stream" not in k} for body in bodies]
        return sorted(json.dumps(body, sort_keys=True) for body in kept)

    before = len(cells.sandbox.ledger)
    pressed(panel)
    by_panel, middle = sent(before), len(cells.sandbox.ledger)
    with cells.zai.session.journal.write() as db:  # so that none of it is shown as stored
        db.execute("delete from calls")
    assert cells.run(view.cell.value, "copied").ok
    assert sent(middle) == by_panel and len(by_panel) == len(models.split(","))


@pytest.mark.parametrize("temperature", ["warm", "1e400", "nan", "0.5 --max-tokens 3"])
def test_what_is_no_temperature_is_said(panel: Panel, temperature: str) -> None:
    panel.view.temperature.value = temperature
    assert "a temperature is a number" in pressed(panel).view.status.value


def test_answers_to_what_stood_in_the_fields_before_are_dimmed(panel: Panel) -> None:
    view, dimmed = pressed(panel).view, f"{panel.view.mark}-earlier"
    assert dimmed not in view.columns._dom_classes
    view.prompt.value = "Something else"
    assert dimmed in view.columns._dom_classes
    pressed(panel)
    assert dimmed not in view.columns._dom_classes


def test_models_may_be_a_list(cells: Cells) -> None:
    assert cells.run("import zai_magics as zm\nzm.panel('x', model=['glm-4.7', 'glm-4.6'])", "p").ok
    (made,) = cells.zai.commands.panels
    assert made.view.models.value == "glm-4.7,glm-4.6"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))


@example("two\n\n", "", False)
@given(
    prompt=WORDS.map(lambda text: text.replace("|", "\n")).filter(str.strip),
    system=WORDS,
    several=st.booleans(),
)
def test_the_cell_asks_the_same(prompt: str, system: str, several: bool) -> None:
    play = Play(prompt, system, TWO if several else "glm-4.7", "0.5", "off")
    cell = play.cell("glm-4.7")
    if not cell.startswith("%%zai"):
        return
    line, _, body = cell.removeprefix("%%zai ").partition("\n")
    read = parse(line, body if body.endswith("\n") else body + "\n")
    said = read.options.get("systems") or (read.options.get("system", ""),)
    assert read.text == prompt and (said[0] or "") == system.strip()
    assert read.options["think"] == "off"
    assert read.command == ("compare" if several else "chat")
