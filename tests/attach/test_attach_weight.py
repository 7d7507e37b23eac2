"""Attaching costs nothing until something is attached."""

from __future__ import annotations

import subprocess
import sys
import textwrap

OPTIONAL = (
    "numpy",
    "pandas",
    "polars",
    "PIL",
    "matplotlib",
    "plotly",
    "IPython",
    "httpx",
    "nbformat",
)


def run(script: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_imports_none_of_the_libraries_that_it_knows() -> None:
    loaded = f"import sys, zai_magics.attach; print([m for m in {OPTIONAL} if m in sys.modules])"
    assert run(loaded) == "[]"


def test_a_value_of_one_library_imports_no_other_and_bytes_import_none() -> None:
    script = f"""
        import sys, struct, zlib
        from zai_magics.attach import attachment, from_value, is_attachable
        def chunk(k, d):
            return struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(b"\\0" * 4)) + chunk(b"IEND", b"")
        png = b"\\x89PNG\\r\\n\\x1a\\n" + head + body
        assert from_value(png, "x").kind == "image" and is_attachable(png)
        assert not is_attachable("x") and not is_attachable([[1]])
        attachment("https://a.b/c.png", {{}})
        print([m for m in {OPTIONAL} if m in sys.modules])
    """
    assert run(script) == "[]"


def test_without_pillow_the_error_says_what_to_install() -> None:
    script = """
        import sys
        sys.modules["PIL"] = None
        from zai_magics.attach import from_value
        from zai_magics.errors import PromptError
        try:
            from_value(b"GIF89a" + b"\\0" * 20, "x")
        except PromptError as error:
            print(error)
    """
    assert "Pillow is not installed; pip install pillow" in run(script)
