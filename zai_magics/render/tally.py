"""How a map stands -> HTML and text: a bar and the first rows, at the end a line."""

from __future__ import annotations

from ..catalogue import dollars
from ..tally import Tally
from ..text import plural
from . import parts, safe

_NARROW = (
    "padding:2px 10px;text-align:left;vertical-align:top;max-width:36em;overflow:hidden;"
    "text-overflow:ellipsis;white-space:nowrap"
)


def html(value: Tally) -> str:
    """While it runs the bar and the first rows; at the end the line and what went wrong."""
    badges = parts.badges(value.replayed, value.sandbox)
    if value.frame is None:
        share = value.done / value.rows if value.rows else 1.0
        bar = f'<progress style="width:320px" value="{share:.3f}" max="1"></progress>'
        return safe.page(bar + parts.quiet(facts(value), *badges) + _head(value))
    notes = "".join(parts.quiet([note]) for note in value.notes)
    wrong = parts.warning("; ".join(errors(value)))
    return safe.page(wrong + parts.quiet(facts(value), *badges) + notes)


def plain(value: Tally) -> str:
    """The same for a terminal."""
    mark = parts.marks(parts.badges(value.replayed, value.sandbox))
    lines = [mark + " · ".join(filter(None, facts(value)))]
    if value.frame is not None:
        lines += [*errors(value), *value.notes]
    return safe.plain("\n".join(lines))


def facts(value: Tally) -> list[str]:
    """Rows, money and time in words."""
    over = value.frame is not None
    rows = f"{value.done:,} of {value.rows:,} rows"
    if over and value.done == value.rows:
        rows = plural(value.rows, "row")
    rate = (value.done - value.stored) / value.elapsed if value.elapsed > 1 else 0.0
    return [
        value.model,
        rows,
        f"{value.stored:,} stored" if value.stored else "",
        f"{value.failed:,} failed" if value.failed else "",
        _cost(value),
        parts.seconds(value.elapsed) if value.elapsed else "",
        "" if over or not rate else f"{rate:.1f} rows/s" if rate < 10 else f"{rate:.0f} rows/s",
        "" if over or not value.at_once else f"{value.at_once} at once",
        "" if over or value.left is None else f"about {parts.seconds(value.left)} left",
    ]


def errors(value: Tally) -> list[str]:
    """What went wrong, the commonest first, with how often."""
    return [f"{plural(count, 'row')}: {words}" for words, count in value.errors]


def _cost(value: Tally) -> str:
    if value.sandbox:
        return "not charged"
    if value.unknown:
        known = f"{dollars(value.cost)} and " if value.cost else ""
        return f"{known}{value.unknown:,} of unknown price"
    if value.done == value.stored:
        return "free" if value.done else ""
    return dollars(value.cost)


def _head(value: Tally) -> str:
    if not value.head:
        return ""
    names = "".join(f'<th style="{_NARROW}">{safe.escape(c)}</th>' for c in value.columns)
    rows = (
        "<tr>" + "".join(f'<td style="{_NARROW}">{safe.escape(c)}</td>' for c in row) + "</tr>"
        for row in value.head
    )
    return (
        f'<table style="margin:4px 0"><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
