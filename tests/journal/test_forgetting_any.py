"""Whatever is forgotten of any journal: the others keep all that is theirs, nothing else stays."""

from __future__ import annotations

import os
import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from written import asked, replied

from zai_magics.journal import Journal
from zai_magics.types import Json

Said = tuple[list[Json], Json, list[Json], str]  # system, question, what followed it, answer


def said(role: str, content: str, **more: Any) -> Json:
    return {"role": role, "content": content, **more}


def tail(chance: random.Random) -> list[Json]:
    """A round of tools or a correction, the same ones again and again."""
    found: list[Json] = []
    if chance.random() < 0.4:
        own = chance.choice("xyz")
        call = {"id": own, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        result = said("tool", f"result {own}", tool_call_id=own)
        found += [said("assistant", f"calls {own}", tool_calls=[call]), result]
    if chance.random() < 0.2:
        wrong = chance.choice("pq")
        found += [said("assistant", f"wrong {wrong}"), said("user", f"correct {wrong}")]
    return found


def written(journal: Journal, chance: random.Random) -> dict[int, Said]:
    """Twelve calls: some in a conversation, with words that other calls have too."""
    calls: dict[int, Said] = {}
    context: list[Json] = []
    for _ in range(12):
        system = [said("system", chance.choice(["SYSTEM a", "SYSTEM b"]))] * chance.randrange(2)
        question, answer = said("user", f"q{chance.randrange(6)}"), f"a{chance.randrange(5)}"
        after = tail(chance)
        carried = [*system, *(context if chance.random() < 0.7 else []), question, *after]
        one = replace(asked(""), uid=os.urandom(16), messages=carried, after=len(after))
        with journal.write() as db:
            number = journal.calls.chat(db, one, replied(one, answer), "complete")
        calls[number] = (system, question, after, answer)
        if chance.random() < 0.7:
            context = [*context, question, said("assistant", answer)]
    return calls


@pytest.mark.parametrize("seed", range(25))
def test_what_is_left_is_whole_and_what_is_forgotten_is_gone(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with closing(Journal(tmp_path)) as journal:
        calls = written(journal, chance)
        for number in chance.sample(sorted(calls), 6):
            assert journal.forget(number)
            del calls[number]
            with journal.read() as db:
                for other, (system, question, after, answer) in calls.items():
                    record = journal.calls.get(db, other)
                    assert record is not None and record.reply == answer
                    messages = journal.texts.messages(db, record.asked)
                    assert messages[len(messages) - 1 - len(after) :] == [question, *after]
                    assert messages[: len(system)] == system
                texts = {text for (text,) in db.execute("select text from messages")}
            wanted = {m["content"] for s, q, t, _ in calls.values() for m in (*s, q, *t)}
            assert texts <= wanted | {answer for *_, answer in calls.values()} | {"(forgotten)"}
