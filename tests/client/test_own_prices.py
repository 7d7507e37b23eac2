"""A user's own `models.toml`: what it says counts, and what is wrong in it counts for nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zai_magics import catalogue
from zai_magics.types import Usage

MILLION = 1_000_000


def write(home: Path, text: str | bytes) -> Path:
    """The user's own file."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "models.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_without_a_file_the_packages_own_prices_count(zai_home: Path) -> None:
    assert catalogue.own() == (zai_home / "models.toml", "", {}, "")
    assert catalogue.prices_of() == f"prices of {catalogue.dated()}"
    assert not zai_home.exists()


def test_a_field_is_overridden_and_the_others_stay(zai_home: Path) -> None:
    before = catalogue.entry("glm-4.7")
    path = write(zai_home, 'dated = "2026-11-02"\n[models]\n"glm-4.7" = { input = 5 }')
    now = catalogue.entry("glm-4.7")
    assert before and now and now.input == 5 and before.input == 0.6
    assert (now.kind, now.context, now.output) == (before.kind, before.context, before.output)
    assert catalogue.cost("glm-4.7", Usage(MILLION, 0)) == 5.0
    assert catalogue.cost("glm-4.7", Usage(MILLION, 0, MILLION)) == pytest.approx(0.11)
    wanted = f"prices of {catalogue.dated()}, yours of 2026-11-02 from {path}"
    assert catalogue.prices_of() == wanted


def test_a_model_is_added(zai_home: Path) -> None:
    assert catalogue.cost("glm-9", Usage(1, 1)) is None
    row = '{ kind = "chat", context = 1000, input = 1.5, output = 3, thinks = "never" }'
    write(zai_home, f'[models]\n"glm-9" = {row}\n[models.own-image]\nkind = "image"\neach = 0.5')
    assert catalogue.cost("glm-9", Usage(MILLION, MILLION)) == 4.5
    assert catalogue.each("own-image") == 0.5 and catalogue.nearest("glm-99") == "glm-9"
    found = {m.id: m for m in catalogue.known()}
    assert found["glm-9"].price == "$1.50 in, $3.00 out per 1M tokens"
    assert found["own-image"].price == "$0.50 each" and "glm-4.7" in found


def test_a_date_of_toml_is_one(zai_home: Path) -> None:
    write(zai_home, "dated = 2026-11-02")
    assert catalogue.own().dated == "2026-11-02" and not catalogue.own().problem


@pytest.mark.parametrize(
    ("row", "price"),
    [
        ('kind = "chat"', "price unknown"),
        ('kind = "chat", input = 1', "price unknown"),
        ('kind = "chat", output = 0', "price unknown"),
        ('kind = "chat", input = 1, output = 0', "$1.00 in, free out per 1M tokens"),
        ('kind = "chat", input = 0, output = 0', "free"),
        ('kind = "video"', "price unknown"),
        ('kind = "video", each = 0', "free"),
    ],
)
def test_a_price_that_is_not_said_is_unknown_and_never_free(
    zai_home: Path, row: str, price: str
) -> None:
    write(zai_home, f'[models]\n"mine" = {{ {row} }}')
    (found,) = [m for m in catalogue.known() if m.id == "mine"]
    assert found.price == price
    if price == "price unknown":
        assert catalogue.cost("mine", Usage(10, 10)) is None and catalogue.each("mine") is None


def test_a_change_counts_at_once_and_the_file_is_read_once_for_each(
    zai_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    real = Path.read_text

    def read(path: Path, *more: str) -> str:
        reads.append(path)
        return real(path, *more)

    catalogue.entry("glm-4.7")  # the package's own file
    monkeypatch.setattr(Path, "read_text", read)
    for price in (1, 22, 333):
        path = write(zai_home, f'[models]\n"glm-4.7" = {{ input = {price} }}')
        for _ in range(5):
            assert catalogue.cost("glm-4.7", Usage(MILLION, 0)) == price
    assert reads == [path] * 3
    path.unlink()
    assert catalogue.cost("glm-4.7", Usage(MILLION, 0)) == 0.6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[models]\n"glm-4.7" = { input = -1 }', 'input of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { input = nan }', 'input of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { output = inf }', 'output of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { input = true }', 'input of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { input = "0.6" }', 'input of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { input = 1e300 }', 'input of "glm-4.7" must be US dollars'),
        ('[models]\n"glm-4.7" = { context = 1.5 }', 'context of "glm-4.7" must be a whole number'),
        ('[models]\n"glm-4.7" = { context = -1 }', 'context of "glm-4.7" must be a whole number'),
        ('[models]\n"glm-4.7" = { kind = "chta" }', 'kind of "glm-4.7" must be chat or vision'),
        ('[models]\n"glm-4.7" = { kind = ["chat"] }', 'kind of "glm-4.7" must be chat or vision'),
        ('[models]\n"glm-4.7" = { thinks = 1 }', 'thinks of "glm-4.7" must be switch or effort'),
        ('[models]\n"glm-4.7" = { inptu = 1 }', 'no "inptu" (did you mean input?)'),
        ('[models]\n"glm-4.7" = { each = 1 }', "is of kind chat: input, cached, output, not each"),
        ('[models]\n"glm-image" = { input = 1 }', "is of kind image: each, not input"),
        ('[models]\n"glm-9" = { input = 1 }', '"glm-9" is new and needs a kind'),
        ('[models]\n"glm-9" = 1', '"glm-9" must be a table'),
        ('[models]\n"" = { kind = "chat" }', '"" cannot be a model'),
        ('[models]\n"a\\u001bb" = { kind = "chat" }', "cannot be a model"),
        ('[model]\n"glm-4.7" = { input = 1 }', 'no "model" here'),
        ("models = 3", "[models] must be a table"),
        ('dated = "yesterday"', "dated must be a day"),
        ('dated = "2026-13-40"', "dated must be a day"),
        ("dated = 2026-01-01T00:00:00", "dated must be a day"),
        ("dated = 20260101", "dated must be a day"),
        ('[models]\n"glm-4.7" = { input = 0.6', "Unclosed inline table"),
        ("a = " + "[" * 30_000, "more than 1000 characters"),
        ("\n".join(["[a]"] * 3), "twice"),
        (b"\xff\xfe\x00", "decode"),
        (b"#" * (2 << 20), "no file of at most 64 KB"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_one_line_that_names_the_file_and_the_entry(
    zai_home: Path, text: str | bytes, said: str
) -> None:
    path = write(zai_home, text)
    mine = catalogue.own()
    assert said in mine.problem and mine.problem.startswith(f"{path}: ")
    assert "; mend " in mine.problem and mine.problem.isprintable()
    assert len(mine.problem) < 500 and not mine.models
    assert catalogue.cost("glm-4.7", Usage(MILLION, 0)) == 0.6
    assert catalogue.prices_of() == f"prices of {catalogue.dated()}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_in_its_place_is_not_waited_for(zai_home: Path) -> None:
    zai_home.mkdir()
    os.mkfifo(zai_home / "models.toml")
    assert "no file" in catalogue.own().problem


def test_a_folder_in_its_place_is_said(zai_home: Path) -> None:
    (zai_home / "models.toml").mkdir(parents=True)
    assert "no file" in catalogue.own().problem


def test_without_a_home_folder_there_is_no_file_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZAI_HOME", "~nobody-of-that-name/x")
    assert not catalogue.own().problem and catalogue.cost("glm-4.7", Usage(MILLION, 0)) == 0.6


def test_every_mistake_is_named_and_what_is_right_counts(zai_home: Path) -> None:
    write(
        zai_home,
        'dated = "soon"\n[models]\n"glm-4.7" = { input = 5 }\n'
        '"glm-4.6" = { inptu = 1, output = -1 }\n"mine" = { input = 1 }',
    )
    mine = catalogue.own()
    assert catalogue.cost("glm-4.7", Usage(MILLION, 0)) == 5.0
    assert catalogue.cost("glm-4.6", Usage(MILLION, 0)) == 0.6
    assert list(mine.models) == ["glm-4.7"]
    for said in ("dated must be", '"glm-4.6" has no "inptu"', "output of", '"mine" is new'):
        assert said in mine.problem
    write(zai_home, "[models]\n" + "\n".join(f"m{n} = 1" for n in range(50)))
    assert "and 45 more; mend it" in catalogue.own().problem
