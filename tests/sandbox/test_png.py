"""What the drawn pictures promise: the same bytes, a label that cannot be missed, every size."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from zai_magics.sandbox.drawing import font, lettering
from zai_magics.sandbox.drawing.palette import CAPTION_INK, PROMPT_INK, TILE_INK
from zai_magics.sandbox.drawing.png import draw
from zai_magics.sandbox.drawing.scene import CAPTION, paint

FOX = "A red fox sleeping in the snow"


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def _inked(text: str, kind: int = font.INK) -> int:
    """How many dots of a kind a text has, unscaled."""
    return sum(row.count(kind) for char in text for row in font.glyph(char))


def test_the_same_prompt_and_size_give_the_same_bytes() -> None:
    assert draw(FOX, 200, 120) == draw(FOX, 200, 120)


def test_another_prompt_gives_another_landscape() -> None:
    first, second = (_opened(draw(prompt, 256, 256)).convert("RGB") for prompt in ("a", "b"))
    below = (0, 80, 256, 256)
    assert first.crop(below).tobytes() != second.crop(below).tobytes()


@pytest.mark.parametrize(
    ("width", "height"),
    [(16, 16), (17, 33), (4096, 16), (16, 4096), (64, 2000), (2000, 64), (333, 77), (512, 512)],
)
@pytest.mark.parametrize("prompt", ["", FOX, "猫🐱" * 300, "\0\x1b\ud800\u202e", " " * 5000])
def test_pillow_opens_every_size_and_prompt(prompt: str, width: int, height: int) -> None:
    image = _opened(draw(prompt, width, height))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (width, height))


@pytest.mark.parametrize("prompt", [FOX, "一只红狐狸 🦊", "word " * 2000, ""])
def test_the_whole_prompt_and_the_word_sandbox_are_in_the_text_chunks(prompt: str) -> None:
    text = _opened(draw(prompt, 64, 64)).text  # type: ignore[attr-defined]
    assert text["Description"] == prompt
    assert "sandbox" in text["Software"]
    assert CAPTION in text["Comment"]


def test_what_a_text_chunk_cannot_hold_is_replaced() -> None:
    text = _opened(draw("a\0b\ud800c", 64, 64)).text  # type: ignore[attr-defined]
    assert text["Description"] == "a\ufffdb?c"


def test_every_dot_of_the_caption_and_of_a_short_prompt_is_in_the_pixels() -> None:
    scene = paint(FOX, 1024, 1024)
    band = scene.pixels[: scene.band * 1024]
    assert band.count(PROMPT_INK) == _inked(FOX) * 9
    rule = 3 * 1024
    assert CAPTION_INK not in scene.pixels[scene.band * 1024 :]
    assert band.count(CAPTION_INK) == _inked(CAPTION) * 9
    assert scene.band > 2 * 3 * lettering.PITCH and len(band) > rule


def test_a_caption_of_ones_own_is_drawn_and_noted() -> None:
    data = draw(FOX, 512, 512, caption="NOT REAL")
    assert data != draw(FOX, 512, 512)
    assert "NOT REAL" in _opened(data).text["Comment"]  # type: ignore[attr-defined]
    assert paint(FOX, 512, 512, "NOT REAL").pixels.count(CAPTION_INK) == _inked("NOT REAL") * 4


def test_the_words_are_much_brighter_than_what_is_behind_them() -> None:
    for prompt in ("a", "b", "c", "d", "e", "f", "g", "h"):
        scene = paint(prompt, 512, 512)
        behind = set(scene.pixels[: scene.band * 512]) - {CAPTION_INK, PROMPT_INK, TILE_INK}
        # The last one is the rule below the words.
        grounds = [sum(scene.palette[number]) for number in sorted(behind)[:-1]]
        assert max(grounds) < 300 and sum(scene.palette[PROMPT_INK]) > 700


def test_letters_without_a_glyph_are_tiles_with_their_code_point() -> None:
    scene = paint("猫", 512, 512)
    assert scene.pixels.count(TILE_INK) == _inked("猫", font.TILE) * 4
    assert font.glyph("猫") != font.glyph("犬")
    assert len(font.glyph("猫")[0]) == 12 and len(font.glyph("🐱")[0]) == 18


def test_all_printable_ascii_has_distinct_glyphs_of_one_cell() -> None:
    glyphs = {font.glyph(chr(code)) for code in range(32, 127)}
    assert len(glyphs) == 95
    assert {len(row) for glyph in glyphs for row in glyph} == {font.CELL}
    assert {len(glyph) for glyph in glyphs} == {font.ROWS}


@pytest.mark.parametrize("char", "éÉçÇñÜøßłžő")
def test_european_letters_are_letters_not_tiles(char: str) -> None:
    assert not any(font.TILE in row for row in font.glyph(char))
    assert font.glyph(char) != font.glyph(char.lower() if char.isupper() else "e")


@pytest.mark.parametrize(
    ("text", "columns", "lines", "expected"),
    [
        ("one two", 10, 2, ["one two"]),
        ("one two three", 7, 2, ["one two", "three"]),
        ("one  two\n\tthree", 20, 2, ["one two three"]),
        ("one two three four", 7, 2, ["one two", "three…"]),
        ("abcdefghijkl", 5, 2, ["abcde", "fghi…"]),
        ("ab abcdefgh", 5, 3, ["ab", "abcde", "fgh"]),
        ("中文中文", 4, 2, ["中文", "中文"]),
        ("🐱", 2, 1, ["?"]),
        ("a\u200db\ufe0f", 5, 1, ["ab"]),
        ("", 5, 2, []),
        ("words", 0, 2, []),
        ("words", 5, 0, []),
    ],
)
def test_text_is_wrapped_and_ends_with_an_ellipsis_when_cut(
    text: str, columns: int, lines: int, expected: list[str]
) -> None:
    assert lettering.wrap(text, columns, lines) == expected


def test_a_wrapped_line_is_never_wider_than_its_columns() -> None:
    text = "Wide 中文🐱 and narrow, extraordinarilylongwords " * 20
    for columns in range(3, 60):
        for line in lettering.wrap(text, columns, 4):
            assert len(lettering.paint_line(line, 1)[0]) <= columns * font.CELL


@pytest.mark.parametrize("size", [(15, 64), (64, 15), (4097, 64), (64, 0), (-5, 64)])
def test_a_size_out_of_bounds_is_an_error_that_names_it(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"(width|height) must be .* 16 to 4096"):
        draw(FOX, *size)


@pytest.mark.parametrize("value", [True, 64.0, "64", None])
def test_a_size_that_is_no_whole_number_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="width must be a whole number"):
        draw(FOX, value, 64)  # type: ignore[arg-type]
