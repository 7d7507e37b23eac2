"""The package's values in IPython's own hands: shown when named, and no more after unloading."""

from __future__ import annotations

from running import RECORD, Kernel

VALUES = (
    "from zai_magics.types import *\nfrom zai_magics.reply import Reply\n"
    "made = [Reply('words'), Pictures(), Request('https://host/path', {}), "
    "Table(('a',), (('b',),)), Note('a note')]"
)


def test_each_value_is_shown_by_its_own_bundle(kernel: Kernel, cell: str) -> None:
    assert kernel.run(VALUES, cell).status == "ok"
    for number, words in enumerate(("words", "0 pictures", "POST", "a", "a note")):
        ((_, result),) = kernel.run(f"made[{number}]", cell).of("execute_result")
        assert 'class="zai ' in result["data"]["text/html"]
        assert words in result["data"]["text/html"]


def test_after_unloading_a_reply_is_a_string_like_any_other(kernel: Kernel, cell: str) -> None:
    kernel.run(VALUES + "\nmade[0]", cell)
    try:
        assert kernel.run("%unload_ext zai_magics").status == "ok"
        ((_, result),) = kernel.run("made[0]", cell).of("execute_result")
        assert result["data"] == {"text/plain": "'words'"}
    finally:
        assert kernel.run("%load_ext zai_magics").status == "ok"
    ((_, result),) = kernel.run("made[0]", cell).of("execute_result")
    assert result["data"]["text/plain"] == "words" and "text/html" in result["data"]


def test_a_reply_that_is_only_named_again_carries_no_record_of_a_turn(
    kernel: Kernel, cell: str
) -> None:
    kernel.run(VALUES, cell)
    ((_, result),) = kernel.run("made[0]", cell).of("execute_result")
    assert RECORD not in result["data"]
