"""A conversation as a notebook: it reads back as the same turns, and asks the same when run."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from allowed import TAGS, faults
from hostile import HOSTILE
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zai_magics import catalogue, export, notebook
from zai_magics.conversation import Conversation, Turn
from zai_magics.magics.input import cell_magic
from zai_magics.magics.parse import parse
from zai_magics.options import ChatOptions
from zai_magics.prompt import expand
from zai_magics.sandbox import Sandbox
from zai_magics.wire import chat

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
LINKED = {"type": "image_url", "image_url": {"url": "https://a.invalid/x.png?a=1&b=\"'"}}
NASTY = [
    *("Hi", "Hi\n", "Hi\n\n", "\nHi", "  Hi  ", "Hi?", "%zai chat Hi", "-t 0.3 Hi", "-- Hi", "a\\"),
    *(
        "{{ x }}",
        "{{",
        "}}",
        "\\frac{1}{2}",
        ">>> 1 + 1",
        "In [1]: x",
        "!ls",
        "$HOME {x}",
        "'''\"\"\"",
    ),
    *(
        "a\rb",
        "a\r\nb",
        "\x00",
        "a\x0cb",
        "\u2028a\u2029b\x85c",
        "\u202e",
        "lone \ud800 {{ x }}",
        "\t",
    ),
    *("zai_turn1 {{ zai_turn1 }}", "a" * 3000 + "\r", "x\n%%zai chat\ny", "```\n<!-- -->"),
]
TEXTS = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)
PROMPTS = TEXTS.filter(str.strip)
NUMBERS = st.integers(0, 2) | st.floats(0, 2, allow_nan=False)
JSON = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.floats(-9, 9, allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
MODELS = ["", "glm-4.7", "glm-5.3", "glm-4-32b-0414-128k", "my/model:1", "{{ boom() }}", "a b", '"']
THOUGHT = st.builds(
    chat.thinking, st.sampled_from(["on", "off", "low", "high", "max"]), st.just("")
)


def params() -> st.SearchStrategy[dict[str, Any]]:
    """What a request may have carried beside model and messages."""
    fields = {
        "temperature": st.none() | NUMBERS,
        "top_p": NUMBERS,
        "max_tokens": st.integers(1, 9000),
        "stop": st.none() | st.lists(TEXTS, min_size=1, max_size=3) | TEXTS,
        "seed": JSON,
        "thinking": JSON,
        "stream": st.booleans(),
        "response_format": JSON,
    }
    drawn = st.fixed_dictionaries({}, optional=fields)
    return st.builds(lambda d, t: {**d, **t}, drawn, THOUGHT | st.just({}))


TURNS = st.builds(
    lambda user, reply, model, params, state: Turn(user, reply, model, params=params, state=state),
    PROMPTS,
    TEXTS,
    st.sampled_from(MODELS),
    params(),
    st.sampled_from(["complete", "incomplete", "interrupted"]),
)


def conversation(*turns: Turn, system: str = "") -> Conversation:
    made = Conversation("main", system)
    for turn in turns:
        made = made.with_turn(turn)
    return made


def whole(text: str) -> str:
    """A text as a notebook can hold it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def run(path: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """What the notebook's cells would do, read by the package's own parser: command, text,
    options. The Python cells are run for their variables.
    """
    names: dict[str, Any] = {}
    done = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        source = cell["source"]
        if cell["cell_type"] != "code" or source.startswith("%load_ext"):
            continue
        if not source.startswith("%%zai"):
            exec(source, names)
            continue
        typed = source if source.endswith("\n") else f"{source}\n"  # as IPython does
        (call,) = cell_magic(typed.splitlines(keepends=True))
        _, line, body = (a.value for a in ast.parse(call).body[0].value.args)  # type: ignore
        command, options, text = parse(line, body)
        raw = options.pop("raw", False)
        for value in options.values():
            assert raw or "{{" not in str(value if not isinstance(value, dict) else ""), line
        done.append((command, text if raw else expand(text, names), options))
    return done


def given_params(options: dict[str, Any], model: str) -> dict[str, Any]:
    """The parameters that such a cell sends."""
    stream = not options.pop("no_stream", False)
    sent = ChatOptions(stream=stream, **options).params(model)
    return {name: value for name, value in sent.items() if value is not None}


@given(turns=st.lists(TURNS, min_size=1, max_size=4), system=TEXTS)
@example(turns=[Turn(text, text, "glm-4.7") for text in NASTY if text.strip()], system="{{ x }}\r")
@example(turns=[Turn(text, text) for text in HOSTILE.values()], system="")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_notebook_asks_and_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, turns: list[Turn], system: str
) -> None:
    path = tmp_path_factory.mktemp("book") / "talk.ipynb"
    export.write(conversation(*turns, system=system), path)
    nbformat.validate(nbformat.read(path, 4))
    back = notebook.turns(path)
    assert [(t.user, t.reply, t.model, t.state, t.run) for t in back] == [
        (whole(t.prompt), whole(t.reply), t.model, t.state, n) for n, t in enumerate(turns, 1)
    ]
    assert len({t.place for t in back}) == len(turns)
    commands = run(path)
    if system:
        assert commands.pop(0) == ("system", system, {})
    assert [text for _, text, _ in commands] == [t.prompt for t in turns]
    for (_, _, options), turn in zip(commands, turns, strict=True):
        model = options.get("model", "")
        assert model == ("" if turn.model in ("{{ boom() }}", "a b", '"') else turn.model)
        wanted = {k: v for k, v in turn.params.items() if v is not None}
        assert given_params(options, turn.model) == {"stream": True, **wanted}


@pytest.mark.parametrize("model", [m.id for m in catalogue.known("chat", "vision")])
@pytest.mark.parametrize("think", ["on", "off", "low", "high", "max"])
def test_thinking_is_said_as_the_face_says_it(tmp_path: Path, model: str, think: str) -> None:
    known = catalogue.entry(model)
    params = chat.thinking(think, known.thinks if known else "")
    path = tmp_path / "talk.ipynb"
    export.write(conversation(Turn("Hi", "Ho", model, params=params)), path)
    (_, _, options) = run(path)[0]
    assert "param" not in options
    assert given_params(options, model) == {"stream": True, **params}


@pytest.mark.parametrize("model", ["-q", "--raw", "--system=x"])
def test_a_model_that_looks_like_an_option_is_not_named_in_the_cell(
    tmp_path: Path, model: str
) -> None:
    path = tmp_path / "talk.ipynb"
    export.write(conversation(Turn("Hi", "Ho", model)), path)
    ((command, text, options),) = run(path)
    assert (command, text) == ("chat", "Hi") and not options


def test_usual_parameters_are_usual_options(tmp_path: Path) -> None:
    params = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 50, "stop": ["END", 'a "b"'], "n": 2}
    path = tmp_path / "talk.ipynb"
    export.write(conversation(Turn("Hi {{ x }}", "Ho", "glm-4.7", params=params)), path)
    (_, cell) = json.loads(path.read_text("utf-8"))["cells"]
    assert cell["source"] == (
        "%%zai chat -m glm-4.7 -t 0.2 --top-p 0.9 --max-tokens 50 "
        '--stop END --stop "a \\"b\\"" --param n=2 --raw\nHi {{ x }}'
    )


@pytest.mark.parametrize("prompt", ["Hi", "a\rb"])
def test_no_expression_of_a_stranger_is_run_by_the_cell(tmp_path: Path, prompt: str) -> None:
    evil = "{{ boom() }}"
    params = {"stop": [evil], "user_id": evil, evil: evil, "thinking": evil}
    path = tmp_path / "talk.ipynb"
    export.write(conversation(Turn(prompt, evil, evil, params=params)), path)
    ((_, text, options),) = run(path)
    assert text == prompt and set(options) == {"param"}
    # What --param says is never expanded; a name that is no name is left out.
    assert options["param"] == {"stop": [evil], "user_id": evil, "thinking": evil}


def test_images_are_attached_by_their_link_or_told_of(tmp_path: Path) -> None:
    words = {"type": "text", "text": "Which?"}
    evil = {"type": "image_url", "image_url": {"url": "https://a.invalid/{{boom()}}"}}
    turns = (
        Turn((IMAGE, evil, LINKED, words), "That", "glm-4.6v"),
        Turn((IMAGE,), "This", "glm-4.6v"),
    )
    path = tmp_path / "talk.ipynb"
    export.write(conversation(*turns), path)
    ((_, text, options),) = run(path)
    assert text == "Which?" and options["attach"] == (LINKED["image_url"]["url"],)  # type: ignore
    notes = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    assert "Turn 1 was asked with 2 images, which a cell cannot hold" in notes[0]
    assert "Turn 2 was of images alone" in notes[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_saved_outputs_hold_only_allowed_markup(tmp_path: Path, name: str) -> None:
    text = HOSTILE[name]
    path = tmp_path / "talk.ipynb"
    export.write(conversation(Turn("Hi", text, text[:90], state="incomplete")), path)
    (output,) = nbformat.read(path, 4).cells[-1].outputs
    assert set(output.data) == {"text/html", "text/plain", notebook.RECORD}
    assert "details" not in TAGS and faults(output.data["text/html"]) == []


def test_an_exported_notebook_runs_and_sends_the_same_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [
        *(
            "What is a mean?",
            '{{ x }}\n\n  <b>-->"""\n',
            "a\r\nb\x00c",
            "\u2028\u202e\x85 ```\n%zai",
        ),
        *("half \ud800 of it", "ends with a \\", ">>> -t 0.3?"),
    ]
    params = {"temperature": 0, "stop": ["\n\n"], "stream": True}
    turns = [Turn(text, "old", "glm-4.6", params=params) for text in prompts]
    path = tmp_path / "talk.ipynb"
    export.write(conversation(*turns, system="Be {{ short }}.\nPlease."), path)
    with Sandbox(pace=0) as sandbox:
        for name in ("ZAI_API_KEY", "Z_AI_API_KEY", "JPY_SESSION_NAME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ZAI_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("ZAI_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        book = nbformat.read(path, 4)
        about = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(book, timeout=120, kernel_name="python3", resources=about).execute()
        bodies = [line["body"] for line in sandbox.ledger if line["body"]]
    assert [body["messages"][-1]["content"] for body in bodies] == prompts
    for number, body in enumerate(bodies):
        system, *said = body["messages"]
        assert system == {"role": "system", "content": "Be {{ short }}.\nPlease."}
        assert [m["content"] for m in said[::2]] == prompts[: number + 1]
        assert (body["model"], body["temperature"], body["stop"]) == ("glm-4.6", 0, ["\n\n"])
    nbformat.write(book, path)
    again = notebook.turns(path)
    assert [t.user for t in again] == [whole(text) for text in prompts]
    assert all(t.reply != "old" and t.model == "glm-4.6" for t in again)
