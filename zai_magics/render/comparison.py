"""Answers side by side -> HTML and text: one line each, the answers folded.

Forty-eight of them fit on a screen, and what is saved is not many times their words: so what a
cell of the table needs is said in as few letters as can be.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from ..catalogue import dollars
from ..comparison import Comparison, Sample
from ..grid import Variant
from ..text import plural
from . import parts, safe

_GLIMPSE, _NARROW = 56, 48  # letters of an answer in its line
_HINT = "c = _ makes c[1] an answer and c.to_frame() all of them"
_TAIL = 200  # of an answer under way, from its end
_CELL, _LEFT = "padding:1px 8px", "padding:1px 8px;text-align:left"
_WORDS = re.compile(r"\S+\s*")
_DIFFED = 2_000  # words of each answer; comparing takes the square of it


def html(value: Comparison) -> str:
    """The table; while it runs without folds, which an update would close again."""
    columns = [*value.varied, "answer"]
    numbers = ["score"] if value.scored else []
    heads = [*columns, *numbers, "tokens", "cost", "time"]
    head = "".join(
        f'<th style="{_LEFT if name in columns else _CELL}">{safe.escape(name)}</th>'
        for name in ("", *heads)
    )
    rows = "".join(_row(value, variant) for variant in value.variants)
    table = (
        '<table style="font-size:90%;line-height:1.25;margin:4px 0">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
    lines = "".join(parts.quiet([line]) for line in _lines(value))
    return safe.page(table + parts.quiet(facts(value, _HINT), *_badges(value)) + lines)


def plain(value: Comparison) -> str:
    """The same for a terminal: the beginning of each answer."""
    numbers = ["score"] if value.scored else []
    columns = ["", *value.varied, "answer", *numbers, "tokens", "cost", "time"]
    rows: list[list[str]] = []
    for variant in value.variants:
        said = variant.said()
        for sample in value.of(variant.number):
            first = sample.number == 1
            varied = [said[n] if first else "" for n in value.varied]
            number = str(variant.number) if first else ""
            score = [_number(sample.score)] if value.scored else []
            rows.append([number, *varied, _glimpse(sample, _NARROW), *score, *_measures([sample])])
        if value.scored and (mean := _mean(value, variant.number)) and len(value.of(1)) > 1:
            rows.append(["", *["" for _ in value.varied], "mean", mean, "", "", ""])
    mark = parts.marks(_badges(value))
    lines = [mark + " · ".join(filter(None, facts(value, _HINT))), *_lines(value)]
    return safe.plain("\n".join([parts.plain_table(columns, rows), *lines]))


def facts(value: Comparison, hint: str = "") -> list[str]:
    """What the quiet line says; `hint` is how to get at what is new."""
    replies = [s for s in value.samples if s.reply is not None]
    fresh = [s.reply.cost for s in replies if s.reply is not None and not s.stored]
    stored, failed = sum(s.stored for s in replies), sum(bool(s.error) for s in value.samples)
    spent = sum(c for c in fresh if c is not None)
    unknown = fresh.count(None)
    cost = "not charged" if value.sandbox else dollars(spent) if fresh else ""
    some = value.running or len(replies) < len(value)
    over = f"{len(replies)} of {plural(len(value), 'answer')}" if some else ""
    return [
        over or plural(len(value), "answer"),
        f"{stored} stored" if stored else "",
        f"{failed} failed" if failed else "",
        cost,
        f"{unknown} of unknown price" if unknown and not value.sandbox else "",
        parts.seconds(value.elapsed) if fresh or value.running else "free" if stored else "",
        hint if not value.running and fresh else "",
    ]


def _lines(value: Comparison) -> list[str]:
    """What is said below the table."""
    return [*value.verdicts, *filter(None, [value.unscored]), *value.notes]


def _row(value: Comparison, variant: Variant) -> str:
    samples = value.of(variant.number)
    said = variant.said()
    number = f"{variant.number}{' base' if variant.number == value.baseline else ''}"
    words = [number, *(said[name] for name in value.varied)]
    cells = "".join(
        f'<td style="{_LEFT};white-space:nowrap">{safe.escape(word)}</td>' for word in words
    )
    answers = "".join(_answer(value, sample, len(samples) > 1) for sample in samples)
    scores = [_mean(value, variant.number)] if value.scored else []
    measures = "".join(
        f'<td style="{_CELL};white-space:nowrap">{safe.escape(one)}</td>'
        for one in (*scores, *_measures(samples))
    )
    return f'<tr>{cells}<td style="{_LEFT}">{answers}</td>{measures}</tr>'


def _answer(value: Comparison, sample: Sample, several: bool) -> str:
    glimpse = safe.escape(_glimpse(sample, _GLIMPSE))
    score = f" [{_number(sample.score)}]" if several and sample.score is not None else ""
    if not value.running and sample.reply is None and sample.draft and sample.draft.text:
        body = safe.markdown(sample.draft.text) + parts.warning("broken off")
        return f"<details><summary>{glimpse}</summary>{body}</details>"
    if value.running or sample.reply is None:
        return f"<div>{glimpse}{score}</div>"
    reply = sample.reply
    body = safe.markdown(str(reply)) + parts.warning(sample.error or reply.note or sample.wrong)
    return f"<details><summary>{glimpse}{score}</summary>{body}{_differs(value, sample)}</details>"


def _differs(value: Comparison, sample: Sample) -> str:
    """Word by word, how it differs from the baseline's answer of the same number."""
    other = value.counterpart(sample.variant.number)
    if not other or sample.reply is None:
        return ""
    same = (s for s in value.of(other) if s.number == sample.number)
    base = next((s.reply for s in same if s.reply is not None), None)
    if base is None:
        return ""
    words = "".join(_changed(str(base), str(sample.reply)))
    return f"<details><summary>against {other}</summary>{words}</details>"


def _changed(before: str, after: str) -> Iterator[str]:
    old, new = (_WORDS.findall(text)[:_DIFFED] for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield safe.escape("".join(old[a:b]))
            continue
        if b > a:
            yield f"<del>{safe.escape(''.join(old[a:b]))}</del>"
        if d > c:
            yield f"<ins>{safe.escape(''.join(new[c:d]))}</ins>"


def _glimpse(sample: Sample, letters: int) -> str:
    """An answer's beginning; of one under way what came last."""
    if sample.reply is not None:
        text = " ".join(str(sample.reply)[: 4 * letters].split())
        whole = len(" ".join(str(sample.reply).split())) <= letters
        return (text if whole else text[: letters - 1] + "…") or "(no words)"
    if sample.error:
        return sample.error
    draft = sample.draft
    if draft is None:
        return "…"
    text = " ".join(draft.text[-_TAIL:].split())
    return text[-letters:] if text else "thinking …" if draft.n_thoughts else "…"


def _measures(samples: Sequence[Sample]) -> list[str]:
    """Tokens, cost and time: of several answers the mean of tokens and time, the sum of costs."""
    replies = [s.reply for s in samples if s.reply is not None]
    if not replies:
        return ["", "", ""]
    usages = [r.usage for r in replies if r.usage]
    costs = [r.cost for r in replies]
    total = None if None in costs else sum(c for c in costs if c is not None)
    tokens = round(sum(u.prompt + u.completion for u in usages) / len(usages)) if usages else None
    cost = "-" if replies[0].sandbox else "unknown" if total is None else dollars(total)
    time = parts.seconds(sum(r.elapsed for r in replies) / len(replies))
    return [parts.count(tokens) if tokens is not None else "", cost, time]


def _mean(value: Comparison, number: int) -> str:
    found = value.mean(number)
    if found is None:
        return ""
    mean, where = found
    return (
        f"{_number(mean)} ({_number(where[0])} to {_number(where[1])})" if where else _number(mean)
    )


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.3g}"


def _badges(value: Comparison) -> list[str]:
    return parts.badges(value.replayed, value.sandbox)
