"""What the verbs share: the prompt that goes out, where files are kept, what errors add."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import catalogue, media, prompt
from ..errors import CommandError, Interrupted, MaybeCharged, MediaError, PromptError, ZaiError
from ..journal import Record
from ..options import Common
from ..orders import Order
from ..types import Json, Progress, Request
from ..wire import media as wire

if TYPE_CHECKING:
    from ..attach import Attachment
    from ..session import Session

T = TypeVar("T")
EXPECTED = {"image": 15.0, "video": 90.0}
SANDBOX_EXPECTED = 4.0
ANEW = "--again in the cell buys it anew"
_NO_PROMPT = "there is no prompt: write it after the options, or in the cell's body"
MAYBE_CHARGED = (
    "an order for this was sent, and nothing is known of it: it may have been made and charged; "
    f"look at your bill on z.ai; {ANEW}"
)


def expanded(
    session: Session,
    text: str,
    options: Common,
    names: Mapping[str, Any],
    attach: tuple[str, ...] = (),
) -> str:
    """The prompt as it goes out. Raises PromptError when there is nothing to send."""
    return _sendable(session, text if options.raw else prompt.expand(text, names), attach)


def composed(
    session: Session,
    text: str,
    options: Common,
    names: Mapping[str, Any],
    attach: tuple[str, ...] = (),
) -> tuple[str, list[Attachment]]:
    """As `expanded`, and the images that stand in the prompt as `{{ figure }}`."""
    said, inserted = (text, []) if options.raw else prompt.compose(text, names)
    for one in inserted:
        no_key(session, f"{one.text} {one.url}")
    return _sendable(session, said, attach), inserted


def _sendable(session: Session, said: str, attach: tuple[str, ...]) -> str:
    """The prompt, if it is one. Raises PromptError."""
    if not said.strip() and not attach:
        raise PromptError(_NO_PROMPT)
    no_key(session, said)
    return said


def no_key(session: Session, text: str) -> None:
    """Raises PromptError for a text that holds the key, as `{{ os.environ }}` does."""
    if session.connection.holds_key(text):
        raise PromptError("the prompt holds your API key; take it out, nothing was sent")


def target(session: Session, save: str | None, said: str) -> Path:
    """Where a file is kept, its suffix aside: `--save`, or `zai_media/` beside the notebook.

    What the sandbox made says so in its name.
    """
    mark = "sandbox-" if session.connection.endpoint().sandbox else ""
    name = mark + media.stem(said)
    if not save:
        return session.folder() / "zai_media" / name
    path = Path(save).expanduser()
    if save.endswith(("/", os.sep)) or path.is_dir():
        return path / name
    return path.with_name(mark + path.name)


def progress(session: Session, what: str, model: str, said: str) -> Progress:
    """The first snapshot of an image or video."""
    sandbox = session.connection.endpoint().sandbox
    expected = SANDBOX_EXPECTED if sandbox else EXPECTED[what]
    return Progress(
        what, model, said, session.connection.price(model), 0.0, expected, sandbox=sandbox
    )


FREE_HERE = "the sandbox charges nothing"


def dry_run(
    session: Session, path: str, order: Order, pieces: int, stored: int, again: bool
) -> Request:
    """What a paid request would send and cost at the service; of the pieces so many have been
    bought before.
    """
    body, missing = order.body, max(0, pieces - stored)
    price = catalogue.each(body["model"])
    total = catalogue.dollars(None if price is None else price * missing)
    there = f"{pieces - missing} of {pieces} stored, free" if stored else ""
    buy = f"{missing} to buy: {total}" if missing else ""
    needed = None if price is None else price * wire.asked_for(body)  # one is sent after another
    left = session.budget.said(needed if missing else 0.0)
    free = FREE_HERE if missing and session.connection.is_free() else ""
    known = missing and not again
    recorded = session.replay.foretold(session.orders.asked(order)) if known else ""
    words = "; ".join(filter(None, (buy, free, there, recorded, left)))
    return Request(session.connection.endpoint().url + path, body, 0, words)


def given(params: Json) -> Json:
    """Without what was not said."""
    return {name: value for name, value in params.items() if value is not None}


def buy(
    session: Session,
    order: Order,
    send: Callable[[], T],
    facts: Callable[[T], tuple[Json, str]],
    after: int | None,
) -> tuple[int, T]:
    """Send an order, once, and write down what becomes of it before anything is shown.

    Gives its number in the journal and the answer; `facts` is what to keep of an answer, and the
    job's id; `after` is as for `Orders.begin`. Raises MaybeCharged when the answer was lost,
    Interrupted when it was stopped.
    """
    if after is not None and order.key in session.lost:
        raise MaybeCharged(MAYBE_CHARGED, outcome="refused")
    if after is not None:
        _known(session)
    with _held(session, order):
        answer: T | None = None
        number, sent = 0, False
        orders = session.orders

        def taken(made: T) -> int:
            kept = facts(made)
            return _told(session, order, number, lambda n: orders.submitted(n, *kept))

        def lost(why: str) -> None:
            _told(session, order, number, lambda n: orders.unknown(n, why))

        try:
            number = orders.begin(order, after)
            sent = True
            answer = send()
            number = taken(answer)
        except KeyboardInterrupt:
            number = number or orders.begin(order, again=True)
            if not sent:
                orders.cancel(number)
                raise Interrupted("stopped; nothing was ordered", outcome="unsent") from None
            if answer is None:
                lost("stopped on its way")
                raise Interrupted(MAYBE_CHARGED) from None
            number = taken(answer)
            session.spent.add(order.total)
            raise Interrupted(
                f"stopped; it is ordered and paid for: {fetch_again(number)}"
            ) from None
        except MaybeCharged as error:
            lost(str(error).partition(" - ")[0])
            raise MaybeCharged(f"{error}; {ANEW}") from None
        except ZaiError:
            orders.cancel(number)
            raise
        session.spent.add(order.total)
        return number, answer


@contextmanager
def _held(session: Session, order: Order) -> Iterator[None]:
    """The price is set aside meanwhile; what was not certainly unsent counts as spent."""
    held = session.budget.piece(order.body["model"], order.total)
    try:
        yield
    except (ZaiError, Interrupted) as error:
        if error.outcome != "unknown":
            session.budget.release(held)
        raise
    finally:
        session.budget.settle(held, order.total)


def _told(session: Session, order: Order, number: int, tell: Callable[[int], bool]) -> int:
    """Write down what became of an order, anew where its row is gone; gives its number, 0 where
    the journal is of no use. Then it is remembered here, until its file is there.
    """
    if number and not tell(number):
        number = session.orders.begin(order, again=True)
        number = number if number and tell(number) else 0
    if not number:
        session.lost.add(order.key)
    return number


def _known(session: Session) -> None:
    """Raises CommandError, once, where what was bought before is no longer known."""
    if session.journal.store.begun_anew():
        raise CommandError(
            "the journal was broken and a new one was begun, so what this notebook has bought is "
            "not known, and nothing was ordered; run the cell again to buy it"
        )


def fetch_again(number: int) -> str:
    """How to get what was paid for, of an order with this number in the journal (0: none)."""
    if number:
        return "run the cell again to fetch it, or --again buys it anew"
    return f"without a journal it cannot be fetched by running the cell again; {ANEW}"


def no_unknown(had: Sequence[Record]) -> None:
    """Raises MaybeCharged for an order whose answer was lost: another must be asked for."""
    for record in had:
        if record.state in ("unknown", "submitting"):
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.at))
            raise MaybeCharged(
                f"order #{record.id} for this {record.kind}, of {when}, got no answer: it may have "
                f"been made and charged. Look at your bill on z.ai; {ANEW}, "
                f"%zai log --forget {record.id} forgets the order",
                outcome="refused",
            )


def paid_for(error: ZaiError, hint: str) -> ZaiError:
    """An error after the money was spent: it says how to get what was paid for."""
    return MediaError(f"{error} - {hint}", outcome=error.outcome)
