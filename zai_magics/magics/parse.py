"""Text of a line or cell -> a command, its options and the prompt, byte for byte.

Options stand left of the prompt: they end at the first other word or at `--`.
"""

from __future__ import annotations

import json
import keyword
import re
from typing import Any, NamedTuple

from ..errors import CommandError, one_line
from ..secret import looks_like_key
from .grammar import COMMANDS, Command, Option, nearest, other

_WORD = re.compile(r"\S+")
_BLANK = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.S)
_BRACES = re.compile(r"\{\{.*?\}\}\S*", re.S)
_NUMBER = re.compile(r"[\d.]+\Z")
_ESCAPED = re.compile(r"\\([\"'\\])")


# What a request is made of; a model has its own option.
_NOT_PARAMETERS = {"messages", "model", "prompt", "self"}


class Parsed(NamedTuple):
    """A typed command: its name, the options that were said, and its words."""

    command: str
    options: dict[str, Any]
    text: str


def parse(line: str, body: str | None = None) -> Parsed:
    """`parse("chat -t 0 Hi?")` is `Parsed("chat", {"temperature": 0.0}, "Hi?")`.

    `body` is a cell's text below its first line; a cell without a command is a chat.
    Raises CommandError for what does not exist, with the nearest name; nothing is guessed.
    """
    if looks_like_key(line):
        raise CommandError("a key does not belong in a cell; %zai login asks for it, hidden")
    name, start = _command(line, body is not None)
    command = COMMANDS[name]
    options, at, free = _options(command, line, start)
    if command.words.startswith("DF"):
        options["frame"], at = _frame(line, at)
        more, at, free = _options(command, line, at) if not free else ({}, _skip(line, at), True)
        options = {**options, **more}
    words = line[at:]
    if not free:
        _no_late_options(command, words)
    if not command.words and words.strip():
        raise CommandError(f"%zai {name} takes no words; see %zai help {name}")
    return Parsed(name, options, _text(words, body))


def _frame(line: str, at: int) -> tuple[str, int]:
    """The expression that names the DataFrame, quoted where there are blanks in it."""
    at = _skip(line, at)
    if at == len(line):
        raise CommandError("%zai map takes a DataFrame first: %zai map df … {{ column }}")
    return _value(line, at, "map")


def _text(words: str, body: str | None) -> str:
    """The words and the body; the newline that IPython puts after a body is not the user's."""
    if body is None:
        return words
    body = body.removesuffix("\n")
    return f"{words}\n{body}" if words.strip() and body else (words if words.strip() else body)


def _command(line: str, cell: bool) -> tuple[str, int]:
    start = _skip(line, 0)
    word = _WORD.match(line, start)
    if word is None or word.group().startswith("-"):
        if cell:
            return "chat", start
        raise CommandError("%zai takes a command first, such as %zai chat; see %zai help")
    name = word.group()
    if name in COMMANDS:
        return name, word.end()
    raise CommandError(
        f"there is no command {one_line(name, 40)!r}{nearest(name, list(COMMANDS))}; "
        "see %zai help, or write %zai chat before the prompt"
    )


def _options(command: Command, line: str, at: int) -> tuple[dict[str, Any], int, bool]:
    """The options, where the words begin, and whether a `--` set them free."""
    known = {flag: option for option in command.options for flag in option.flags}
    said: dict[str, Any] = {}
    while True:
        at = _skip(line, at)
        word = _WORD.match(line, at)
        if word is None or not word.group().startswith("-") or word.group() == "-":
            return said, at, False
        if word.group() == "--":
            return said, _skip(line, word.end()), True
        option, flag, rest = _find(command, known, word.group())
        if option.kind == "flag":
            if rest:
                raise CommandError(f"{flag} takes no value")
            said[option.name], at = True, word.end()
            continue
        start = at + len(word.group()) - len(rest)
        start = start if rest else _skip(line, word.end())
        following = _WORD.match(line, start)
        if not rest and (following is None or following.group() in known):
            raise CommandError(f"{flag} needs a value: {flag} {option.value}")
        text, at = _value(line, start, flag)
        _put(said, option, flag, text)


def _find(command: Command, known: dict[str, Option], word: str) -> tuple[Option, str, str]:
    """The option that a word names, its flag, and what is glued to it (`--x=1`, `-n4`)."""
    flag, equals, rest = word.partition("=")
    if flag in known and (equals or not rest):
        if equals and not rest:
            raise CommandError(f"{flag}= has no value")
        return known[flag], flag, rest
    if not word.startswith("--") and word[:2] in known and known[word[:2]].kind != "flag":
        return known[word[:2]], word[:2], word[2:]
    if command.name == "budget" and _NUMBER.fullmatch(word, 1):
        raise CommandError("a budget is 0 US dollars or more, such as 2.00")
    raise CommandError(
        f"%zai {command.name} has no option {one_line(flag, 40)}{other(command, flag)}; "
        f"see %zai help {command.name}{_or_free(command)}"
    )


def _value(line: str, at: int, flag: str) -> tuple[str, int]:
    quoted = _QUOTED.match(line, at)
    if quoted:
        if line[quoted.end() : quoted.end() + 1].strip():
            raise CommandError(f"a blank belongs behind the quoted value of {flag}")
        inner = quoted.group(1) if quoted.group(1) is not None else quoted.group(2)
        return _ESCAPED.sub(r"\1", inner), quoted.end()
    if line.startswith(("'", '"'), at):
        raise CommandError(f"the quote after {flag} is not closed")
    word = _BRACES.match(line, at) or _WORD.match(line, at)
    assert word is not None
    if flag == "--schema" and word.group().endswith(","):
        shown = one_line(word.group(), 40)
        raise CommandError(f"--schema {shown} is a schema that ends with a comma: put it in quotes")
    return word.group(), word.end()


def _put(said: dict[str, Any], option: Option, flag: str, text: str) -> None:
    if option.kind == "texts":
        said[option.name] = (*said.get(option.name, ()), text)
    elif option.kind == "pair":
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise CommandError(f"{flag} takes NAME=VALUE, not {one_line(text, 40)!r}")
        check_parameter(name)
        said[option.name] = {**said.get(option.name, {}), name: _json_or_text(value)}
    else:
        said[option.name] = _converted(option, flag, text)


def check_parameter(name: str) -> None:
    """Raises CommandError for a `--param` that a request is made of."""
    if name in _NOT_PARAMETERS:
        raise CommandError(f"--param {name}= would replace what the command itself sends")


def _converted(option: Option, flag: str, text: str) -> Any:
    if option.kind == "choice" and text not in option.choices:
        raise CommandError(f"{flag} takes {', '.join(option.choices)}; not {one_line(text, 40)!r}")
    if option.kind in ("int", "float"):
        try:
            return int(text) if option.kind == "int" else float(text)
        except ValueError:
            what = "a whole number" if option.kind == "int" else "a number"
            raise CommandError(f"{flag} takes {what}, not {one_line(text, 40)!r}") from None
    if option.name == "out" and (not text.isidentifier() or keyword.iskeyword(text)):
        raise CommandError(f"{flag} takes a variable's name, not {one_line(text, 40)!r}")
    return text


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _no_late_options(command: Command, words: str) -> None:
    """A known option inside the words is an error, never half obeyed."""
    known = {flag: option for option in command.options for flag in option.flags}
    for word in _WORD.findall(words):
        if word.partition("=")[0] in known or _is_glued_number(word, known):
            raise CommandError(
                f"{one_line(word, 40)} stands inside {_words(command)}: move it left"
                f"{_or_free(command)}"
            )


def _words(command: Command) -> str:
    """What a command's words are called."""
    prompt = command.words.endswith("PROMPT")
    return "the prompt" if prompt else f"the {command.words.strip('[]').lower()}"


def _or_free(command: Command) -> str:
    return f", or put -- before {_words(command)}" if command.words else ""


def _is_glued_number(word: str, known: dict[str, Option]) -> bool:
    """Whether a word is `-n4` or `-t0.2`; other glued values are too much like prose."""
    option = known.get(word[:2])
    return option is not None and option.kind in ("int", "float") and bool(_NUMBER.match(word, 2))


def _skip(line: str, at: int) -> int:
    found = _BLANK.match(line, at)
    return found.end() if found else at
