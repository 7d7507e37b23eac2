"""The commands about conversations: history, new, use, fork, drop, system, restore, export."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import defaults, notebook, saved
from ..conversation import Conversation, Transcript
from ..errors import CommandError, one_line
from ..prompt import expand
from ..text import plural
from ..verbs.common import no_key
from .cells import cell_id
from .stage import Said, Stage, number


class Conversing(Stage):
    """They act on the session's conversations, and say in one line what they did."""

    def do_history(self, text: str, said: Said, names: Said, quiet: bool) -> Transcript:
        """The conversation as a transcript."""
        held = self.session.conversations
        found = Transcript(held.current, saved.gone(held.current, self.file()))
        return self._give(found, quiet)

    def do_new(self, text: str, *_: Any) -> None:
        """A new conversation."""
        held = self.session.conversations
        name, was = text.strip() or defaults.CONVERSATION, held.current
        left = held.new(name)
        said = f"a new conversation, {name!r}"
        if was.name != name and was.name in held.names():
            said += f"; you were in {was.name!r}, which stays"
        if left.turns:
            had = f"the {plural(len(left.turns), 'turn')} {name!r} had"
            said += f"; {had} stay{'s' * (len(left.turns) == 1)} in %zai log"
        self._say(said)

    def do_use(self, text: str, *_: Any) -> None:
        """Another conversation of this notebook."""
        held, name = self.session.conversations, text.strip()
        if not name:
            others = ", ".join(held.names())
            raise CommandError(f"%zai use takes a conversation's name; there are: {others}")
        there = held.names()
        if held.use(name) and name in there:
            self._say(f"conversation {name!r}: {plural(len(held.current.turns), 'turn')}")
            return
        names = [one for one in held.names() if one != name]
        are = f"; there are: {', '.join(names)}" if names else ""
        self._say(f"conversation {name!r}: new, there was none of this name{are}")

    def do_fork(self, text: str, *_: Any) -> None:
        """A copy of the conversation under another name."""
        held, name = self.session.conversations, text.strip()
        if not name:
            raise CommandError("%zai fork takes a name for the copy: %zai fork NAME")
        was = held.current.name
        if name == was:
            self._say(f"{name!r} is current already; it goes on as it is")
            return
        replaced = held.fork(name, saved.below(held, cell_id(self.shell), self.file()))
        turns = plural(len(held.current.turns), "turn")
        there = "; the earlier one of this name is left behind" if replaced else ""
        self._say(f"{name!r} is a copy of {was!r} with {turns}, and current{there}")

    def do_drop(self, text: str, *_: Any) -> None:
        """A turn taken back."""
        held = self.session.conversations
        turn = held.drop(number(text, "drop", "a turn's number (%zai history)"))
        about = turn.prompt.strip().partition("\n")[0][:60]
        left = plural(len(held.current.turns), "turn")
        self._say(f"dropped the turn “{about}”; {left} left")

    def do_system(self, text: str, said: Said, names: Said, _: bool) -> None:
        """The conversation's system prompt: set, shown or (off) removed."""
        held = self.session.conversations
        words = text if said.get("raw") else expand(text, names)
        if not words.strip():
            now = held.current
            about = f"system prompt of {now.name}: {now.system}"
            self._say(about if now.system else f"no system prompt in {now.name}")
            return
        no_key(self.session, words)
        system = "" if words.strip() == "off" else words
        home = held.set_system(system, self.cells.setting())
        here = held.current.name
        where = f", which this cell set before; you are in {here}" if home.name != here else ""
        self._say(f"system prompt of {home.name} {'set' if system else 'off'}{where}")

    def do_restore(self, text: str, said: Said, names: Said, _: bool) -> None:
        """Turns that only a notebook file carries: shown, then taken in."""
        own = self.file()
        path = self._path(text) if text.strip() else own
        if path is None:
            raise CommandError("which notebook this is is not known here: %zai restore FILE.ipynb")
        ours = own is not None and _same(path, own)
        held, file = self.session.conversations, one_line(path.name, 120)
        turns = notebook.turns(path)
        if said.get("dry_run"):
            groups = saved.by_conversation(turns, held.current.name if ours else "main")
            of = f" of {_each({name: len(group) for name, group in groups.items()})}"
            found = f"{plural(len(turns), 'turn')}{of if turns else ''}"
            note = f"{found} in {file}; nothing was taken in"
            self._show(Transcript(Conversation(file, "", turns), note=note))
            return
        if not turns:
            raise CommandError(f"{file} carries no turns of a conversation that were saved")
        taken = saved.restore(held, turns) if ours else saved.restore_other(held, turns, path.name)
        new, now = sum(taken.values()), held.current
        if not new:
            self._say(f"nothing to restore: the {plural(len(turns), 'turn')} of {file} are here")
            return
        here = "" if [*taken] == [now.name] else f"; you are in {now.name!r}"
        note = (
            f"{plural(new, 'turn')} from {file}, as the file has them, now in {_each(taken)}"
            f"{here}. %zai drop N takes one out, %zai new begins another"
        )
        self._show(Transcript(now if now.name in taken else held.named([*taken][-1]), note=note))

    def do_export(self, text: str, *_: Any) -> None:
        """The conversation as a file."""
        if not text.strip():
            raise CommandError("%zai export takes a file: .md, .html, .ipynb, .json or .py")
        path, own = self._path(text), self.file()
        if own is not None and _same(path, own):
            raise CommandError("this is the notebook itself; export takes another name")
        from .. import export  # with what it needs for each form

        kept = export.write(self.session.conversation, path)
        self._say(f"{plural(len(self.session.conversation.turns), 'turn')} written to {kept}")

    def _path(self, text: str) -> Path:
        """A file as the user names it, from the notebook's folder."""
        word = text.strip()
        if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
            word = word[1:-1]
        try:
            return self.folder() / Path(word).expanduser()
        except RuntimeError:
            raise CommandError("there is no home folder to be found for ~; name the path") from None


def _each(turns: Mapping[str, int]) -> str:
    """`'main' (2), 'side' (1)`, or `'main'` alone."""
    if len(turns) == 1:
        return repr(*turns)
    return ", ".join(f"{name!r} ({count})" for name, count in turns.items())


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()
