"""Without a key both ways on are named; with one, it is never shown, sent astray or kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell_cells import Cells

from zai_magics.errors import CommandError, KeyMissing, PromptError

KEY = "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp"


def _parts() -> list[str]:
    return [KEY, *KEY.split(".")]


@pytest.mark.parametrize("line", ["chat hi", "image a cat", "video a bird", "wait 123"])
def test_without_a_key_one_line_names_both_ways_on(bare: Cells, line: str) -> None:
    ran = bare.run(f"%zai {line}")
    assert isinstance(ran.error, KeyMissing)
    assert "%zai login" in ran.out and "%zai sandbox" in ran.out
    assert len([one for one in ran.out.splitlines() if one.strip()]) == 1


def test_without_a_key_the_state_and_the_models_are_shown_all_the_same(bare: Cells) -> None:
    ran = bare.run("%zai")
    assert ran.ok and "%zai login" in ran.out and "%zai sandbox" in ran.out
    ran = bare.run("%zai models")
    assert ran.ok and "glm-4.7" in ran.out and "no key" in ran.out


@pytest.mark.parametrize(
    "cell",
    [
        f"%zai login {KEY}",
        f"%zai chat {KEY} hi",
        f"%zai chat -s {KEY} hi",
        f"%zai chat --param key={KEY} hi",
        f"%zai {KEY}",
        f"%zai help {KEY}",
        f"%zai sandbox {KEY}",
        f"%zai drop {KEY}",
        f"%zai wait {KEY}",
        f"%zai new {KEY}",
        f"%zai system {KEY}",
        f"%%zai chat {KEY}\nhi",
        f"%zai --key={KEY}",
        f"%zai chat --api-key {KEY} hi",
        f"x = %zai login '{KEY}'",
    ],
)
def test_a_key_typed_on_a_line_is_refused_and_not_repeated(cells: Cells, cell: str) -> None:
    ran = cells.run(cell)
    assert isinstance(ran.error, CommandError)
    assert "%zai login" in ran.out and ran.sent == []
    assert not any(part in ran.out for part in _parts())


@pytest.fixture
def keyed(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Cells:
    """A user with a key in the environment, on the sandbox."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    return cells


def test_the_key_is_never_sent_to_the_sandbox(keyed: Cells) -> None:
    sent: list[Any] = []
    for line in ("chat hi", "image cat", "video bird", "models", "chat [[error 401]] x"):
        sent += keyed.run(f"%zai {line}").sent
    assert len(sent) > 6
    assert not any(part in json.dumps(sent, default=str) for part in _parts())


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal", "Docs"])
@pytest.mark.parametrize(
    "code",
    [
        "%zai chat [[error 1301]] x",
        "%zai chat {{ nope }}",
        "%zai image [[status 500]] x",
        "def f():\n    k = zai.session.connection.found_key()\n    %zai chat [[error 1000]] x\nf()",
        "zai.session.connection.client().chat('[[status 400]] x')",
        "zai.session.connection.client().nope",
        "zai.session.connection.client().network.nope",
        "zai.session.connection.found_key().nope",
        "try:\n    %zai chat [[cut]] x\nexcept Exception as e:\n    raise RuntimeError('o') from e",
    ],
)
def test_no_traceback_shows_the_key(keyed: Cells, mode: str, code: str) -> None:
    keyed.shell.user_ns["zai"] = keyed.zai
    keyed.run(f"%xmode {mode}")
    ran = keyed.run(code)
    again = keyed.run("%tb")
    keyed.run("%xmode Context")
    assert not ran.ok
    for out in (ran.out, again.out):
        assert not any(part in out for part in _parts())


@pytest.mark.parametrize("code", ["%zai", "%zai models", "%config ZaiMagics", "%zai help", "zai"])
def test_no_output_shows_the_key(keyed: Cells, code: str) -> None:
    keyed.shell.user_ns["zai"] = keyed.zai
    out = keyed.run(code).out
    assert not any(part in out for part in _parts())
    repr_of = repr(vars(keyed.zai.session)) + repr(keyed.zai.session.connection.found_key())
    assert not any(part in repr_of for part in _parts())


@pytest.mark.parametrize(
    "cell",
    [
        "%zai chat {{ os.environ['ZAI_API_KEY'] }}",
        "%zai chat {{ dict(os.environ) }}",
        "%zai image {{ os.environ['ZAI_API_KEY'] }}",
        "%zai video {{ os.environ['ZAI_API_KEY'] }}",
        "%zai chat -s {{ os.environ['ZAI_API_KEY'] }} hi",
        f"%%zai chat\nmy key is {KEY}",
        "import zai_magics as zm\nzm.chat(os.environ['ZAI_API_KEY'])",
    ],
)
def test_a_prompt_that_holds_the_key_is_not_sent(keyed: Cells, cell: str) -> None:
    keyed.run("import os")
    ran = keyed.run(cell)
    assert isinstance(ran.error, PromptError), ran.out
    assert ran.sent == [] and not any(part in ran.out for part in _parts())


@pytest.mark.parametrize("shift", range(3))
def test_a_file_that_holds_the_key_is_not_sent(keyed: Cells, tmp_path: Path, shift: int) -> None:
    content = b"%PDF-1.4\n" + b" " * shift + f"({KEY})".encode() + b"\n%%EOF"
    (tmp_path / "paper.pdf").write_bytes(content)
    before = len(keyed.sandbox.ledger)
    ran = keyed.run("%zai chat -m glm-4.6v -a paper.pdf what is this")
    assert isinstance(ran.error, PromptError) and "holds your API key" in str(ran.error)
    assert len(keyed.sandbox.ledger) == before


def test_a_key_that_is_not_used_is_not_sent_either(
    keyed: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KEY.replace("ABCD", "WXYZ")
    monkeypatch.setenv("Z_AI_API_KEY", other)
    ran = keyed.run(f"%%zai chat\nmy other key is {other}")
    assert isinstance(ran.error, PromptError) and ran.sent == []


def test_a_system_prompt_that_holds_the_key_is_not_taken(keyed: Cells) -> None:
    keyed.run("import os")
    ran = keyed.run("%zai system {{ os.environ['ZAI_API_KEY'] }}")
    assert isinstance(ran.error, PromptError) and not keyed.zai.session.conversation.system


def test_login_asks_hidden_and_keeps_the_key_out_of_sight(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt="": asked.append(prompt) or KEY)
    monkeypatch.setenv("ZAI_BASE_URL", cells.sandbox.base_url)
    ran = cells.run("%zai login")
    assert len(asked) == 1
    assert ran.ok and "the key works" in ran.out
    assert not any(part in ran.out + repr(vars(cells.zai.session)) for part in _parts())
    assert KEY not in json.dumps([line["headers"] for line in ran.sent])


@pytest.mark.parametrize(("typed", "says"), [("", "no key"), ("a b\nc", "characters")])
def test_login_refuses_what_is_no_key(
    bare: Cells, monkeypatch: pytest.MonkeyPatch, typed: str, says: str
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt="": typed)
    ran = bare.run("%zai login")
    assert isinstance(ran.error, CommandError) and says in ran.out
    assert bare.zai.session.connection.key is None


def test_the_sandbox_command_starts_one_and_off_ends_it(bare: Cells) -> None:
    bare.run("%zai sandbox")
    try:
        url = bare.zai.session.connection.base_url
        assert url.startswith("http://127.0.0.1:") and "sandbox" in bare.run("%zai").out
        assert bare.run("%zai chat hi").ok
    finally:
        bare.run("%zai sandbox off")
    assert bare.zai.session.connection.base_url is None
    assert isinstance(bare.run("%zai chat hi").error, KeyMissing)


def test_nothing_of_the_key_is_written_to_the_folder(keyed: Cells) -> None:
    keyed.run("%zai image a cat")
    keyed.run("%zai chat [[error 1301]] x")
    for path in Path.cwd().rglob("*"):
        if path.is_file():
            assert not any(part.encode() in path.read_bytes() for part in _parts())


def test_the_sandbox_comes_on_by_itself_only_without_a_key(
    bare: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "a-key-of-mine")
    assert "there is a key, from ZAI_API_KEY" in str(
        bare.run("%zai sandbox auto").displays or bare.run("%zai sandbox auto").out
    )
    assert not bare.zai.session.connection.endpoint().sandbox
    monkeypatch.delenv("ZAI_API_KEY")
    assert bare.run("%zai sandbox auto").ok
    assert bare.zai.session.connection.endpoint().sandbox
