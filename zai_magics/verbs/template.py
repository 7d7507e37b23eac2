"""A prompt over rows: which columns it names, and what each row is asked."""

from __future__ import annotations

import builtins
import difflib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import frames, prompt
from ..errors import CommandError, PromptError, ZaiError, one_line
from ..options import MapOptions
from ..types import Json
from ..wire import chat as wire
from .common import composed, given, no_key
from .parameters import chosen_model, request_params, wanted_schema
from .question import Question
from .results import COST, ERROR, MS, fields

if TYPE_CHECKING:
    from ..session import Session

ROW = "row"


class Template:
    """`template.questions(df)` gives a question or an error for each row, the same question where
    rows ask the same.
    """

    def __init__(
        self, session: Session, text: str, options: MapOptions, names: Mapping[str, Any]
    ) -> None:
        self._session, self._text, self._options, self._names = session, text, options, names
        self.wanted = wanted_schema(options, names)
        taken = next((name for name in (ERROR, COST, MS) if name in fields(self.wanted)), None)
        if taken is not None:
            raise CommandError(f"map has a column {taken} of its own; call the field otherwise")
        self.note = ""
        self._system = options.system or ""
        if self.wanted:
            from .. import schema

            told = schema.instructions(self.wanted)
            self._system = "\n\n".join(filter(None, (self._system, told)))
        no_key(session, self._system)
        # What is nothing but a column: one that is missing there is no question.
        self._bare = set() if options.raw else prompt.bare_names(text)
        self._params_of = lru_cache(lambda model: self._params(model))

    def used(self, frame: Any) -> list[Any]:
        """The columns that it names. Raises CommandError where there are none, which would ask the
        same of every row.
        """
        columns = frames.columns(frame)
        said = set() if self._options.raw else prompt.names(self._text)
        if ROW in said and ROW not in columns:
            return columns
        found = [c for c in columns if c in said]
        self._check(columns, bool(found))
        return found

    def _check(self, columns: Sequence[Any], found: bool) -> None:
        """Raises CommandError where the prompt names what is nowhere, or no column."""
        known = {*map(str, columns), *self._names, ROW, *dir(builtins)}
        unknown = next((name for name in sorted(self._bare) if name not in known), None)
        if found and unknown is None:
            return
        shown = ", ".join(map(_in_braces, columns[:4])) or "{{ column }}"
        more = ", …" if len(columns) > 4 else ""
        if unknown is not None:
            near = difflib.get_close_matches(unknown, [*map(str, columns), *self._names], 1, 0.6)
            meant = f"did you mean {near[0]}?" if near else f"the columns are {shown}{more}"
            raise CommandError(f"there is no column and no variable {unknown} here; {meant}")
        what = "{{ is not closed by }}" if self._text.count("{{") > self._text.count("}}") else ""
        raise CommandError(f"{what or 'the prompt names no column'}; write one as {shown}{more}")

    def questions(
        self, frame: Any, places: Sequence[int], part: bool = False
    ) -> list[Question | ZaiError]:
        """What these rows ask. Raises the first error where every row of a whole frame has one."""
        used = self.used(frame)
        rows = frames.rows(frames.taken(frame, places), used)
        known: dict[str, Question] = {}
        made: list[Question | ZaiError] = []
        for row in rows:
            try:
                made.append(self._question(row, known))
            except PromptError as error:
                made.append(error)
        errors = [one for one in made if isinstance(one, ZaiError)]
        if errors and len(errors) == len(made) and not part:
            raise errors[0]
        return made

    def _question(self, row: dict[Any, Any], known: dict[str, Question]) -> Question:
        missing = [c for c in row if row[c] is None and c in self._bare]
        if missing:
            raise PromptError(f"{one_line(str(missing[0]), 60)} is missing")
        bare = [c for c in row if c in self._bare]
        if bare and all(isinstance(row[c], str) and not row[c].strip() for c in bare):
            raise PromptError(f"{one_line(str(bare[0]), 60)} is empty")
        names = {**self._names, ROW: row, **{c: v for c, v in row.items() if isinstance(c, str)}}
        said, attached = composed(self._session, self._text, self._options, names)
        user = wire.user_content(said, attached)
        as_text = user if isinstance(user, str) else json.dumps(user)
        if as_text not in known:
            known[as_text] = self._made(user)
        return known[as_text]

    def _made(self, user: Any) -> Question:
        model, self.note = chosen_model(self._session, self._options, user, ())
        system = [{"role": "system", "content": self._system}] if self._system else []
        messages = [*system, {"role": "user", "content": user}]
        return Question(model, messages, self._params_of(model), self.wanted)

    def _params(self, model: str) -> Json:
        made = given(request_params(self._options, None, self.wanted, model, model))
        no_key(self._session, json.dumps(made, ensure_ascii=False, default=str))
        return made


def _in_braces(column: Any) -> str:
    """How a prompt names a column."""
    plain = isinstance(column, str) and column.isidentifier()
    return f"{{{{ {column} }}}}" if plain else f"{{{{ row[{column!r}] }}}}"
