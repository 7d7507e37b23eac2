"""What a model is told of a function: parameters from annotations, words from docstrings."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Optional

import annotated
import jsonschema
import pytest
from annotated import ANNOTATIONS, Colour, Level, Order, Point, Trip, of, schema, taking
from pydantic import BaseModel, TypeAdapter

from zai_magics.errors import CommandError

REFUSED = {"anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "definitions"}


def keys(node: Any) -> set[str]:
    """Every key of every object in a schema."""
    if isinstance(node, dict):
        return set(node).union(*map(keys, node.values()))
    return set().union(*map(keys, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("default", [{}, {"default": None}], ids=["required", "optional"])
@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
def test_no_schema_holds_what_the_service_answers_with_500(
    annotation: Any, default: dict[str, Any]
) -> None:
    request = taking(annotation, **default).to_request()
    assert not keys(request) & REFUSED
    assert json.loads(json.dumps(request, allow_nan=False)) == request
    parameters = request["function"]["parameters"]
    jsonschema.Draft202012Validator.check_schema(parameters)
    assert parameters.get("required", []) == ([] if default else ["x"])


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
def test_a_request_is_what_the_openai_sdk_calls_a_tool(annotation: Any) -> None:
    chat = pytest.importorskip("openai.types.chat")
    TypeAdapter(chat.ChatCompletionToolParam).validate_python(taking(annotation).to_request())


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (tuple[int, int], {
            "type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2,
            "description": "a list of 2: an integer, an integer",
        }),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "string", "enum": ["LOW", "HIGH"]}),
        (Optional[int], {  # noqa: UP045
            "type": "integer", "description": "may be null"}),
        (int | str, {"description": "an integer or a string"}),
        (int | float, {"type": "number"}),
        (date | str, {"type": "string", "description": "a date, YYYY-MM-DD or a string"}),
        (date, {"type": "string", "format": "date", "description": "a date, YYYY-MM-DD"}),
        (Path, {"type": "string", "description": "a file path"}),
        (Trip, {
            "type": "object", "required": ["where"], "additionalProperties": False,
            "properties": {"where": {"type": "string"}, "days": {"type": "integer"}},
        }),
    ],
    ids=str,
)  # fmt: skip
def test_an_annotation_becomes_this_schema(annotation: Any, expected: Any) -> None:
    assert schema(annotation) == expected


def test_a_dataclass_brings_its_defaults_and_the_words_of_its_docstring() -> None:
    assert schema(Point)["properties"]["x"] == {"type": "number", "description": "across"}
    assert schema(Point)["properties"]["y"]["default"] == 0.5
    assert schema(Point)["required"] == ["x"]


def test_a_pydantic_model_is_written_out_in_place() -> None:
    found = schema(Order)
    assert found["properties"]["inner"]["properties"]["number"] == {
        "type": "integer",
        "description": "may be null",
    }
    assert found["properties"]["name"]["maxLength"] == 20
    assert (
        "an object with pet, lives or an object with pet, barks"
        in (found["properties"]["pet"]["description"])
    )


@pytest.mark.parametrize("cls", [annotated.Tree, annotated.Chain, annotated.Loop], ids=str)
def test_a_type_that_holds_itself_is_refused_by_name(cls: Any) -> None:
    with pytest.raises(CommandError, match=f"{cls.__name__}, which holds itself"):
        taking(cls)


@pytest.mark.parametrize(
    ("annotation", "default", "shown"),
    [
        (int, 3, 3), (Colour, Colour.RED, "red"), (Level, Level.HIGH, "HIGH"),
        (date, date(2026, 1, 2), "2026-01-02"), (tuple[int, ...], (1, 2), [1, 2]),
        (set[str], {"b", "a"}, ["a", "b"]), (Path, Path("a"), "a"), (int, None, None),
    ],
)  # fmt: skip
def test_a_default_is_shown_as_the_model_would_write_it(
    annotation: Any, default: Any, shown: Any
) -> None:
    assert schema(annotation, default=default)["default"] == shown


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(float, float("nan")), (Any, object()), (str, "x" * 1000), (int, "three"), (Any, print)],
    ids=["nan", "object", "long", "of another type", "function"],
)
def test_a_default_that_json_cannot_say_shortly_is_not_shown(annotation: Any, default: Any) -> None:
    assert "default" not in schema(annotation, default=default)


def test_a_default_that_looks_like_a_secret_does_not_go_to_the_service() -> None:
    def search(words: str, api_key: str = "sk-12345", password: str = "p") -> None: ...

    assert "sk-12345" not in json.dumps(of(search).to_request())
    assert '"p"' not in json.dumps(of(search).to_request())


def test_without_an_annotation_the_default_tells_the_type() -> None:
    def f(a, b="x", c=1, d=True, e=(), f=None, g=Colour.RED) -> None:  # type: ignore[no-untyped-def]
        ...

    properties = of(f).parameters["properties"]
    kinds = {name: one.get("type") for name, one in properties.items()}
    assert kinds == {
        "a": None, "b": "string", "c": "number", "d": "boolean", "e": "array", "f": None,
        "g": "string",
    }  # fmt: skip


GOOGLE = """Says.

    More.

    Args:
        city (str): The city,
            with its country.
        days: How many.

    Returns:
        str: days: none of these
    """
NUMPY = """Says.

    Parameters
    ----------
    city : str
        The city,
        with its country.

    days, hours : int, optional
        How many.

    Returns
    -------
    days
        none of these
    """
SPHINX = """Says.

    :param str city: The city,
        with its country.
    :param days: How many.
    :returns: days
    """


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_the_words_of_three_docstring_styles_reach_the_parameters(doc: str) -> None:
    def f(city: str, days: int = 1) -> None: ...

    f.__doc__ = doc
    tool = of(f)
    properties = tool.parameters["properties"]
    assert tool.description == "Says."
    assert properties["city"]["description"] == "The city, with its country."
    assert properties["days"]["description"] == "How many."


@pytest.mark.parametrize(
    "doc", ["", "\n\n", "Args:\n  x: y", "x" * 10**6, "a\n" * 10**5, ":" * 999]
)
def test_a_strange_docstring_is_bounded_and_harmless(doc: str) -> None:
    def f(x: str) -> None: ...

    f.__doc__ = doc
    assert len(json.dumps(of(f).to_request())) < 3000


def test_an_annotation_in_words_of_a_notebook_is_resolved_where_the_function_lives() -> None:
    notebook: dict[str, Any] = {"__name__": "nowhere"}
    source = (
        "from __future__ import annotations\n"
        "from typing import TypedDict\n"
        "class Spot(TypedDict):\n    x: Size\n"
        "Size = int\n"
        "def f(spot: Spot, n: Size) -> Nonsense: ...\n"
        "def g(n: Sise): ...\n"
    )
    exec(source, notebook)
    properties = of(notebook["f"]).parameters["properties"]
    assert properties["spot"]["properties"] == {"x": {"type": "integer"}}
    assert properties["n"] == {"type": "integer"}
    with pytest.raises(CommandError, match=r"parameter n has the annotation Sise, .*resolved"):
        of(notebook["g"])


@pytest.mark.parametrize(
    "annotation", [bytes, complex, type, [int], 5, dict[tuple[int, int], int], Literal[b"a"], Enum,
                   dict[float, int], "not a type", "os.system('x')", list["Nope"]], ids=str,  # noqa: F821
)  # fmt: skip
def test_what_json_cannot_stand_for_is_refused_with_its_parameter(annotation: Any) -> None:
    with pytest.raises(CommandError, match="the parameter x ") as caught:
        taking(annotation)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
def test_a_parameter_named_like_a_refused_keyword_is_refused(word: str) -> None:
    notebook: dict[str, Any] = {}
    exec(f"def f({word}: int): ...", notebook)
    with pytest.raises(CommandError, match=f"refuses the name {word}"):
        of(notebook["f"])


def test_a_model_that_has_no_schema_is_refused() -> None:
    class Odd(BaseModel, arbitrary_types_allowed=True):
        x: Path.__class__  # type: ignore[valid-type]
        y: object.__new__.__class__  # type: ignore[valid-type]

    with pytest.raises(CommandError, match="Odd without a JSON schema"):
        taking(Odd)


def test_a_schema_that_json_cannot_carry_or_that_is_huge_is_refused() -> None:
    with pytest.raises(CommandError, match="is no JSON; write a function around it"):
        taking(Literal["\ud800"])
    with pytest.raises(CommandError, match="bytes in each request"):
        taking(Literal["a" * 60_000, "b" * 60_000])


def test_a_pydantic_model_that_takes_more_names_says_so() -> None:
    class Open(BaseModel, extra="allow"):
        a: int

    assert schema(Open)["additionalProperties"] is True
    assert schema(Order)["additionalProperties"] is False
    assert schema(Order)["properties"]["inner"]["additionalProperties"] is False
