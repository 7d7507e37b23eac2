"""Links and images: where a foreign text may point, and what the reader is told about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

    from .parser import Budget

# Strict on purpose: no user name before the host, no backslash, no percent sign in the host.
# Python and browsers disagree about where such addresses lead.
_HOST = r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?"
_WEB = re.compile(
    rf"https?://(?P<host>(?:{_HOST}|\[[0-9a-f:.]{{2,45}}\])(?::\d{{1,5}})?)(?:[/?#][!-~]*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(rf"mailto:(?P<host>[\w.+-]{{1,64}}@{_HOST})(?:\?[!-~]*)?", re.I | re.ASCII)
_UNQUOTED = re.compile(r"[\"'<>\\^`{|}\s]")
# Taken whole or not at all: "http://good.example\@evil.example" has no good part.
_BARE = re.compile(
    rf"(?<![\w/.:@])(?>https?://(?:{_HOST})(?::\d{{1,5}})?(?:[/?#][\w\-./?=&%#+~:,;@!*()]*)?)"
    r"(?![\w@%\\\[:/])",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 2000
_ATTRIBUTES = {"target": "_blank", "rel": "noopener noreferrer"}


def host(url: str) -> str | None:
    """Return what a reader must see of an address: its host, or the address of a mail.

    host("https://example.org/a")   # 'example.org'
    host("javascript:alert(1)")     # None: nothing may lead there
    """
    if len(url) > _LONGEST or _UNQUOTED.search(url):
        return None
    found = _WEB.fullmatch(url) or _MAIL.fullmatch(url)
    return found["host"].lower() if found else None


def allowed(url: str) -> bool:
    """Return whether a normalised address may become a link; the parser asks this."""
    return host(url) is not None


def spell_out(state: StateCore) -> None:
    """Make every link of a parsed text honest: a step of the parser, after all others.

    Behind a link whose text does not begin with its host, the host is written; bare addresses
    become links; past the budget for addresses, links are shown as text.
    """
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_spelled_out(block.children, state.env["zai"]))


def shown_image(token: Token, budget: Budget) -> str:
    """Return the words that stand for an image: its description and where it lies."""
    url = str(token.attrs.get("src", ""))
    if not budget.spend_address(len(url)):
        url = "…"
    alt = " ".join(_words(token.children or ()).split())
    return f"[image: {alt} ({url})]" if alt else f"[image: {url}]"


def _spelled_out(children: Sequence[Token], budget: Budget) -> Iterator[Token]:
    inside: list[Token] = []
    for token in children:
        if inside:
            inside.append(token)
            if token.type == "link_close":
                yield from _honest(inside, budget)
                inside = []
        elif token.type == "link_open":
            inside = [token]
        elif token.type == "text" and "://" in token.content:
            yield from _linkified(token, budget)
        else:
            yield token
    yield from inside[1:]


def _honest(link: list[Token], budget: Budget) -> Iterator[Token]:
    url = str(link[0].attrs.get("href", ""))
    where = host(url)
    if where is None or not budget.spend_address(len(url)):
        yield from link[1:-1]
        yield _text(" (…)", link[0])
        return
    link[0].attrs = {"href": url, **_ATTRIBUTES}
    yield from link
    if not _shows(_words(link), where):
        yield _text(f" ({where})", link[0])


def _words(tokens: Sequence[Token]) -> str:
    return "".join(t.content for t in tokens if t.type in ("text", "code_inline"))


def _shows(words: str, where: str) -> bool:
    # The host must come first: "https://good.org/?next=evil.org" shows good.org, whatever
    # follows, and "evil.org.good.org" is another host.
    start = words.strip().lower().removeprefix("http://").removeprefix("https://")
    return start.startswith(where) and not re.match(r"[\w.@:-]", start[len(where) :])


def _linkified(token: Token, budget: Budget) -> Iterator[Token]:
    at = 0
    for found in _BARE.finditer(token.content):
        url = _without_tail(found[0])
        if host(url) is None or not budget.spend_address(len(url)):
            continue
        yield _text(token.content[at : found.start()], token)
        yield _tag("link_open", 1, token, {"href": url, **_ATTRIBUTES})
        yield _text(url, token)
        yield _tag("link_close", -1, token, {})
        at = found.start() + len(url)
    yield _text(token.content[at:], token)


def _without_tail(url: str) -> str:
    """A sentence's full stop is not part of the address, nor a bracket opened before it."""
    while url and (url[-1] in ".,;:!?*_~" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def _text(content: str, near: Token) -> Token:
    made = near.copy(type="text", tag="", nesting=0, attrs={}, children=None, markup="", info="")
    made.content = content
    return made


def _tag(kind: str, nesting: int, near: Token, attrs: dict[str, str | int | float]) -> Token:
    made = _text("", near)
    made.type, made.tag, made.attrs = kind, "a", attrs
    made.nesting = 1 if nesting > 0 else -1
    return made
