"""A conversation as a script for the official SDK: its literals are exact, and it runs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from zai_magics import defaults, export
from zai_magics.conversation import Conversation, Turn
from zai_magics.export.script import literal
from zai_magics.sandbox import Sandbox

WORDS = st.lists(
    st.sampled_from(["a", "word ", " ", "\n", "x" * 90, "\\", "'", '"""', "\r", "\ud800"])
)
TEXTS = st.text(st.characters()) | WORDS.map("".join) | st.sampled_from(list(HOSTILE.values()))
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)
IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
HARD = [
    *(
        "What is a mean?",
        "two\nlines",
        'say """this""" and \'that\'\\',
        "nul \x00 \x1b[31m \r\n \x7f",
    ),
    *(
        "\u2028 \u202e \x85 \u00a0 \U0001f600 é 漢字",
        "</script> --> ``` {{ x }} {x} %s",
        "# zai\\N{DASH}",
    ),
    "A long question with many words, such as one would write it in a notebook's cell. " * 9,
]


def conversation(*turns: Turn, system: str = "") -> Conversation:
    made = Conversation("main", system)
    for turn in turns:
        made = made.with_turn(turn)
    return made


def script(folder: Path, *turns: Turn, system: str = "") -> Path:
    """The script of these turns."""
    return export.write(conversation(*turns, system=system), folder / "talk.py")


def requests(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the script asks an SDK that sends nothing and answers "fine"."""
    asked: list[dict[str, Any]] = []

    def create(**more: Any) -> Any:
        asked.append({**more, "messages": list(more["messages"])})
        said = SimpleNamespace(content="fine")
        return SimpleNamespace(choices=[SimpleNamespace(message=said)])

    fake: Any = ModuleType("zai")
    completions = SimpleNamespace(create=create)
    fake.ZaiClient = lambda **_: SimpleNamespace(chat=SimpleNamespace(completions=completions))
    monkeypatch.setitem(sys.modules, "zai", fake)
    monkeypatch.setenv("ZAI_API_KEY", "sandbox")
    exec(compile(path.read_bytes(), "talk.py", "exec"), {})
    return asked


@given(text=TEXTS, depth=st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_a_literal_is_exactly_its_text(text: str, depth: int) -> None:
    source = literal(text, depth)
    assert ast.literal_eval(source) == text
    assert source.replace("\n", "").isprintable()


def test_a_short_prompt_is_one_line_and_a_long_one_many() -> None:
    assert literal("Hi\nthere") == "'Hi\\nthere'"
    assert literal("one line here\n" * 5).count("\n") == 6
    long = literal("some words " * 60)
    assert max(map(len, long.splitlines())) < 100 and long.count("\n") > 7


def test_the_script_asks_the_same_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"temperature": 0, "stream": True, "top_p": None, "class": 1, "content": "c", "ﬁ": 2}
    parts = (IMAGE, {"type": "text", "text": "Which?"})
    turns = [Turn(text, "old", "glm-4.6", params=params) for text in (*HARD, *HOSTILE.values())]
    path = script(tmp_path, *turns, Turn(parts, "a dot"), system=HOSTILE["surrogates"])
    asked = requests(path, monkeypatch)
    wanted = [*(turn.user for turn in turns), list(parts)]
    assert [a["messages"][-1]["content"] for a in asked] == wanted
    assert asked[-1]["messages"][0] == {"role": "system", "content": HOSTILE["surrogates"]}
    assert {m["content"] for m in asked[-1]["messages"][2::2]} == {"fine"}
    sent = {"temperature": 0, "class": 1, "content": "c", "ﬁ": 2}
    assert all(a["extra_body"] == sent and a["model"] == "glm-4.6" for a in asked[:-1])
    assert asked[-1]["model"] == defaults.CHAT and asked[-1]["extra_body"] == {}
    assert "the SDK cannot send" in path.read_text("utf-8")


@pytest.mark.parametrize("key", [None, ""])
def test_the_script_without_a_key_says_which_variable_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    path = script(tmp_path, Turn("Hi", "Ho", "glm-4.6"))
    monkeypatch.setitem(sys.modules, "zai", SimpleNamespace(ZaiClient=None))
    monkeypatch.delenv("ZAI_API_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("ZAI_API_KEY", key)
    with pytest.raises(SystemExit, match="ZAI_API_KEY is not set: set it"):
        exec(compile(path.read_bytes(), "talk.py", "exec"), {})


def test_the_script_runs_with_the_official_sdk(tmp_path: Path) -> None:
    pytest.importorskip("zai")
    turns = [Turn(text, "old", "glm-4.6", params={"temperature": 1.0}) for text in HARD]
    parts = (IMAGE, {"type": "text", "text": "Which?"})
    path = script(tmp_path, *turns, Turn(parts, "", "glm-4.6v"), system="Be\nshort.")
    assert "cannot send" not in path.read_text("utf-8")
    hidden = ("ZAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environ = {k: v for k, v in os.environ.items() if not k.upper().startswith(hidden)}
    with Sandbox(pace=0) as sandbox:
        more = {"ZAI_API_KEY": "sandbox", "ZAI_BASE_URL": sandbox.base_url}
        done = subprocess.run(
            [sys.executable, str(path)],
            env={**environ, **more, "PYTHONIOENCODING": "ascii"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        bodies = [line["body"] for line in sandbox.ledger if line["body"]]
    assert done.returncode == 0, done.stderr
    assert [body["messages"][-1]["content"] for body in bodies[:-1]] == HARD
    assert bodies[-1]["messages"][-1]["content"][1] == parts[1]
    assert [m["role"] for m in bodies[-1]["messages"]] == [
        "system",
        *["user", "assistant"] * len(HARD),
        "user",
    ]
    assert all(body["temperature"] == 1.0 for body in bodies[:-1]), "the SDK alone makes it 0.99"
    assert done.stdout.count("Sandbox: a scripted answer") == len(HARD) + 1
