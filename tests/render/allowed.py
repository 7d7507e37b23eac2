"""What the package's HTML may consist of, checked by a parser that knows nothing of the package."""

from __future__ import annotations

import re
from html.parser import HTMLParser

STYLES = re.compile(r"[a-z-]+:[\w.% (),#-]+(?:;[a-z-]+:[\w.% (),#-]+)*")
CODE_CLASS = re.compile(r"language-[a-z0-9+-]{1,20}")
SPAN_CLASS = re.compile(r"mathjax_process tex2jax_process|[a-z][a-z0-9]{0,3}")
LINK = re.compile(r"https?://[\w.\[\]:-]+(?:[/?#][!-~]*)?|mailto:[^\s\"<>]+")
TAGS: dict[str, dict[str, re.Pattern[str]]] = {
    **{name: {} for name in "p strong em s br hr h1 h2 h3 h4 h5 h6 ul li".split()},  # noqa: SIM905
    **{name: {"style": STYLES} for name in ("blockquote", "table", "thead", "tbody", "tr", "pre")},
    **{name: {"style": re.compile("text-align:(left|right|center)")} for name in ("td", "th")},
    "ol": {"start": re.compile(r"\d{1,9}")},
    "div": {"class": re.compile("highlight|zai mathjax_ignore tex2jax_ignore"), "style": STYLES},
    "code": {"class": CODE_CLASS, "style": STYLES},
    "span": {"class": SPAN_CLASS},
    "a": {
        "href": LINK,
        "target": re.compile("_blank"),
        "rel": re.compile("noopener noreferrer"),
    },
}
VOID = {"br", "hr"}


class Checker(HTMLParser):
    """Collects in `faults` whatever is not allowed; `text` is what a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.text = ""
        self.links: list[tuple[str, str, int]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = TAGS.get(tag)
        if allowed is None:
            self.faults.append(f"<{tag}>")
            return
        for name, value in attrs:
            if name not in allowed or not allowed[name].fullmatch(value or ""):
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name == "style" and re.search(r"url|var|position|expression", value or ""):
                self.faults.append(f"<{tag} style={value!r}>")
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", "", len(self.text)))
            if not {"target", "rel"} <= {name for name, _ in attrs}:
                self.faults.append("<a> without rel or target")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("an instruction")

    def finish(self) -> None:
        """End the text: whatever is open now is a fault, too."""
        self.close()
        self.faults += [f"<{tag}> stays open" for tag in self._open]


UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def faults(html: str) -> list[str]:
    """Return what is wrong with a piece of the package's HTML; an empty list when nothing is."""
    checker = Checker()
    checker.feed(html)
    checker.finish()
    unseen = [f"U+{ord(c):04X}" for c in UNSEEN.findall(html)]
    return checker.faults + unseen


def visible(html: str) -> str:
    """Return the text that a reader of the HTML sees."""
    checker = Checker()
    checker.feed(html)
    checker.finish()
    return checker.text
