"""What the verbs share: the prompt that goes out, where files are kept, what errors add."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import catalogue, media, prompt
from ..errors import MediaError, PromptError, ZaiError
from ..options import Common
from ..types import Json, Progress, Request

if TYPE_CHECKING:
    from ..session import Session

EXPECTED = {"image": 15.0, "video": 90.0}
SANDBOX_EXPECTED = 4.0
MAYBE_CHARGED = (
    "stopped while the order was on its way: it may have been made and charged; "
    "look at your bill on z.ai before you run the cell again"
)


def expanded(
    session: Session,
    text: str,
    options: Common,
    names: Mapping[str, Any],
    attach: tuple[str, ...] = (),
) -> str:
    """The prompt as it goes out. Raises PromptError when there is nothing to send."""
    said = text if options.raw else prompt.expand(text, names)
    if not said.strip() and not attach:
        raise PromptError("there is no prompt: write it after the options, or in the cell's body")
    no_key(session, said)
    return said


def no_key(session: Session, text: str) -> None:
    """Raises PromptError for a text that holds the key, as `{{ os.environ }}` does."""
    if session.holds_key(text):
        raise PromptError("the prompt holds your API key; take it out, nothing was sent")


def target(session: Session, save: str | None, said: str) -> Path:
    """Where a file is kept, its suffix aside: `--save`, or `zai_media/` beside the notebook.

    What the sandbox made says so in its name.
    """
    mark = "sandbox-" if session.endpoint().sandbox else ""
    name = mark + media.stem(said)
    if not save:
        return session.folder() / "zai_media" / name
    path = Path(save).expanduser()
    if save.endswith(("/", os.sep)) or path.is_dir():
        return path / name
    return path.with_name(mark + path.name)


def progress(session: Session, what: str, model: str, said: str) -> Progress:
    """The first snapshot of an image or video."""
    sandbox = session.endpoint().sandbox
    expected = SANDBOX_EXPECTED if sandbox else EXPECTED[what]
    return Progress(what, model, said, session.price(model), 0.0, expected, sandbox=sandbox)


def dry_run(session: Session, path: str, body: Json, pieces: int = 1) -> Request:
    """What a paid request would send and cost."""
    price = session.price(body["model"])
    total = catalogue.dollars(None if price is None else price * pieces)
    times = f" for {pieces} pieces" if pieces > 1 else ""
    return Request(session.endpoint().url + path, given(body), 0, total + times)


def given(params: Json) -> Json:
    """Without what was not said."""
    return {name: value for name, value in params.items() if value is not None}


def paid_for(error: ZaiError, hint: str) -> ZaiError:
    """An error after the money was spent: it says how to get what was paid for."""
    return MediaError(f"{error} - {hint}", outcome=error.outcome)
