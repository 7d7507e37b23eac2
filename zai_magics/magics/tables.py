"""What the commands about the state show: where you stand, models, help."""

from __future__ import annotations

from collections.abc import Sequence

from .. import catalogue
from ..errors import CommandError, ZaiError
from ..session import Session
from ..text import plural
from ..types import Model, Table
from .grammar import COMMANDS, nearest


def status(session: Session) -> Table:
    """`%zai` alone: endpoint, where the key came from, models, conversation, spend, next steps."""
    rows = [
        ("endpoint", _endpoint(session)),
        ("key", _key(session)),
        ("models", _models(session)),
        ("conversation", _conversation(session)),
        ("spent", spent(session)),
    ]
    replay, left = session.replay, _left(session)
    if replay.mode != "off":
        where = replay.pack.pack if replay.pack else "the journal"
        rows.append(("replay", f"{replay.mode}, from {where}{replay.pace}"))
    rows += [("budget", left)] if left else []
    rows += [("jobs", jobs)] if (jobs := _jobs(session)) else []
    rows.append(("journal", str(session.journal.store.path)))
    return Table(("", ""), tuple(rows), "", _next_step(session))


def models(found: Sequence[Model], note: str, defaults: Sequence[str]) -> Table:
    """`%zai models`; the defaults are marked, and what a file of the user's says."""
    mine = catalogue.own().models
    rows = [
        (
            m.id,
            f"{m.kind}, default" if m.id in defaults else m.kind,
            _thousands(m.context),
            _thousands(m.max_output),
            (m.price or "price unknown") + " (yours)" * (m.id in mine),
            "yes" if m.listed else "",
        )
        for m in found
    ]
    dated = (
        f"{catalogue.prices_of()}; listed: in the service's own list, which names chat "
        "models only; other ids are passed on as they are"
    )
    columns = ("model", "kind", "context", "max output", "price (USD)", "listed")
    notes = (note, catalogue.own().problem, dated)
    return Table(columns, tuple(rows), "", "; ".join(filter(None, notes)))


def help(name: str) -> Table:
    """`%zai help`, `%zai help chat`, `%zai chat?`. Raises CommandError for another name."""
    if not name:
        rows = tuple((f"%zai {c.name} {c.words}".rstrip(), c.help) for c in COMMANDS.values())
        note = (
            "%%zai alone is %%zai chat; the prompt is the cell's body. "
            "{{ expression }} inserts a value. %zai help COMMAND shows its options."
        )
        return Table(("", ""), rows, "", note)
    if name not in COMMANDS:
        close = nearest(name, list(COMMANDS))
        raise CommandError(f"there is no command {name!r}{close}; see %zai help")
    command = COMMANDS[name]
    rows = tuple(
        (", ".join(o.flags) + (f" {o.value}" if o.value else ""), _what(o.help, o.choices))
        for o in command.options
    )
    title = f"%zai {name} {'[options] ' * bool(rows)}{command.words}".rstrip() + f": {command.help}"
    return Table(("", ""), rows, title, command.example)


def spent(session: Session) -> str:
    """What this kernel has spent: `$0.0123 in 4 calls since the kernel started`."""
    spent = session.spent
    unknown = f", and {spent.unknown} of unknown price" if spent.unknown else ""
    amount = f"${spent.dollars:.4f}" if spent.dollars else "$0"
    return f"{amount} in {plural(spent.calls, 'call')}{unknown} since the kernel started"


def _thousands(tokens: int) -> str:
    """A size as the service's pages write it: 200K for 200,000 and for 204,800."""
    if not tokens:
        return ""
    return f"{tokens // (1024 if tokens % 1000 else 1000)}K"


def _what(words: str, choices: Sequence[str]) -> str:
    return f"{words}: {', '.join(choices)}" if choices else words


def _endpoint(session: Session) -> str:
    try:
        where = session.connection.endpoint()
    except ZaiError as error:
        return str(error)
    return f"{where.name} ({where.url})"


def _key(session: Session) -> str:
    try:
        if session.connection.endpoint().sandbox:
            return "none needed; yours is not sent to the sandbox"
        found = session.connection.found_key()
    except ZaiError as error:
        return str(error)
    return f"from {found.source}" if found else "none"


def _models(session: Session) -> str:
    s = session.settings
    return (
        f"chat {s.model} · vision {s.vision_model} · image {s.image_model} · video {s.video_model}"
    )


def _conversation(session: Session) -> str:
    now = session.conversation
    turns = plural(len(now.turns), "turn")
    others = [name for name in session.conversations.names() if name != now.name]
    more = f"; others: {', '.join(others)}" if others else ""
    return f"{now.name}, {turns}{', with a system prompt' * bool(now.system)}{more}"


def _jobs(session: Session) -> str:
    """What is under way here: ids to wait for, and how many nobody knows the end of."""
    unknown = [r for r in session.orders.under_way() if r.state != "submitted"]
    more = [f"{len(unknown)} unknown (%zai jobs)"] if unknown else []
    return ", ".join([*(f"{job} (%zai wait)" for job in session.open_jobs()), *more])


def _next_step(session: Session) -> str:
    if _key(session) == "none":
        return "next: %zai login asks for a key; %zai sandbox tries everything without one"
    return "next: %%zai chat, %zai image, %zai video; %zai help shows the rest"


def _left(session: Session) -> str:
    """What is left of the budget, or why that is not known."""
    try:
        return session.budget.said()
    except ZaiError as error:
        return str(error)
