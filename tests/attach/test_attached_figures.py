"""A figure is sent as the notebook shows it, with the numbers that it draws beside it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytest.importorskip("matplotlib")
np = pytest.importorskip("numpy")

import matplotlib  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from pixels import content, opened  # noqa: E402

from zai_magics.attach import from_value, is_attachable  # noqa: E402
from zai_magics.errors import PromptError  # noqa: E402


def drawn(**more: Any) -> Any:
    """A figure with one line."""
    figure = Figure(**more)
    axes = figure.subplots()
    axes.plot([1, 2, 3], [4, 6, 5], label="sales")
    axes.set(title="Shop", xlabel="week", ylabel="€")
    return figure


def state(figure: Any) -> Any:
    """What a drawing might change."""
    pars = figure.subplotpars
    return (
        figure.dpi, tuple(figure.get_size_inches()), figure.get_facecolor(), figure.canvas,
        figure.get_layout_engine(), (pars.left, pars.right, pars.top, pars.wspace),
        [(tuple(a.get_position().bounds), a.get_xlim(), a.get_in_layout()) for a in figure.axes],
    )  # fmt: skip


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_a_figure_is_drawn_the_same_every_time_and_stays_as_it_is(layout: Any) -> None:
    figure = drawn(layout=layout)
    figure.suptitle("above")
    before = state(figure)
    sent = from_value(figure, "fig")
    assert from_value(figure, "fig") == sent
    assert state(figure) == before


def test_the_picture_shows_the_line_and_the_face() -> None:
    figure = Figure(figsize=(4, 3), facecolor="#ffff00")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.plot([0, 1], [0, 0], color="#0000ff", linewidth=40)
    seen = opened(from_value(figure, "fig")).convert("RGB")
    assert seen.getpixel((2, 2)) == (255, 255, 0)
    assert seen.getpixel((seen.width // 2, seen.height // 2)) == (0, 0, 255)


def test_the_users_settings_do_not_decide_what_is_sent() -> None:
    before = from_value(drawn(), "fig")
    settings = {
        "savefig.dpi": 10, "savefig.facecolor": "red", "savefig.bbox": "standard",
        "savefig.transparent": True, "savefig.format": "pdf", "savefig.pad_inches": 3,
    }  # fmt: skip
    figure = drawn()
    with matplotlib.rc_context(settings):
        assert from_value(figure, "fig") == before


def test_a_clear_figure_stands_on_white() -> None:
    sent = from_value(drawn(facecolor="none"), "fig")
    assert opened(sent).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    assert sent.note == "fig: drawn on white"


@pytest.mark.parametrize("size", [(300, 150), (0.5, 0.5), (6, 90)])
def test_a_picture_of_a_figure_is_never_huge(size: tuple[float, float]) -> None:
    seen = opened(from_value(drawn(figsize=size), "fig"))
    assert 20 < max(seen.size) <= 2100


def test_a_text_far_outside_does_not_hide_the_rest() -> None:
    figure = drawn(figsize=(6, 4))
    figure.axes[0].text(200, 200, "lost")
    assert opened(from_value(figure, "fig")).size == (600, 400)


def test_axes_and_what_is_in_them_mean_their_figure() -> None:
    figure = Figure()
    axes = figure.subplots(2, 2)
    line = axes[0, 0].plot([1, 2])
    bars = axes[0, 1].bar([1], [2])
    errors = axes[1, 0].errorbar([1], [2], yerr=1)
    image = axes[1, 1].imshow(np.eye(3))
    expected = content(from_value(figure, "fig"))
    for value in (axes, axes[0], axes[0, 0], list(axes[0]), line, line[0], bars, errors, image):
        assert content(from_value(value, "fig")) == expected
        assert is_attachable(value)


def test_axes_of_two_figures_are_not_one() -> None:
    both = [Figure().subplots(), Figure().subplots()]
    assert not is_attachable(both)
    with pytest.raises(PromptError, match=r"one at a time, as in both\[0\]"):
        from_value(both, "both")


def test_what_cannot_be_drawn_is_refused_in_one_line() -> None:
    figure = drawn()
    figure.axes[0].set_title("$\\frac{1}{$")
    with pytest.raises(PromptError, match="the figure cannot be drawn") as caught:
        from_value(figure, "fig")
    assert "\n" not in str(caught.value)


def words(draw: Any) -> str:
    """What is said of a figure that `draw` draws on."""
    figure = Figure()
    draw(figure.subplots())
    return from_value(figure, "fig").text


def test_the_words_name_the_axes_and_the_points() -> None:
    text = from_value(drawn(), "fig").text
    assert text.splitlines() == [
        "fig: a figure (read from the chart's data)",
        'axes 1 "Shop"; x: week; y: €',
        '- line "sales"; 3 points; x 1 to 3; y 4 to 6; (x, y), all: (1, 4) (2, 6) (3, 5)',
    ]


def test_a_long_line_is_sampled_evenly_and_its_range_is_that_of_all() -> None:
    y = np.zeros(100_000)
    y[77_777] = 1 / 3
    text = words(lambda axes: axes.plot(y))
    assert "100,000 points; x 0 to 99999; y 0 to 0.333333" in text
    points = text.split("50 evenly sampled: ")[1].split(") (")
    assert len(points) == 50 and points[0] == "(0, 0" and points[-1].startswith("99999, 0")


DRAWINGS = {
    "scatter": (
        lambda a: a.scatter([1, 2], [3, 4], c=[5, 6]),
        "(x, y, colour), all: (1, 3, 5) (2, 4, 6)",
    ),
    "bars": (lambda a: a.bar(["p", "q"], [1, 2.5]), "(bar, value), all: (p, 1) (q, 2.5)"),
    "lying bars": (lambda a: a.barh(["p", "q"], [1, 2.5]), "(bar, value), all: (p, 1) (q, 2.5)"),
    "stacked bars": (
        lambda a: a.bar(["p"], [1], bottom=[4]),
        "(bar, value, starting at), all: (p, 1, 4)",
    ),
    "bars with errors": (
        lambda a: a.bar(["p"], [2], yerr=[0.5]),
        "(x, y from, y to), all: (p, 1.5, 2.5)",
    ),
    "histogram": (
        lambda a: a.hist([0, 0, 1, 2], bins=2),
        "histogram; 2 points; from 0 to 1; to 1 to 2; value 2 to 2",
    ),
    "errors": (
        lambda a: a.errorbar([1], [2], yerr=0.5),
        "(x, y, y from, y to), all: (1, 2, 1.5, 2.5)",
    ),
    "pie": (lambda a: a.pie([1, 3], labels=["p", "q"]), "(slice, percent), all: (p, 25) (q, 75)"),
    "image": (lambda a: a.imshow([[1, 2], [3, 4]]), "2x2 values; 1 to 4; row by row: 1 2 / 3 4"),
    "mesh": (lambda a: a.pcolormesh([[1, 2], [3, 4]]), "2x2 values; 1 to 4; row by row: 1 2 / 3 4"),
    "contours": (lambda a: a.contour(np.eye(4), levels=[0.25, 0.5]), "levels 0.25 0.5"),
    "steps": (lambda a: a.stairs([5, 6]), "(from, to, value), all: (0, 1, 5) (1, 2, 6)"),
    "area": (lambda a: a.fill_between([0, 1], [2, 3]), "x 0 to 1; y 0 to 3"),
    "text": (lambda a: a.text(0, 0, "peak"), '- text "peak"'),
    "log": (lambda a: a.set_yscale("log"), "y: (log scale)"),
    "names": (
        lambda a: a.set_xticks([1, 2], ["p", "q"]) and a.plot([1, 2], [3, 4]),
        "(p, 3) (q, 4)",
    ),
    "dates": (
        lambda a: a.plot(np.array(["2024-02-29", "2024-03-01T12:30"], "datetime64[m]"), [1, 2]),
        "(2024-02-29, 1) (2024-03-01 12:30:00, 2)",
    ),
    "gaps": (lambda a: a.plot([1, None, 3]), "y 1 to 3; (x, y), all: (0, 1) (1, nan) (2, 3)"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_words_tell_what_is_drawn(name: str) -> None:
    draw, expected = DRAWINGS[name]
    assert expected in words(draw)


def test_points_in_space_are_told_as_they_are() -> None:
    figure = Figure()
    axes = figure.add_subplot(projection="3d")
    axes.scatter([1, 2], [3, 4], [5, 6])
    assert "(x, y, z), all: (1, 3, 5) (2, 4, 6)" in from_value(figure, "fig").text


def test_the_months_of_a_pandas_chart_are_dates() -> None:
    pd = pytest.importorskip("pandas")
    months = pd.Series([1, 2], index=pd.period_range("2023-11", periods=2, freq="M"))
    assert "(2023-11, 1) (2023-12, 2)" in words(lambda axes: months.plot(ax=axes))


def test_the_words_of_any_figure_are_bounded() -> None:
    def many(axes: Any) -> None:
        for number in range(300):
            axes.plot(range(60), label=f"line {number} " + "ü" * 500)

    text = words(many)
    assert len(text.encode()) <= 8000 and "… and" in text


def test_no_pyplot_and_no_state_of_matplotlib_is_touched() -> None:
    script = """
        import sys, matplotlib
        matplotlib.use("svg")
        from matplotlib.figure import Figure
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from zai_magics.attach import from_value
        figure = Figure()
        canvas = FigureCanvasSVG(figure)
        figure.subplots().plot([1, 2])
        settings = dict(matplotlib.rcParams)
        assert from_value(figure, "f").url.startswith("data:image/png;base64,")
        assert "matplotlib.pyplot" not in sys.modules
        assert figure.canvas is canvas and dict(matplotlib.rcParams) == settings
        assert matplotlib.get_backend().lower() == "svg"
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_figure_that_was_shown_and_closed_is_sent_and_stays_closed() -> None:
    script = """
        import matplotlib
        matplotlib.use("agg")
        from matplotlib import pyplot as plt
        from zai_magics.attach import from_value
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        kept, other = plt.figure(), None
        plt.close(figure)
        sent = from_value(figure, "f")
        assert sent.url and plt.get_fignums() == [kept.number] and plt.gcf() is kept
        assert from_value(axes, "f").url == sent.url
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_plotly_figure_is_sent_as_its_series() -> None:
    go = pytest.importorskip("plotly.graph_objects")
    figure = go.Figure(
        [
            go.Scatter(x=[1, 2, 3], y=[4.0, 5.5, 6.0], name="sales"),
            go.Bar(x=["a", "b"], y=[1, 2]),
            go.Heatmap(z=[[1, 2], [3, 4]]),
            go.Pie(labels=["p", "q"], values=[1, 3]),
        ],
        layout={"title": {"text": "Shop"}, "xaxis": {"title": {"text": "week"}}},
    )
    before = figure.to_dict()
    sent = from_value(figure, "fig")
    assert sent.kind == "text" and sent.url == "" and "not as a picture" in sent.note
    assert sent.text.splitlines() == [
        "fig: Shop",
        "xaxis: week",
        '- scatter "sales"; 3 points; x 1 to 3; y 4 to 6; (x, y), all: (1, 4) (2, 5.5) (3, 6)',
        "- bar; 2 points; y 1 to 2; (x, y), all: (a, 1) (b, 2)",
        "- heatmap; z: 2 rows: 1 2 / 3 4",
        "- pie; 2 points; values 1 to 3; (labels, values), all: (p, 1) (q, 3)",
    ]
    assert str(figure.to_dict()) == str(before)
    assert is_attachable(figure)
