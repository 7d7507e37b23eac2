"""The playground's widgets: fields, buttons, a column for each model, the cell that repeats it.

What a model says goes into an HTML widget only as `safe` has made it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from ..comparison import Comparison, Sample
from ..playing import Play
from . import comparison, parts, safe
from . import reply as replies
from .growing import Growing

_THINK = [("as the model does", ""), ("on", "on"), ("off", "off")]
_HINT = "What to ask; {{ name }} stands for a variable of the notebook"
_SOON = 0.3  # seconds
_WIDE = {"width": "98%"}
_NAMES = {"description_width": "7em"}
# While the panel lives its last run is in it, and what the notebook keeps of it is hidden.
_STYLE = """<style>
.{mark}, .jp-OutputArea-child:has(> .jp-OutputArea-output .{mark}) {{ display: none; }}
.{mark}-panel .widget-htmlmath-content {{
  line-height: 1.6; font-size: var(--jp-content-font-size1, inherit); overflow-wrap: anywhere; }}
.{mark}-earlier {{ opacity: .45; }}
.{mark}-panel .widget-htmlmath-content table {{ margin-left: 0; }}
</style>"""
# JupyterLab's word for a widget without its kernel, above a run that can be read. Only there has
# the output itself this class.
_NO_ERROR = (
    "<style>.jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    ":has(+ .jp-OutputArea-child .{mark}) {{ display: none; }}</style>"
)


class PanelView:
    """`view = PanelView(play, models, run, stop)`; `view.widget` is to be displayed.

    `run(play)` and `stop()` are called by the buttons; `view.show(comparison)` paints, from any
    thread.
    """

    def __init__(
        self,
        play: Play,
        models: Sequence[str],
        run: Callable[[Play], None],
        stop: Callable[[], None],
        cell: Callable[[Play], str],
    ) -> None:
        import ipywidgets as w

        self._w, self._cell = w, cell
        self.mark = f"zai-kept-{uuid4().hex[:12]}"
        self.prompt = w.Textarea(play.prompt, description="Prompt", placeholder=_HINT, rows=4)
        self.system = w.Textarea(play.system, description="System", placeholder="none", rows=2)
        self.models = w.Text(play.models, description="Models", placeholder=", ".join(models[:3]))
        self.models.tooltip = f"one or several, with commas: {', '.join(models)}"
        self.temperature = w.Text(
            play.temperature, description="Temperature", placeholder="as the service has it"
        )
        self.think = w.Dropdown(options=_THINK, value=play.think, description="Thinking")
        self.again = w.Checkbox(play.again, description="ask anew what was answered", indent=False)
        self.run = w.Button(description="Run", button_style="primary", tooltip="Ask the models")
        self.stop = w.Button(description="Stop", disabled=True, tooltip="End the run")
        self.status = w.HTML()
        self.columns = w.HBox(layout=w.Layout(flex_flow="row wrap"))
        self.cell = w.Textarea(description="As a cell", rows=3)
        for field in (self.prompt, self.system, self.models, self.cell):
            _set(field, layout=w.Layout(**_WIDE))
        for field in (self.temperature, self.think):
            _set(field, layout=w.Layout(width="24em"))
        for field in self.fields:
            if hasattr(field.style, "description_width"):
                field.style.description_width = _NAMES["description_width"]
            field.observe(self._changed, "value")
        self.cell.style.description_width = _NAMES["description_width"]
        row = w.HBox([self.temperature, self.think], layout=w.Layout(flex_flow="row wrap"))
        buttons = w.HBox([self.run, self.stop, self.again], layout=w.Layout(flex_flow="row wrap"))
        shown = [self.prompt, self.system, self.models, row, buttons, self.status, self.columns]
        style = w.HTML(_STYLE.format(mark=self.mark), layout=w.Layout(display="none"))
        self.widget = w.VBox([style, *shown, self.cell])
        self.widget.add_class(f"{self.mark}-panel")
        self.run.on_click(lambda _: _soon(lambda: run(self.play)))
        self.stop.on_click(lambda _: stop())
        self._growing: list[Growing] = []
        self._asked = play
        self._changed()

    @property
    def fields(self) -> list[Any]:
        """What makes up the request, in the order of the tab key."""
        return [self.prompt, self.system, self.models, self.temperature, self.think, self.again]

    @property
    def play(self) -> Play:
        """What stands in the fields."""
        return Play(*(field.value for field in self.fields))

    def begin(self) -> None:
        """A run has begun."""
        self.run.disabled, self.stop.disabled = True, False
        self._asked = self.play
        self._changed()
        self.status.value = safe.page(parts.quiet(["asking …"]))

    def end(self, said: str = "") -> None:
        """It is over; `said` is what went wrong."""
        self.run.disabled, self.stop.disabled = False, True
        if said:
            self.status.value = safe.page(parts.warning(said))

    def show(self, value: Comparison) -> None:
        """The answers so far, or at the end."""
        samples = list(value)
        if len(self.columns.children) != len(samples):
            width = "100%" if len(samples) == 1 else "46%"
            layout = self._w.Layout(flex=f"1 1 {width}", min_width="18em", padding="0 1em 0 0")
            self.columns.children = [self._w.HTMLMath(layout=layout) for _ in samples]
            for column in self.columns.children:
                column.add_class("jp-RenderedHTMLCommon")  # tables and code as in an output
            self._growing = [Growing() for _ in samples]
        for column, sample, growing in zip(
            self.columns.children, samples, self._growing, strict=True
        ):
            made = _column(sample, growing)
            if made != column.value:
                column.value = made
        self.status.value = safe.page(parts.quiet(comparison.facts(value)))

    def close(self) -> None:
        """Take the widgets away."""
        every = [self.widget]
        for widget in every:
            beside = (getattr(widget, name, None) for name in ("layout", "style"))
            every += [*getattr(widget, "children", ()), *filter(None, beside)]
        for widget in dict.fromkeys(every):
            widget.close()

    def _changed(self, *_: Any) -> None:
        """The cell follows the fields; answers to what stood there before are dimmed."""
        self.cell.value = self._cell(self.play)
        dim = self.columns.remove_class if self.play == self._asked else self.columns.add_class
        dim(f"{self.mark}-earlier")


def _set(field: Any, layout: Any) -> None:
    """Another layout; the one that it was made with does not stay in the kernel."""
    field.layout.close()
    field.layout = layout


def _soon(act: Callable[[], None]) -> None:
    """Do it when what was typed has come: a front-end that is still busy with a field sends the
    press of a button before it.
    """
    try:
        asyncio.get_running_loop().call_later(_SOON, act)
    except RuntimeError:  # nobody types here
        act()


def _column(sample: Sample, growing: Growing) -> str:
    """One model's answer under its name."""
    name = f"<div><b>{safe.escape(sample.variant.model)}</b></div>"
    return f"{name}{_answer(sample, growing)}"


def _answer(sample: Sample, growing: Growing) -> str:
    """Growing or whole, or what went wrong."""
    if sample.reply is not None:
        return replies.html(sample.reply)
    if sample.error:
        return safe.page(parts.warning(sample.error))
    if sample.draft is None:
        return safe.page(parts.quiet(["waiting …"]))
    return replies.draft_html(sample.draft, growing)


def empty(mark: str) -> dict[str, str]:
    """What the notebook keeps of a panel in which nothing was asked."""
    words = "the answers of the panel's last run are kept here"
    return {"text/html": _marked(safe.page(parts.quiet([words])), mark), "text/plain": words}


def _marked(html: str, mark: str) -> str:
    return f'<div class="{mark}">{_NO_ERROR.format(mark=mark)}{html}</div>'


def transcript(play: Play, value: Comparison, mark: str) -> dict[str, str]:
    """The last run as the notebook keeps it: what was asked, and each answer, folded. `mark` is the
    class by which a living panel hides it.
    """
    answers = "".join(
        parts.fold(sample.variant.model, _answer(sample, Growing())) for sample in value
    )
    system = parts.fold("system prompt", safe.verbatim(play.system)) if play.system else ""
    asked = f'<div style="white-space:pre-wrap">{safe.escape(play.prompt)}</div>'
    told = parts.quiet(["the panel's last run, as it is kept in the notebook"])
    html = safe.page(told + system + asked + answers + parts.quiet(comparison.facts(value)))
    lines = [f"{s.variant.model}: {s.reply if s.reply is not None else s.error}" for s in value]
    plain = safe.plain("\n\n".join([play.prompt, *lines]))
    return {"text/html": _marked(html, mark), "text/plain": plain}
