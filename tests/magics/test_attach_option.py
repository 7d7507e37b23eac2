"""`-a` and `{{ }}` with values of the notebook: what the service receives is what the value is."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from books import shown
from bought import html
from shell_cells import Cells
from shop import png

from zai_magics.errors import PromptError

SETUP = """
import numpy as np
import pandas as pd
from PIL import Image
pixels = (np.arange(48).reshape(4, 4, 3) * 5).astype("uint8")
picture = Image.fromarray(pixels)
df = pd.DataFrame({"city": ["Oslo", "Rome"], "mean": [3.5, 15.25]})
"""


@pytest.fixture(autouse=True)
def values(cells: Cells) -> None:
    """Values of the notebook."""
    for name in ("numpy", "pandas", "PIL"):
        pytest.importorskip(name)
    assert cells.run(SETUP, "0").ok


def ask(cells: Cells, options: str, prompt: str = "What is it?") -> Any:
    ran = cells.run(f"%%zai chat -o made {options}\n{prompt}", "1")
    assert ran.ok, ran.out
    return ran


def pixels(part: dict[str, Any]) -> Any:
    """The pixels of an image part."""
    import numpy as np
    from PIL import Image

    head, _, coded = part["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(coded))))


@pytest.mark.parametrize("name", ["pixels", "picture"])
def test_an_image_arrives_as_it_is(cells: Cells, name: str) -> None:
    asked = ask(cells, f"-a {name}")
    image, words = asked.prompt
    assert (pixels(image) == cells.value("pixels")).all()
    assert words == {"type": "text", "text": "What is it?"}
    assert asked.body["model"] == "glm-4.6v" and "glm-4.6v was asked" in html(asked)


def test_an_image_in_the_prompt_becomes_an_attachment(cells: Cells) -> None:
    image, words = ask(cells, "", "Compare {{ picture }} with me").prompt
    assert (pixels(image) == cells.value("pixels")).all()
    assert words["text"].startswith("Compare ") and "picture" in words["text"]


def test_a_figure_goes_with_the_series_it_draws(cells: Cells) -> None:
    pytest.importorskip("matplotlib")
    source = (
        "from matplotlib.figure import Figure\nfig = Figure()\nax = fig.subplots()\n"
        "ax.plot([1, 2, 3], [4.5, 5.25, 6], label='growth')\nax.set_xlabel('year')"
    )
    assert cells.run(source, "2").ok
    image, words = ask(cells, "-a fig").prompt
    assert pixels(image).shape[0] > 300
    assert all(word in words["text"] for word in ("growth", "year", "5.25", "What is it?"))


def test_a_table_goes_as_text_to_the_text_model(cells: Cells) -> None:
    asked = ask(cells, "-a df")
    assert asked.body["model"] == "glm-4.7" and isinstance(asked.prompt, str)
    assert asked.prompt.endswith("What is it?")
    assert all(word in asked.prompt for word in ("df", "city", "Oslo", "15.25", "float64"))
    assert ask(cells, "-a df").prompt == asked.prompt


def test_a_table_in_the_prompt_is_bounded(cells: Cells) -> None:
    cells.run("large = pd.DataFrame({'x': range(100_000)})", "2")
    prompt = ask(cells, "", "Look: {{ large }} now").prompt
    assert (prompt.startswith("Look: ") and prompt.endswith(" now")) or prompt.endswith("\n now")
    assert (len(prompt) < 10_000 and "100,000" in prompt) or "100000" in prompt


@pytest.mark.parametrize("given", ["Out[1]", "_", "df.head(1)"])
def test_an_expression_is_what_it_gives(cells: Cells, given: str) -> None:
    cells.shell.user_ns["Out"] = {1: cells.value("df")}
    cells.shell.user_ns["_"] = cells.value("df")
    assert "Oslo" in ask(cells, f"-a {given}").prompt


def test_a_url_is_passed_on_and_not_fetched(cells: Cells) -> None:
    image, _ = ask(cells, "-a https://example.invalid/cat.png").prompt
    assert image == {"type": "image_url", "image_url": {"url": "https://example.invalid/cat.png"}}


def test_a_pdf_and_a_text_file_go_as_they_are(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\nhello")
    (tmp_path / "b.md").write_text("# Notes {{ braces }}", "utf-8")
    part, words = ask(cells, "-a a.pdf").prompt
    assert part["file"]["filename"] == "a.pdf"
    data = part["file"]["file_data"].partition(",")[2]
    assert base64.b64decode(data) == b"%PDF-1.4\nhello" and words["text"] == "What is it?"
    assert "# Notes {{ braces }}" in ask(cells, "-a b.md --alone").prompt


def test_the_key_in_an_attachment_is_not_sent(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop import KEY

    monkeypatch.setenv("ZAI_API_KEY", KEY)
    (tmp_path / "notes.txt").write_text(f"my key is {KEY}")
    ran = cells.run("%zai chat -a notes.txt look", "1")
    assert isinstance(ran.error, PromptError) and ran.sent == [] and KEY not in ran.out


@pytest.mark.parametrize(
    "given", ["nothing", "nothing.png", "np", "print", "df.nothing", "/dev/zero"]
)
def test_what_cannot_be_attached_sends_nothing(cells: Cells, given: str) -> None:
    ran = cells.run(f"%zai chat -a {given} look", "1")
    assert isinstance(ran.error, PromptError) and ran.sent == []
    assert len(ran.out.strip().splitlines()) == 1


def test_a_large_picture_is_scaled_down_and_that_is_said(cells: Cells) -> None:
    cells.run("wide = Image.new('RGB', (7000, 20), 'red')", "2")
    asked = ask(cells, "-a wide")
    assert pixels(asked.prompt[0]).shape[1] <= 6000 and "7000" in html(asked)


def test_a_dry_run_shows_the_tokens_of_a_table(cells: Cells) -> None:
    ran = cells.run("%zai chat --dry-run -a df what?", "1")
    assert ran.ok and ran.sent == [] and "Oslo" in shown(ran) and "tokens" in shown(ran)


def test_a_video_begins_with_an_image_of_the_notebook(cells: Cells) -> None:
    cells.run("big = Image.new('RGB', (64, 64), 'blue')", "2")
    ran = cells.run("%zai video -a big -a picture it moves", "3")
    assert ran.ok, ran.out
    first, last = ran.bodies[0]["image_url"]
    assert first.startswith("data:image/png;base64,") and last != first
    refused = cells.run("%zai video -a df it moves", "4")
    assert isinstance(refused.error, PromptError) and refused.sent == []


def test_a_tool_that_draws_shows_and_sends_the_picture(cells: Cells) -> None:
    assert cells.run("def draw():\n    return picture\ndef table():\n    return df", "2").ok
    ran = cells.run(
        "%%zai chat -o made -T draw --approve always --web\n[[tool draw]][[arguments {}]]", "3"
    )
    assert ran.ok, ran.out
    first, second = ran.bodies
    result = second["messages"][-1]["content"]
    assert (first["model"], second["model"]) == ("glm-4.7", "glm-4.6v")
    assert [t["type"] for t in second["tools"]] == ["function"]  # vision models search nothing
    assert (pixels(result[0]) == cells.value("pixels")).all()
    assert "data:image/png;base64" in ran.displays[-1]["data"]["text/html"]
    assert "went on" in html(ran)
    later = cells.run("%zai chat and then?", "5")
    assert later.ok and later.body["model"] == "glm-4.6v"
    ran = cells.run(
        "%%zai chat --alone -T table --approve always\n[[tool table]][[arguments {}]]", "4"
    )
    assert "Oslo" in ran.bodies[1]["messages"][-1]["content"]


def test_the_conversation_goes_on_with_what_was_attached(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(png(1))
    ask(cells, "-a p.png -a df")
    later = cells.run("%zai chat and then?", "2")
    first = later.body["messages"][0]["content"]
    assert [part["type"] for part in first] == ["image_url", "text"]
    assert "Oslo" in first[1]["text"]
    assert json.dumps(first)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("-a picture", "glm-4.7 reads no images, so glm-4.6v"),
        ("-a a.pdf", "glm-4.7 reads no files, so glm-4.6v"),
        ("-a https://example.org/a.mp4", "glm-4.7 reads no videos, so glm-4.6v"),
        ("-a picture -a a.pdf", "glm-4.7 reads no images or files, so glm-4.6v"),
    ],
)
def test_what_the_model_cannot_read_is_named_and_a_dry_run_says_what_would_be(
    cells: Cells, given: str, says: str
) -> None:
    Path("a.pdf").write_bytes(b"%PDF-1.4\nhello")
    assert f"{says} would be asked" in shown(cells.run(f"%zai chat --dry-run {given} What?", "1"))
    assert f"{says} was asked" in html(ask(cells, given))
    what = "a file" if given == "-a a.pdf" else "a"
    later = cells.run("%zai chat --dry-run And now?", "2")
    assert f"an earlier turn has {what}" in shown(later)
    assert "which glm-4.7 cannot read, so glm-4.6v would be asked" in shown(later)


def test_from_python_a_missing_attachment_is_named_as_pythons_option(cells: Cells) -> None:
    ran = cells.run("import zai_magics as zm\nzm.chat('hi', attach='nothere')")
    assert str(ran.error).startswith("attach=nothere: no variable and no file") and not ran.sent


def test_arithmetic_is_to_be_put_in_a_variable(cells: Cells) -> None:
    cells.run("rows = [1, 2]")
    ran = cells.run("%zai chat -a rows*3 what is it")
    assert not ran.sent and "what is calculated goes into a variable first" in str(ran.error)
    other = cells.run("%zai chat -a rows-figure what is it")
    assert "no variable and no file of that name" in str(other.error)
    assert "calculated" not in str(other.error)


@pytest.mark.parametrize("suffix", ["pdf", "docx", "PDF"])
def test_a_document_that_is_none_is_refused(cells: Cells, tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"report.{suffix}").write_text("plain words")
    ran = cells.run(f"%zai chat -a report.{suffix} what is it")
    assert not ran.sent and f"is no {suffix.lower()} file" in str(ran.error)


def test_the_sandbox_calls_a_tool_however_its_name_is_written(cells: Cells) -> None:
    cells.run("asked = []\ndef weather(city: str):\n    asked.append(city)\n    return 'sun'")
    assert cells.run("%zai chat -T weather --approve always Weather in Brno?").ok
    assert len(cells.value("asked")) == 1


def test_a_client_without_a_key_is_told_of_the_sandboxs_address(cells: Cells) -> None:
    ran = cells.run("import zai_magics as zm\nzm.Client()")
    assert "Client(base_url=…) with its address, which %zai shows" in str(ran.error)
    assert cells.sandbox.base_url in cells.run("%zai").out
    assert cells.run(f"zm.Client(base_url={cells.sandbox.base_url!r}).chat('hi')").ok
