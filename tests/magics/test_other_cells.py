"""Cells that are not ours are transformed exactly as without the extension."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from nasty import BODIES, LINES
from shell_cells import Cells

CORPUS = [
    "x = 1",
    "1 + 1",
    "%timeit -n1 -r1 1",
    "%%timeit\nx = 1",
    "%%bash\necho 'hi'\n",
    "%%capture out\nprint(1)\n%time 2\n",
    "!ls -la",
    "files = !ls",
    "!!ls",
    "here = %pwd",
    "obj?",
    "obj??",
    "?obj",
    "np.*load*?",
    "%time?",
    "%%time?",
    "%cd -",
    "/f x y",
    ", f a b",
    "; f a b",
    ">>> x = 1\n>>> y = 2\n3\n",
    "In [1]: x = 1\n   ...: y\n",
    "    indented = 1\n    more = 2",
    "for i in range(3):\n    %time i\n    !echo {i}\n    obj?\n",
    "s = '''\n%time\n!ls\nobj?\n'''",
    "f(\n  1,\n  2)",
    "await f()",
    "x = a \\\n  + b",
    "def f():\n\treturn 1\n",
    "",
    "\n\n",
    "# %zai chat",
    "'%zai chat why?'",
    "x = '''\n%zai chat why?\n'''",
    "print('%zai?')",
    "%zaibatsu why",
    "%%zaibatsu\nwhy",
    "%load_ext zai_magics",
    "zai = 1; x = 7 %zai",
    "zai?",
    "zai.chat?",
    "(",
    "'unclosed",
    "'''unclosed",
    "x = }",
]


def _same(shell: Any, cell: str) -> None:
    plain = TransformerManager()
    assert _of(shell.input_transformer_manager, cell) == _of(plain, cell)
    complete = shell.input_transformer_manager.check_complete(cell)
    assert complete == plain.check_complete(cell)


def _of(manager: Any, cell: str) -> Any:
    try:
        return manager.transform_cell(cell)
    except SyntaxError as error:
        return str(error)


@pytest.mark.parametrize("cell", CORPUS)
def test_a_cell_of_the_corpus_is_as_without_the_extension(bare: Cells, cell: str) -> None:
    _same(bare.shell, cell)


def test_any_text_that_does_not_name_us_is_as_without_the_extension(bare: Cells) -> None:
    for text in [*LINES, *BODIES]:
        if "%zai" not in text and len(text) < 5000:
            _same(bare.shell, text)


pieces = st.sampled_from(
    [*CORPUS, "%zai", "%%zai", "'", '"', "'''", "\\", " ", "\t", "(", ")", "?"]
)


def test_made_up_cells_are_as_without_the_extension(bare: Cells) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(pieces, max_size=6).map("\n".join))
    def check(cell: str) -> None:
        if "%zai" not in cell:
            _same(bare.shell, cell)

    check()


def test_made_up_cells_with_our_magic_are_transformed_without_an_error(bare: Cells) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(pieces, max_size=6).map(" ".join), st.sampled_from(LINES))
    def check(cell: str, line: str) -> None:
        if "%zai" in cell:
            return
        call = f"get_ipython().run_line_magic('zai', {f'chat {line}'!r})\nx = 1\n"
        expected = _of(TransformerManager(), f"pass\nx = 1\n{cell}")
        found = _of(bare.shell.input_transformer_manager, f"%zai chat {line}\nx = 1\n{cell}")
        assert found == expected.replace("pass\nx = 1\n", call, 1)

    check()


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("%%zai chat\n", "incomplete"),
        ("%%zai chat", "incomplete"),
        ("# a comment\n%%zai chat\n", "incomplete"),
        ("%%zai chat\nwhy?\n", "incomplete"),
        ("%%zai chat\nwhy?\n\n", "complete"),
        ("%zai chat don't?", "complete"),
        ("x = %zai chat (", "complete"),
        ("for i in x:\n    %zai chat a", "incomplete"),
    ],
)
def test_a_terminal_knows_when_a_cell_is_complete(bare: Cells, cell: str, status: str) -> None:
    assert bare.shell.input_transformer_manager.check_complete(cell)[0] == status
