"""`code` and `fix`: chats of which only the code is wanted."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..conversation import Place
from ..errors import PromptError
from ..failure import Failure, told
from ..options import ChatOptions
from ..types import Code, Draft, Fix, Reply, Request
from . import chat

if TYPE_CHECKING:
    from ..session import Session

INSTRUCTIONS = (
    "You write Python for a cell of a Jupyter notebook. Answer with code only: one fenced Python "
    "block, no explanation, no second block. The variables that are described to you exist "
    "already; do not load or define them again."
)


def written(
    session: Session,
    text: str,
    options: ChatOptions,
    place: Place | None,
    names: Mapping[str, Any],
) -> Generator[Draft | Code | Request, None, None]:
    """Drafts, then the code; its turn is one of the conversation like a chat's."""
    own = options.system if options.system is not None else _system(session, options, place)
    asked = replace(
        options,
        system="\n\n".join(filter(None, (own, INSTRUCTIONS))),
        attach=tuple(_known(given, names) for given in options.attach),
    )
    for snapshot in chat.turn(session, text, asked, place, names):
        yield Code(snapshot) if isinstance(snapshot, Reply) else snapshot


def fixed(
    session: Session, failure: Failure, words: str, options: ChatOptions, place: Place | None
) -> Generator[Draft | Fix | Request, None, None]:
    """Drafts, then what was wrong and the corrected cell. It is a turn of no conversation: the
    cell and the error are all that is sent. `place` is the cell that asks.
    """
    asked = replace(options, alone=True, raw=True)
    for snapshot in chat.turn(session, told(failure, words), asked, place, {}):
        yield Fix(snapshot, failure.source) if isinstance(snapshot, Reply) else snapshot


def _known(given: Any, names: Mapping[str, Any]) -> Any:
    """What `-a` gives: of a variable that cannot be attached its name and type."""
    from .. import attach

    if not isinstance(given, str) or given not in names:
        return given
    try:
        return attach.attachment(given, names)
    except PromptError:
        return attach.named(names[given], given)


def _system(session: Session, options: ChatOptions, place: Place | None) -> str:
    if options.alone:
        return ""
    return session.conversations.home(place, options.conversation).system
