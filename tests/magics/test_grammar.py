"""What is typed arrives as the right field of a request, or is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from shell_cells import Cells

from zai_magics.errors import CommandError
from zai_magics.magics.grammar import COMMANDS
from zai_magics.magics.parse import parse

CHAT_FIELDS = [
    ("-m glm-4.6", "model", "glm-4.6"),
    ("--model glm-4.6", "model", "glm-4.6"),
    ("--model=glm-4.6", "model", "glm-4.6"),
    ("-mglm-4.6", "model", "glm-4.6"),
    ('-m "glm-4.6"', "model", "glm-4.6"),
    ("-t 0.25", "temperature", 0.25),
    ("--temperature 0.25", "temperature", 0.25),
    ("--temperature=0.25", "temperature", 0.25),
    ("-t0.25", "temperature", 0.25),
    ("-t=0.25", "temperature", 0.25),
    ("-t 0", "temperature", 0.0),
    ("--top-p 0.5", "top_p", 0.5),
    ("--max-tokens 77", "max_tokens", 77),
    ("--stop END", "stop", ["END"]),
    ("--stop END --stop 'two words'", "stop", ["END", "two words"]),
    (r'--stop "a \"b\" \\ c"', "stop", [r'a "b" \ c']),
    ("--stop 'say \"x\"'", "stop", ['say "x"']),
    ("--think on", "thinking", {"type": "enabled"}),
    ("--think off", "thinking", {"type": "disabled"}),
    ("-m glm-5.2 --think low", "reasoning_effort", "low"),
    ("-m glm-5.2 --think high", "reasoning_effort", "high"),
    ("-m glm-5.2 --think max", "reasoning_effort", "max"),
    ("--no-stream", "stream", False),
    ("", "stream", True),
    ("--param user_id=abcdef", "user_id", "abcdef"),
    ("--param do_sample=false", "do_sample", False),
    ("--param=seed=7", "seed", 7),
    ("--param 'stream_options={\"a\": [1, 2]}'", "stream_options", {"a": [1, 2]}),
    ("--param a=1 --param b=two", "b", "two"),
    ("--param note=a=b", "note", "a=b"),
]


@pytest.mark.parametrize(("options", "name", "value"), CHAT_FIELDS)
def test_an_option_of_chat_is_the_field_of_the_request(
    cells: Cells, options: str, name: str, value: Any
) -> None:
    ran = cells.run(f"%zai chat {options} hello")
    assert ran.ok, ran.out
    assert ran.body[name] == value
    assert ran.prompt == "hello"


@pytest.mark.parametrize(("options", "name", "value"), CHAT_FIELDS)
def test_an_option_of_a_cell_without_a_command_is_that_of_chat(
    cells: Cells, options: str, name: str, value: Any
) -> None:
    ran = cells.run(f"%%zai {options}\nhello")
    assert ran.ok, ran.out
    assert ran.body[name] == value


def test_what_is_not_said_is_not_sent(cells: Cells) -> None:
    body = cells.run("%zai chat hello").body
    assert set(body) == {"model", "messages", "stream"}


@pytest.mark.parametrize("flag", ["-s", "--system"])
def test_a_system_prompt_of_one_turn_is_the_first_message_of_that_turn_alone(
    cells: Cells, flag: str
) -> None:
    said = cells.run(f'%zai chat {flag} "Be brief, don\'t \\"talk\\"" hello').body["messages"]
    assert said[0] == {"role": "system", "content": 'Be brief, don\'t "talk"'}
    assert cells.run("%zai chat again").body["messages"][0]["role"] == "user"


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("-m cogview-4", "model", "cogview-4"),
        ("", "model", "glm-image"),
        ("--size 1280x1280", "size", "1280x1280"),
        ("--quality hd", "quality", "hd"),
        ("--param user_id=abcdef", "user_id", "abcdef"),
    ],
)
def test_an_option_of_image_is_the_field_of_the_request(
    cells: Cells, options: str, name: str, value: Any
) -> None:
    ran = cells.run(f"%zai image {options} a lighthouse")
    assert ran.ok, ran.out
    assert ran.body[name] == value
    assert ran.body["prompt"] == "a lighthouse"


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("", "model", "cogvideox-3"),
        ("--size 1280x720", "size", "1280x720"),
        ("--quality speed", "quality", "speed"),
        ("--fps 60", "fps", 60),
        ("--duration 5", "duration", 5),
        ("--audio", "with_audio", True),
    ],
)
def test_an_option_of_video_is_the_field_of_the_request(
    cells: Cells, options: str, name: str, value: Any
) -> None:
    ran = cells.run(f"%zai video {options} a bird")
    assert ran.ok, ran.out
    assert ran.body[name] == value
    assert ran.body["prompt"] == "a bird"


def test_every_option_of_every_sending_command_is_covered_here() -> None:
    elsewhere = {"again", "alone", "attach", "conversation", "dry_run", "format"}
    elsewhere |= {"n", "out", "quiet", "raw", "save", "schema", "tool", "approve", "web"}
    tried = {"system"}
    for options, _, _ in CHAT_FIELDS:
        tried |= set(parse(f"chat {options} x").options)
    known = {o.name for o in COMMANDS["chat"].options}
    assert known - elsewhere == tried


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ("chat -t 0 what is -t 5?", None),
        ("chat hello -m glm-4.6", None),
        ("chat hello --model=glm-4.6 you", None),
        ("chat hello -t0.5", None),
        ("image a cat -n4", None),
        ("chat -- -t 5 is an option", "-t 5 is an option"),
        ("chat -t 0 -- -t 5 is", "-t 5 is"),
        ("chat -- --model=x", "--model=x"),
        ("chat what does -x mean?", "what does -x mean?"),
        ("chat ls -l --all", "ls -l --all"),
        ("chat a -- b", "a -- b"),
        ("chat - a list", "- a list"),
        ("chat a -street -mild -all", "a -street -mild -all"),
    ],
)
def test_options_end_at_the_first_word_and_late_ones_are_an_error(
    cells: Cells, line: str, prompt: str | None
) -> None:
    ran = cells.run(f"%zai {line}")
    if prompt is None:
        assert isinstance(ran.error, CommandError)
        assert "move it left" in ran.out and "--" in ran.out
        assert ran.sent == []
    else:
        assert ran.prompt == prompt


def test_the_body_of_a_cell_may_say_any_option(cells: Cells) -> None:
    assert cells.run("%%zai chat -t 0\nuse -t 1 and --model x").prompt == "use -t 1 and --model x"


def test_words_and_body_go_together(cells: Cells) -> None:
    assert cells.run("%%zai chat Explain this:\nx = 1").prompt == "Explain this:\nx = 1"


def test_a_cell_without_a_command_is_a_chat(cells: Cells) -> None:
    assert cells.run("%%zai\nHello?").prompt == "Hello?"


@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize(
    "form", ["%zai help {}", "%zai {}?", "%zai {} ?", "%zai {}??", "%%zai {}?"]
)
def test_help_of_a_command_names_each_of_its_options_and_sends_nothing(
    cells: Cells, command: str, form: str
) -> None:
    ran = cells.run(form.format(command))
    assert ran.ok and ran.sent == []
    for option in COMMANDS[command].options:
        assert all(flag in ran.out for flag in option.flags)


@pytest.mark.parametrize("cell", ["%zai?", "%zai ?", "%zai??", "%%zai?", "%zai help"])
def test_help_names_each_command(cells: Cells, cell: str) -> None:
    ran = cells.run(cell)
    assert ran.ok and ran.sent == []
    assert all(f"%zai {name}" in ran.out for name in COMMANDS)


def test_the_magic_alone_says_where_you_stand(cells: Cells) -> None:
    cells.run("%zai chat hello")
    ran = cells.run("%zai")
    assert ran.ok and ran.sent == []
    assert cells.sandbox.base_url in ran.out and "glm-4.7" in ran.out and "1 turn" in ran.out


def test_a_dry_run_shows_the_request_and_sends_nothing(cells: Cells) -> None:
    cells.run("%zai chat first")
    ran = cells.run("%zai chat --dry-run -t 0.5 second")
    assert ran.ok and ran.sent == []
    assert '"temperature": 0.5' in ran.out and "first" in ran.out and "second" in ran.out
    assert len(cells.zai.session.conversation.turns) == 1
    for line in ("image --dry-run -n 3 cat", "video --dry-run bird"):
        ran = cells.run(f"%zai {line}")
        assert ran.ok and ran.sent == [] and "nothing was sent" in ran.out
