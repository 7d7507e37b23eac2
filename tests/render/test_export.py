"""A conversation as a file: which forms there are, what is written over, what hostile text does."""

from __future__ import annotations

import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hostile import HOSTILE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from zai_magics import export
from zai_magics.conversation import Conversation, Turn
from zai_magics.errors import CommandError
from zai_magics.render import safe

SUFFIXES = [".md", ".html", ".ipynb", ".json", ".py"]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def conversation(*turns: Turn, system: str = "") -> Conversation:
    """These turns, asked one after the other."""
    made = Conversation("main", system)
    for turn in turns or (Turn("Hi", "Hello", "glm-4.7"),):
        made = made.with_turn(turn)
    return made


def written(path: Path, *turns: Turn, system: str = "") -> str:
    """The export of these turns."""
    return export.write(conversation(*turns, system=system), path).read_bytes().decode()


def nothing_but(folder: Path, *names: str) -> bool:
    return sorted(p.name for p in folder.iterdir()) == sorted(names)


@pytest.fixture(params=SUFFIXES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"talk{request.param}"


def test_every_form_is_tested() -> None:
    assert list(export.FORMS) == SUFFIXES


def test_the_folder_is_made_and_the_path_comes_back(file: Path) -> None:
    deeper = file.parent / "a" / "b" / file.name
    assert export.write(conversation(), deeper) == deeper
    assert nothing_but(deeper.parent, file.name)


def test_an_export_is_replaced(file: Path) -> None:
    before = written(file, Turn("one", "1"))
    assert written(file, Turn("two", "2")) != before
    assert written(file, Turn("one", "1")) == before, "the same conversation is the same file"
    assert nothing_but(file.parent, file.name)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"mine", b"\xff\xfe\x00", b"{", b"[]", b"{}", b"null", b'[{"role": "user"}]'),
        *(b'[{"role": "user", "content": "", "more": 1}]', b"[" * 50_000),
        *(b"# mine\n# zai_magics export 1\n", b"<p></p><!-- zai_magics export 1 -->"),
        json.dumps(nbformat.v4.new_notebook()).encode(),
        b'{"metadata": {"zai_magics": {"export": true}}, "cells": []}',
    ],
)
def test_no_other_file_is_written_over(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"is there already and is not an export .*; choose"):
        export.write(conversation(), file)
    assert file.read_bytes() == content and nothing_but(file.parent, file.name)


@pytest.mark.parametrize("other", SUFFIXES)
def test_an_export_of_another_form_is_not_written_over(file: Path, other: str) -> None:
    if other != file.suffix:
        export.write(conversation(), file.with_suffix(other)).rename(file)
        with pytest.raises(CommandError, match="not an export"):
            export.write(conversation(), file)


def test_a_folder_of_that_name_stays(file: Path) -> None:
    file.mkdir()
    with pytest.raises(CommandError, match="is a folder"):
        export.write(conversation(), file)


def test_an_empty_conversation_is_no_file(file: Path) -> None:
    with pytest.raises(CommandError, match=r"no turn to export; .*%zai chat"):
        export.write(Conversation("main", "Be short."), file)
    assert nothing_but(file.parent)


@pytest.mark.parametrize("name", ["talk", "talk.txt", "talk.md.bak", ".md", "talk.", "x.\u202e\n"])
def test_another_ending_is_refused_and_the_five_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError) as error:
        export.write(conversation(), tmp_path / name)
    assert all(suffix in str(error.value) for suffix in SUFFIXES)
    assert str(error.value).isprintable() and nothing_but(tmp_path)


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    assert written(tmp_path / "TALK.MD").startswith("<!-- zai_magics export")


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: Any) -> None:
    before = written(file)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        CommandError, match=r"cannot write .*No space left.*choose another"
    ) as error:
        export.write(conversation(Turn("another", "x")), file)
    assert file.read_bytes().decode() == before and nothing_but(file.parent, file.name)
    assert "\n" not in str(error.value)


def test_a_file_gets_its_name_only_when_it_is_whole(file: Path, monkeypatch: Any) -> None:
    before = written(file)
    seen: list[bytes] = []

    def refused(part: Path, place: Path) -> None:
        seen.append(part.read_bytes())
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(CommandError, match="Permission denied"):
        export.write(conversation(Turn("another", "x")), file)
    assert b"another" in seen[0] and file.read_bytes().decode() == before
    assert nothing_but(file.parent, file.name)


@pytest.mark.parametrize("name", ["a\x00b", "file/talk", "~no-such-user-here/talk", "n" * 400])
def test_a_place_that_cannot_be_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    place = Path(f"{name}.md") if name.startswith("~") else tmp_path / f"{name}.md"
    with pytest.raises(CommandError, match="cannot write") as error:
        export.write(conversation(), place)
    assert str(error.value).isprintable()


def test_the_home_folder_may_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    export.write(conversation(), Path("~/talk.md"))
    assert nothing_but(tmp_path, "talk.md")


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX")
def test_a_file_is_as_readable_as_a_users_others_and_a_link_stays_one(tmp_path: Path) -> None:
    usual, target, link = (tmp_path / name for name in ("usual", "target.md", "link.md"))
    usual.write_text("")
    export.write(conversation(), target)
    assert target.stat().st_mode == usual.stat().st_mode
    target.chmod(0o640)
    link.symlink_to(target)
    export.write(conversation(Turn("new", "x")), link)
    assert link.is_symlink() and "new" in target.read_text("utf-8")
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_to_a_file_that_is_not_there_is_refused(file: Path) -> None:
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    file.symlink_to(elsewhere / "made")
    with pytest.raises(CommandError, match=r"is a link to a file that is not there; choose"):
        export.write(conversation(), file)
    assert file.is_symlink() and nothing_but(elsewhere)
    file.unlink()
    file.symlink_to(file)
    with pytest.raises(CommandError):
        export.write(conversation(), file)


def test_nothing_of_the_machine_or_the_thinking_is_written(file: Path) -> None:
    said = written(file, Turn("Hi", "Hello", "glm-4.7", thinking="SECRET THOUGHT", at=1.8e9))
    for word in (str(file.parent), str(Path.home()), "SECRET THOUGHT", "1800000000"):
        assert word not in said


# --- hostile text


EVERYTHING = [Turn(text, text, text[:80]) for text in HOSTILE.values() if text.strip()]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hostile_text_is_written_in_every_form(tmp_path: Path, suffix: str) -> None:
    said = written(tmp_path / f"talk{suffix}", *EVERYTHING, system=HOSTILE["surrogates"])
    assert len(said) > 10_000
    export.write(conversation(), tmp_path / f"talk{suffix}")  # it is known as an export


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_a_page_fetches_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page = written(tmp_path / "talk.html", *EVERYTHING, system=HOSTILE["script"])
    found = Tags()
    found.feed(page)
    names = [name for name, _ in found.tags]
    assert names.count("style") == names.count("title") == names.count("body") == 1
    assert names.count("meta") == 4
    running = {"script", "img", "iframe", "link", "base", "form", "object", "embed", "video", "svg"}
    assert not running & set(names)
    for _, attrs in found.tags:
        assert not [a for a in attrs if a.startswith("on") or a in ("src", "srcset", "action")]
        assert re.match(r"https?://|mailto:", attrs.get("href") or "https://")
        assert "url" not in (attrs.get("style") or "")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url" not in style and "@import" not in style
    assert "default-src 'none'" in page[: page.index("<style>")]


def test_a_page_has_colours_for_what_is_coloured_only(tmp_path: Path) -> None:
    code = "```python\nclass A: pass  # no\n```"
    style = written(tmp_path / "code.html", Turn("Hi", code)).partition("</style>")[0]
    used = set(re.findall(r"\.highlight \.(\w+) ", style))
    assert {"k", "nc", "c1"} <= used and "mi" not in used
    assert style.count(".highlight .k {") == 2, "for light and for dark"
    assert ".highlight" not in written(tmp_path / "plain.html", Turn("Hi", "Hello"))


def test_a_conversations_name_is_no_markup(tmp_path: Path) -> None:
    one = Conversation("</title><b>$a$ *x*\n", "", (Turn("Hi", "Hello"),))
    page = export.write(one, tmp_path / "talk.html").read_text("utf-8")
    assert "<title>Conversation &lt;/title&gt;&lt;b&gt;$a$ *x*</title>" in page
    assert "<b>" not in page
    text = export.write(one, tmp_path / "talk.md").read_text("utf-8")
    assert "# Conversation \\</title\\>\\<b\\>\\$a\\$ \\*x\\*\n" in text


def blocks(text: str) -> list[tuple[str, str]]:
    """The document's own headings and fences."""
    tokens = MarkdownIt("commonmark").parse(text)
    found = []
    for i, token in enumerate(tokens):
        if token.level == 0 and token.type == "heading_open" and token.tag == "h2":
            found.append(("turn", tokens[i + 1].content))
        elif token.level == 0 and token.type == "fence":
            found.append(("fence", token.content))
    return found


TEXTS = st.sampled_from([t[:300] for t in HOSTILE.values()]) | st.text(max_size=30)
ENDINGS = [
    *(
        "```",
        "```py\nx",
        "~~~~\nx",
        "<!-- x",
        "<script>",
        "<pre>\n\nx",
        "<?x",
        "<![CDATA[",
        "<div>",
    ),
    *(
        "- ```\n  x",
        "> ```\n> x",
        "1. a\n\n   <!--",
        "    code",
        "text\n===",
        "| a |\n|--|",
        "\\",
        "[",
    ),
]
REPLIES = st.builds("{}\n{}".format, TEXTS, st.sampled_from(ENDINGS)) | TEXTS


@given(turns=st.lists(st.builds(Turn, TEXTS.filter(str.strip), REPLIES), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_a_transcript_no_prompt_is_markup_and_no_answer_swallows_the_next(
    tmp_path_factory: pytest.TempPathFactory, turns: list[Turn]
) -> None:
    text = written(tmp_path_factory.mktemp("md") / "talk.md", *turns)
    found = blocks(text)
    for number, turn in enumerate(turns, 1):
        prompt = safe.plain(turn.prompt)
        assert found[found.index(("turn", str(number))) + 1] == ("fence", f"{prompt}\n")


def test_an_answers_markdown_stays_as_it_is(tmp_path: Path) -> None:
    reply = "# Title\n\nSome *text* and `code`.\n\n| a | b |\n|---|---|\n| 1 | $x$ |\n\n- `<b>`"
    assert f"\n\n{reply}\n\n" in written(tmp_path / "talk.md", Turn("Hi", reply, "glm-4.7"))


PICTURES = {
    "![a](http://x)": "[a](http://x)",
    "!![a](http://x)": "\\![a](http://x)",
    "\\\\![a](http://x)": "\\\\[a](http://x)",
    "\\![a](http://x)": "\\![a](http://x)",
    "![](http://x)": "[image](http://x)",
    "[![a](http://x)](http://y)": "[[a](http://x)](http://y)",
    "![a][r]\n\n[r]: http://x": "[a][r]\n\n[r]: http://x",
    "a <img src=http://x> b": "a \\<img src=http://x> b",
    "<style>@import 'http://x'</style>": "\\<style>@import 'http://x'\\</style>",
    "1 < 2, <https://a.b>, `<b>` at $5, $6": "1 < 2, <https://a.b>, `<b>` at $5, $6",
    "```html\n<b>![a](http://x)\n```": "```html\n<b>![a](http://x)\n```",
    "    <b>\n\n<b>": "    <b>\n\n\\<b>",
    "`a\n\n![a](http://x) `": "`a\n\n[a](http://x) `",
}


@pytest.mark.parametrize("reply", PICTURES)
def test_in_a_transcript_pictures_are_links_and_tags_text_but_for_code(
    tmp_path: Path, reply: str
) -> None:
    said = written(tmp_path / "talk.md", Turn("Hi", f"So: x\n\n{reply}", "glm-4.7"))
    assert f"\n\nSo: x\n\n{PICTURES[reply]}\n\n*glm" in said


@pytest.mark.parametrize(
    "reply",
    [
        "$`$ ![a](http://x) `",
        "$$\n```\n$$\n![a](http://x)\n```",
        "| a | b |\n|---|---|\n| ` | ![a](http://x) ` |",
        "<b" * 60_000,
    ],
)
def test_what_previews_may_read_in_several_ways_is_shown_as_text(
    tmp_path: Path, reply: str
) -> None:
    said = written(tmp_path / "talk.md", Turn("Hi", reply, "glm-4.7"))
    assert f"text\n{reply}\n```" in said


MARKS = "![a](http://x) <img~src=x> ! [ ` `` ``` $ $$ | \\ ↵ ↵↵ >~ -~ ~~~~ < <!-- --> ](http://x)"
REMOTE = st.lists(
    st.sampled_from([m.replace("~", " ").replace("↵", "\n") for m in MARKS.split()]), max_size=14
).map("".join)


@given(reply=REMOTE | st.sampled_from(list(HOSTILE.values())))
@settings(max_examples=400, deadline=None)
def test_no_parser_finds_a_picture_or_a_tag_in_a_transcript(
    tmp_path_factory: pytest.TempPathFactory, reply: str
) -> None:
    text = written(tmp_path_factory.mktemp("md") / "talk.md", Turn("Hi", reply))
    text = text.partition("\n")[2]  # the mark is a comment
    for name in ("commonmark", "js-default"):
        tokens = MarkdownIt(name, {"html": True}).parse(text)
        found = {t.type for token in tokens for t in (token, *(token.children or ()))}
        assert not found & {"image", "html_inline", "html_block"}


def test_an_open_code_block_is_closed_and_an_open_comment_shown(tmp_path: Path) -> None:
    cut = written(tmp_path / "cut.md", Turn("Hi", "So:\n\n````py\nx = 1", state="incomplete"))
    assert "So:\n\n````py\nx = 1\n````\n\n*incomplete*\n" in cut
    odd = written(tmp_path / "odd.md", Turn("Hi", "<!-- x"), Turn("Ho", "y"))
    assert "\n\n\\<!-- x\n\n" in odd


def test_a_transcript_names_attachments_model_and_state_quietly(tmp_path: Path) -> None:
    asked = (IMAGE, IMAGE, {"type": "text", "text": "Which?"})
    turns = (Turn(asked, "That", "glm-4.6v", state="interrupted"), Turn((IMAGE,), "This", "*x*"))
    said = written(tmp_path / "talk.md", *turns, system="Be short.")
    assert "*glm-4.6v · 2 images · interrupted*" in said and "*\\*x\\* · 1 image*" in said
    assert "```text\nBe short.\n```" in said and "base64" not in said


def test_the_messages_are_those_of_a_request(tmp_path: Path) -> None:
    turns = (Turn((IMAGE, {"type": "text", "text": "q \ud800\u2028é"}), "a"), Turn("b", ""))
    said = written(tmp_path / "talk.json", *turns, system="s")
    assert json.loads(said) == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [IMAGE, {"type": "text", "text": "q \ud800\u2028é"}]},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "b"},
    ]
    assert "é" in said and "\\ud800" in said and '\n  {\n    "role": "system"' in said
