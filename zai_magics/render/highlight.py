"""Code blocks: Pygments *classes*, which JupyterLab, Notebook and nbconvert colour.

They do it for light and dark alike; colours written inline are unreadable in one of the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from html import escape
from importlib import import_module
from itertools import groupby
from time import thread_time
from typing import Any

LONGEST = 100_000  # characters: what follows in the block has no colours

# A named set, because a lexer is a program: others are slow on text made for it, and the
# registry also loads whatever plug-ins are installed.
_NAMES = """
    ada asm awk bash basic bat c c++ cfg clojure cmake cobol console coq cpp crystal csharp
    c# css cuda cython d dart diff docker dockerfile dot elixir elm erlang fish
    fortran fsharp f# gleam glsl go golang graphql groovy haskell hcl hs html http ini java
    javascript jinja js json json5 jsx julia jl kotlin latex less lisp lean llvm lua
    makefile make markdown md mathematica matlab mojo nasm nginx nim nix objective-c
    objectivec ocaml octave pascal perl php pl postgresql powershell ps1 prolog
    properties proto protobuf py pycon pytb py3 python python3 qml r racket rb rest
    rst ruby rs rust s sas sass scala scheme scss sh shell solidity sparql sql sqlite3 stan
    stata swift systemverilog tcl terraform tex tf toml ts tsx typescript vb.net verilog vhdl
    vim xml yaml yml zig zsh
"""
_LANGUAGES = frozenset(_NAMES.split())
_SAME = {
    "ipython": "python",
    "ipython3": "python",
    "jupyter": "python",
    "jsonl": "json",
    "jsonc": "json",
    "patch": "diff",
    "gradle": "groovy",
}
# Lexers are built of regular expressions, most of which take quadratic time on some text: six
# thousand line breaks keep the one for C busy for a second. Such text is not code.
_NOT_CODE = re.compile(r"[^\n]{1000}|\s{120}")
_SECONDS, _SECONDS_A_CHARACTER = 0.05, 20e-6  # five times what usual code takes
_NAME = re.compile(r"[a-z0-9+-]{1,20}")
_CLASS = re.compile(r"[a-z0-9]{1,4}")

# Neutral, so that it shows on white and on black; a notebook that is not trusted loses any
# style that names a variable of the front-end.
_PRE = (
    "margin:.5em 0 1em;padding:.6em .8em;background:rgba(128,128,128,.07);overflow-x:auto;"
    "word-break:normal;overflow-wrap:anywhere"
)
_OPEN = f'<div class="highlight"><pre style="{_PRE}"><code style="background:none"'


def code_block(code: str, info: str = "", coloured: bool = True) -> str:
    """Return code as a block, coloured when `info` names a language that is known.

    code_block("x = 1", "python")   # <div class="highlight"><pre …><code … class="language-…
    """
    return opening(info) + (colours(code, info) if coloured else escape(code)) + CLOSING


def opening(info: str) -> str:
    """Return the tags in front of the code; the class names the language, if it is one name."""
    name = _language(info)
    return f'{_OPEN} class="language-{name}">' if _NAME.fullmatch(name) else f"{_OPEN}>"


CLOSING = "</code></pre></div>\n"


def colours(code: str, info: str, clock: Callable[[], float] = thread_time) -> str:
    """Return code as HTML text with a span for each coloured run.

    The language is looked up by name and never guessed. Unknown, or when its lexer fails, the
    code stays without colours; so does the rest, when the lexer has used up its time by `clock`
    (seconds of processor time). Not a character is lost in any case.
    """
    head, rest = code[:LONGEST], code[LONGEST:]
    try:
        lexer = None if _NOT_CODE.search(head) else _lexer(_language(info))
        shown = "".join(_spans(lexer, head, clock)) if lexer else escape(head)
    except Exception:  # a lexer is foreign code on foreign text: any failure costs only colours
        shown = escape(head)
    return shown + escape(rest)


def _language(info: str) -> str:
    words = info.split()
    name = words[0].lower().strip("{}.") if words else ""
    return _SAME.get(name, name)


@cache
def _lexer(name: str) -> Any:
    if name not in _LANGUAGES:
        return None
    # By name of module: Pygments is large and has no types of its own.
    by_name = import_module("pygments.lexers").get_lexer_by_name
    try:
        return by_name(name, stripnl=False, ensurenl=False)
    except import_module("pygments.util").ClassNotFound:
        return None  # an older Pygments than the list above


def _spans(lexer: Any, code: str, clock: Callable[[], float]) -> Iterator[str]:
    end = clock() + _SECONDS + len(code) * _SECONDS_A_CHARACTER
    pairs: list[tuple[str, str]] = []
    done = 0
    for kind, value in lexer.get_tokens(code):
        pairs.append((_class(kind), value))
        done += len(value)
        if clock() > end:
            pairs.append(("", code[done:]))
            break
    if "".join(value for _, value in pairs) != code:
        pairs = [("", code)]  # some lexers drop or add characters
    for name, run in groupby(pairs, key=lambda pair: pair[0]):
        text = escape("".join(value for _, value in run))
        yield f'<span class="{name}">{text}</span>' if name else text


@cache
def _class(kind: Any) -> str:
    names: dict[Any, str] = import_module("pygments.token").STANDARD_TYPES
    while kind not in names and kind.parent:
        kind = kind.parent
    name = names.get(kind, "")
    # Names, spaces and brackets are most of a text and have no colour of their own.
    return name if _CLASS.fullmatch(name) and name not in ("w", "n", "p", "err", "x") else ""
