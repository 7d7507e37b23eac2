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
    assert (np.asarray(opened(sent)) == array).all() and is_attachable(array)
    assert sent.note == f"a: sent as a {array.shape[1]}x{array.shape[0]} picture"


def test_one_channel_is_grey() -> None:
    assert (np.asarray(opened(from_value(BYTES[:, :, :1], "a"))) == BYTES[:, :, 0]).all()


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floats_from_0_to_1_are_shares_of_white(kind: str) -> None:
    sent = from_value((BYTES / 255).astype(kind), "a")
    off = abs(np.asarray(opened(sent)).astype(int) - BYTES.astype(int)).max()
    assert off <= (kind == "float16") and sent.note == "a: sent as a 30x40 picture"


def test_what_is_no_number_is_black_but_opaque_and_the_note_says_how_much() -> None:
    values = np.full((20, 20, 4), 0.5)
    values[0, 0] = np.nan
    sent = from_value(values, "a")
    assert np.asarray(opened(sent))[0, 0].tolist() == [0, 0, 0, 255]
    assert sent.note == "a: sent as a 20x20 picture, 4 values that are no numbers black"


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
        ((40, 30, 1, 0), "nothing in it"),
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
        (np.arange(400.0).reshape(20, 20) / 400, "0,0.0,0.0025"),
        (np.arange(400).reshape(20, 20), "19,380,381"),
        (np.eye(20, dtype=bool), "0,True,False"),
        (np.arange(400).reshape(20, 20).astype("uint16"), "19,380,381"),
        (BYTES[:15, :, 0] // 255, "0,"),
    ],
)
def test_numbers_in_rows_are_a_table(array: Any, first: str) -> None:
    sent = from_value(array, "a")
    assert sent.kind == "text" and sent.url == "" and not is_attachable(array)
    assert any(line.startswith(first) for line in sent.text.splitlines()), sent.text
    assert "x".join(map(str, array.shape)) in sent.text


@pytest.mark.parametrize("kind", ["int64", "uint16", "float64"])
def test_channels_of_other_numbers_are_no_picture_and_it_is_said_how_to_make_them_one(
    kind: str,
) -> None:
    values = BYTES.astype(kind)
    assert not is_attachable(values)
    with pytest.raises(PromptError, match=r"as in x / x.max\(\), or .* x\[:, :, 0\]"):
        from_value(values, "a")
    assert is_attachable(values / values.max()) and from_value(values[:, :, 0], "a").text
