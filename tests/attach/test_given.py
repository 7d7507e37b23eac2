"""What `-a X` means: a link, a name, a file, an expression; else an error that names both."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from zai_magics.attach import Attachment, attachment, from_value
from zai_magics.errors import PromptError

PDF = b"%PDF-1.7"


class Calls(dict[str, Any]):
    """A user's value that counts how often it is asked."""

    count = 0

    def pdf(self) -> bytes:
        self.count += 1
        return PDF


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the user stands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(given: str, names: Any) -> str:
    """The one line with which `-a GIVEN` is refused."""
    with pytest.raises(PromptError) as caught:
        attachment(given, names)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://a.b/cat.png", "image"),
        ("HTTP://a.b/cat", "image"),
        ("https://a.b/cat?file=x.pdf", "image"),
        ("https://a.b/report.PDF?x=1#y", "file"),
        ("https://a.b/c.docx", "file"),
        ("https://a.b/c.mp4", "video"),
        ("https://a.b/c.mov?t=1", "video"),
        ("https://[::1]:8080/ü", "image"),
        ("https://a.b/x.csv/cat", "image"),
        ("https://data.csv", "image"),
        ("https://a.b/cat.gz", "image"),
    ],
)
def test_a_link_is_passed_on_as_it_is(link: str, kind: str) -> None:
    assert attachment(link, {}) == Attachment(link, kind, link)
    assert from_value(link, "x") == Attachment("x", kind, link)


@pytest.mark.parametrize(
    ("link", "way"),
    [
        ("http://example.com/a.csv", "df = pd.read_csv(…), and attach that"),
        ("https://a.b/A.CSV?x=1#y", "df = pd.read_csv(…), and attach that"),
        ("https://a.b/a.csv.gz", "df = pd.read_csv(…), and attach that"),
        ("https://a.b/a.tsv", "df = pd.read_csv(…, sep='\\t'), and attach that"),
        ("https://a.b/a%2Ejson", "df = pd.read_json(…), and attach that"),
        ("https://a.b/a.jsonl", "df = pd.read_json(…, lines=True), and attach that"),
        ("https://a.b/a.parquet", "df = pd.read_parquet(…), and attach that"),
        ("https://a.b/a.xlsx", "df = pd.read_excel(…), and attach that"),
        ("https://a.b/a.txt", "text = httpx.get(…).text, and put {{ text }} into the prompt"),
        ("https://a.b/a.html", "text = httpx.get(…).text, and put {{ text }} into the prompt"),
    ],
)
def test_a_link_to_data_or_text_is_refused_with_the_way_to_read_it(link: str, way: str) -> None:
    said = refused(link, {})
    assert said == (
        f"{link}: data and text are not attached by their URL; read it first, e.g. {way}"
    )
    with pytest.raises(PromptError, match="read it first"):
        from_value(link, "x")


@pytest.mark.parametrize("link", ["https://", "http:///x", "https://[::1/x", "file:///etc/passwd"])
def test_a_link_that_is_none_is_refused(link: str) -> None:
    assert "link" in refused(link, {}) or "without file://" in refused(link, {})


def test_a_data_url_of_a_picture_is_one() -> None:
    png = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQ"
        "DwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    )
    assert attachment(png, {}) == Attachment("data URL", "image", png)
    assert "broken" in refused("data:image/png;base64,abc", {})
    assert "no picture" in refused("data:image/png;base64,YWJj", {})
    assert "data:image/png" in refused("data:text/html,x", {})


def test_a_name_that_is_defined_comes_before_a_file(here: Path) -> None:
    (here / "report").write_text("the file")
    assert attachment("report", {"report": PDF}).kind == "file"
    assert "the file" in attachment("report", {}).text
    assert "the file" in attachment("./report", {"report": PDF}).text


@pytest.mark.parametrize("name", ["data.csv", "figs['a']", "a[1].txt", "my file.txt", "a-b", "f()"])
def test_a_file_that_is_there_comes_before_an_expression(here: Path, name: str) -> None:
    (here / name).write_text("the file")
    names = {"data": 1, "figs": {"a": PDF}, "a": 1, "b": 1, "f": lambda: PDF}
    assert "the file" in attachment(name, names).text


@pytest.mark.parametrize(
    "given", ["Out[3]", "_", "figs['a']", 'figs["a"]', "box.value", "f()", "f( )[:]", " _ "]
)
def test_an_expression_that_begins_with_a_name_is_its_value(here: Path, given: str) -> None:
    names = {
        "Out": {3: PDF}, "_": PDF, "figs": {"a": PDF}, "f": lambda: PDF,
        "box": type("Box", (), {"value": PDF}),
    }  # fmt: skip
    found = attachment(given, names)
    assert found.kind == "file" and found.name == given.strip()
    assert base64.b64decode(found.url.partition(",")[2]) == PDF


def test_an_expression_is_evaluated_once_and_leaves_nothing(here: Path) -> None:
    calls = Calls()
    names = {"calls": calls}
    attachment("calls.pdf()", names)
    assert calls.count == 1 and set(names) == {"calls"}


def test_an_expression_that_fails_says_how(here: Path) -> None:
    said = refused("figs['b']", {"figs": {"a": PDF}})
    assert said == (
        "-a figs['b'] failed (KeyError: 'b'); correct it, or give the path of a file or a URL"
    )
    assert "there is no nme here; did you mean name?" in refused("f(nme)", {"f": len, "name": 1})


@pytest.mark.parametrize(
    "given", ["data/report.pdf", "a-b", "open('x').read()", "1", "'x'", "(a)(b", "lambda: a", "[a]"]
)
def test_what_only_looks_like_an_expression_is_not_evaluated(here: Path, given: str) -> None:
    class Trap:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("evaluated")

        __truediv__ = __sub__ = __getattr__

    trap = Trap()
    names = {"data": trap, "report": trap, "a": trap, "b": trap}
    assert "no variable and no file of that name" in refused(given, names)


def test_the_nearest_name_or_file_is_offered(here: Path) -> None:
    (here / "report.pdf").write_bytes(PDF)
    (here / "data").mkdir()
    (here / "data" / "Sales.csv").write_text("x")
    names = {"figure": PDF, "_hidden": 1}
    assert refused("figrue", names) == (
        "-a figrue: no variable and no file of that name; did you mean figure?"
    )
    assert "did you mean report.pdf?" in refused("reprot.pdf", names)
    assert "did you mean data/Sales.csv?" in refused("data/sale.csv", names)
    assert "did you mean figure?" in refused("figur.head()", names)
    assert refused("zzz", names).endswith("give one of them, or a URL")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("print", "is a function"),
        ("dict", "is a class"),
        ("None", "is None"),
        ("True", "is of type bool"),
        ("Ellipsis", "is of type ellipsis"),
    ],
)
def test_a_name_of_python_itself_is_said_to_be_what_it_is(
    here: Path, given: str, said: str
) -> None:
    error = refused(given, {})
    assert error.startswith(f"{given}: {said}") and "attach a figure, a picture" in error
    (here / given).write_text("the file")
    assert "the file" in attachment(given, {}).text


@pytest.mark.parametrize(
    "given", ["", " ", "\x00", "a\x00b", "x" * 100_000, "~nobody-here/x", "\ud800"]
)
def test_any_other_text_is_refused_in_one_line(here: Path, given: str) -> None:
    assert len(refused(given, {})) < 400


def test_a_text_is_only_a_path_or_a_link_when_it_is_the_users(here: Path) -> None:
    (here / "a.txt").write_text("the file")
    assert "the file" in from_value("a.txt", "path").text

    class Said(str):
        """What a model said, as a Reply is."""

    with pytest.raises(PromptError, match="is of type Said"):
        from_value(Said("a.txt"), "reply")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (base64, "is a module"),
        (len, "is a function"),
        (Calls, "is a class"),
        (Calls().pdf, "is a function"),
        (3, "is of type int"),
        (None, "is None"),
        ({"a": 1}, "is of type dict"),
        ("hello", r"insert its text with \{\{ x \}\}"),
        ([1, 2], r"one at a time, as in x\[0\]"),
    ],
)
def test_any_other_value_is_refused_with_the_ways_there_are(value: Any, said: str) -> None:
    with pytest.raises(PromptError, match=said) as caught:
        from_value(value, "x")
    assert "attach a figure, a picture, an array, a DataFrame, a file or a URL" in str(caught.value)
