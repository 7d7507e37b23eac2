"""The sweep that looks for keys after every run of the tests finds them."""

from __future__ import annotations

import base64
import urllib.parse
import zipfile
from pathlib import Path

import pytest
import sweep

WHOLE = sweep.KEY + "AbCdEfGhIjKlMnOp"


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        urllib.parse.quote(WHOLE).replace(".", "%2E"),
        base64.b64encode(WHOLE.encode()).decode(),
        base64.b64encode(f"a{WHOLE}".encode()).decode(),
        base64.b64encode(f"ab{WHOLE}".encode()).decode(),
        WHOLE.encode().hex(),
    ],
)
def test_a_key_is_found_in_every_encoding(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "swept"
    folder.mkdir()
    (folder / "journal.db").write_text(f"before {text} after")
    assert sweep.found(folder) == ["journal.db"]
    (folder / "journal.db").unlink()  # or the sweep at the end would find it


def test_a_key_is_found_within_a_pack(tmp_path: Path) -> None:
    path = tmp_path / "a.zai"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pack.json", WHOLE * 3)
    assert sweep.found(tmp_path) == ["a.zai"]
    path.unlink()
