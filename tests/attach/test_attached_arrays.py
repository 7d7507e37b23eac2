"""Arrays that are pictures arrive pixel for pixel; those that are tables arrive as text."""

from __future__ import annotations

from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")

from pixels import opened  # noqa: E402

from zai_magics.attach import from_value, is_attachable  # noqa: E402
from zai_magics.errors import PromptError  # noqa: E402

RANDOM = np.random.default_rng(4)
BYTES = RANDOM.integers(0, 256, (40, 30, 3), dtype="uint8")


@pytest.mark.parametrize(
    "array",
    [BYTES, BYTES[:, :, 0], BYTES[:, ::-1], np.asfortranarray(BYTES), BYTES[::2, 3:, :],
     RANDOM.integers(0, 256, (40, 30, 4), dtype="uint8")],
    ids=["HxWx3", "HxW", "mirrored", "fortran", "sliced", "HxWx4"],
)  # fmt: skip
def test_bytes_arrive_pixel_for_pixel(array: Any) -> None:
    sent = from_value(array, "a")
    assert (np.asarray(opened(sent)) == array).all() and sent.note == ""


def test_one_channel_is_grey() -> None:
    assert (np.asarray(opened(from_value(BYTES[:, :, :1], "a"))) == BYTES[:, :, 0]).all()


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floats_from_0_to_1_are_shares_of_white(kind: str) -> None:
    sent = from_value((BYTES / 255).astype(kind), "a")
    off = abs(np.asarray(opened(sent)).astype(int) - BYTES.astype(int)).max()
    assert off <= (kind == "float16") and sent.note == ""


def test_bools_are_black_and_white() -> None:
    mask = RANDOM.random((20, 20)) > 0.5
    assert (np.asarray(opened(from_value(mask, "a"))) == mask * 255).all()


@pytest.mark.parametrize("kind", ["uint16", "int16", "int64", "uint64", "float64"])
def test_other_numbers_go_from_black_to_white_and_the_note_says_which(kind: str) -> None:
    values = np.linspace(0, 30_000, 400).reshape(20, 20).astype(kind)
    sent = from_value(values, "a")
    seen = np.asarray(opened(sent)).astype(int)
    assert seen[0, 0] == 0 and seen[-1, -1] == 255
    assert abs(seen - values.astype(float) / 30_000 * 255).max() < 1
    assert sent.note == "a: values 0 to 30000 shown as black to white"


def test_values_that_are_no_numbers_have_a_colour_and_a_note() -> None:
    values = np.linspace(-1, 1, 400).reshape(20, 20)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    sent = from_value(values, "a")
    assert np.asarray(opened(sent))[0, :3].tolist() == [0, 255, 0]
    assert "3 values not finite" in sent.note
    with pytest.raises(PromptError, match="no finite number"):
        from_value(values * np.nan, "a")


def test_the_greatest_numbers_there_are_make_a_picture() -> None:
    values = np.full((20, 20), -1.7e308)
    values[10:] = 1.7e308
    assert np.asarray(opened(from_value(values, "a")))[[0, 19], 0].tolist() == [0, 255]


def test_how_opaque_a_pixel_is_is_not_stretched() -> None:
    values = np.zeros((20, 20, 4), "uint16")
    values[:, :, 0], values[:10, :, 0], values[:, :, 3] = 100, 0, 65535
    seen = np.asarray(opened(from_value(values, "a")))
    assert seen[19, 0].tolist() == [255, 0, 0, 255] and seen[0, 0].tolist() == [0, 0, 0, 255]


def test_masked_pixels_are_black() -> None:
    masked = np.ma.masked_array(np.full((20, 20), 200, "uint8"), mask=np.eye(20, dtype=bool))
    seen = np.asarray(opened(from_value(masked, "a")))
    assert (np.diag(seen) == 0).all() and seen[0, 1] == 200


def test_the_array_is_left_as_it_is() -> None:
    values = RANDOM.normal(size=(20, 20))
    before = values.copy()
    from_value(values, "a")
    assert (values == before).all()


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((3, 40, 30), "an array of 3x40x30, float64; .*x.transpose"),
        ((5, 40, 30, 3), "an array of 5x40x30x3, .*as in x\\[0\\]"),
        ((40, 30, 2), "an array of 40x30x2"),
        ((40, 30, 5, 6, 7), "HxWx4"),
        ((), "no dimension"),
        ((0, 30, 3), "nothing in it"),
    ],
)
def test_another_shape_is_named(shape: tuple[int, ...], said: str) -> None:
    assert not is_attachable(np.zeros(shape))
    with pytest.raises(PromptError, match=said):
        from_value(np.zeros(shape), "a")


@pytest.mark.parametrize(
    ("array", "first"),
    [
        (np.arange(5) / 4, "0,0.0"),
        (np.arange(6).reshape(2, 3), "0,0,1,2"),
        (np.eye(8), "0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0"),
        (np.arange(40_000.0).reshape(2000, 20), "1999,39980.0,39981.0"),
        (np.array(["2024-01-01", "NaT"], "datetime64[s]"), "0,2024-01-01T00:00:00"),
        (np.array(["a", "b"]), "1,b"),
    ],
)
def test_numbers_in_rows_are_a_table(array: Any, first: str) -> None:
    sent = from_value(array, "a")
    assert sent.kind == "text" and sent.url == "" and not is_attachable(array)
    assert any(line.startswith(first) for line in sent.text.splitlines()), sent.text
    assert "x".join(map(str, array.shape)) in sent.text
