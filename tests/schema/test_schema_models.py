"""pydantic's classes give their schema, and judge the answer themselves."""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import pytest

from zai_magics.errors import CommandError
from zai_magics.schema import instructions, of, read

pydantic = pytest.importorskip("pydantic")

Field = pydantic.Field


class Mood(enum.Enum):
    """Two moods."""

    GOOD = "good"
    BAD = "bad"


class Place(pydantic.BaseModel):
    """Nested."""

    city: str


class Person(pydantic.BaseModel):
    """Several kinds of field."""

    full_name: Annotated[str, Field(alias="fullName", min_length=2)]
    age: int | None
    born: date
    mood: Mood = Mood.GOOD
    places: list[Place] = Field(default_factory=list)

    @pydantic.field_validator("age")
    @classmethod
    def not_negative(cls, age: int | None) -> int | None:
        if age is not None and age < 0:
            raise ValueError("nobody is that young")
        return age


class Strict(pydantic.BaseModel):
    """Takes no other type, and no other key."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid")
    n: int
    day: date
    pair: tuple[int, int]


class Node(pydantic.BaseModel):
    """Contains itself."""

    value: int
    children: list[Node] = Field(default_factory=list)


class Cat(pydantic.BaseModel):
    """One of two."""

    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    """The other of two."""

    kind: Literal["dog"]
    tricks: list[str]


class Owner(pydantic.BaseModel):
    """Has one of two."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Fallible(pydantic.BaseModel):
    """With a mistake in its own code."""

    n: int

    @pydantic.field_validator("n")
    @classmethod
    def broken(cls, n: int) -> int:
        return {}[n]


@dataclass
class Pair:
    """A plain dataclass with a model in it."""

    left: Node
    right: Node | None = None


ADA = {"fullName": "Ada", "age": "36", "born": "1815-12-10", "mood": "Good", "places": []}


def test_the_schema_is_shown_without_titles_and_references() -> None:
    schema = of(Person)
    assert schema.name == "Person"
    assert schema.json["properties"]["places"]["items"]["required"] == ["city"]
    assert '"title"' not in instructions(schema)
    assert "$ref" not in instructions(schema)
    assert "discriminator" not in instructions(of(Owner))
    assert len(of(list[Node]).json["$defs"]) == 1


def test_an_answer_becomes_an_instance() -> None:
    ada = read(json.dumps(ADA), of(Person)).data
    assert isinstance(ada, Person)
    assert (ada.full_name, ada.age, ada.born, ada.mood) == (
        "Ada",
        36,
        date(1815, 12, 10),
        Mood.GOOD,
    )


def test_rows_become_a_list_of_instances() -> None:
    found = read(json.dumps({"people": [ADA, {**ADA, "fullName": "Eve"}]}), of(list[Person]))
    assert [p.full_name for p in found.data] == ["Ada", "Eve"]
    assert read("[]", of(list[Person])).data == []


def test_what_pydantic_refuses_is_put_right_where_that_is_safe() -> None:
    found = read('{"fullName": 42, "born": "1815-12-10"}', of(Person))
    assert (found.data.full_name, found.data.age) == ("42", None)
    strict = read('{"n": "3", "day": "2024-01-02", "pair": [1, 2]}', of(Strict)).data
    assert strict == Strict(n=3, day=date(2024, 1, 2), pair=(1, 2))


def test_problems_are_in_pydantic_s_words_with_our_places() -> None:
    wrong = {"fullName": "A", "age": -1, "born": "x", "places": [{}]}
    problems = read(json.dumps([wrong]), of(list[Person])).problems
    assert problems[0] == 'items[0].fullName: String should have at least 2 characters (not "A")'
    assert problems[1] == "items[0].age: Value error, nobody is that young (not -1)"
    assert problems[2].startswith("items[0].born: Input should be a valid date")
    assert problems[3] == "items[0].places[0].city: is missing"
    (forbidden,) = read(
        '{"n": 1, "day": "2024-01-02", "pair": [1, 2], "x": 1}', of(Strict)
    ).problems
    assert forbidden == "x: Extra inputs are not permitted (not 1)"


def test_one_of_several_models_is_found() -> None:
    owner = read('{"pet": {"kind": "dog", "tricks": ["sit"]}}', of(Owner)).data
    assert isinstance(owner.pet, Dog)
    assert isinstance(read('{"kind": "cat", "lives": 9}', of(Cat | Dog)).data, Cat)
    (said,) = read('{"pet": {"kind": "cat", "lives": "x"}}', of(Owner)).problems
    assert said.startswith("pet.cat.lives: ")


def test_a_model_that_contains_itself_is_read_and_never_runs_away() -> None:
    tree = {"value": 1, "children": [{"value": 2, "children": [{"value": "x"}]}]}
    (said,) = read(json.dumps(tree), of(Node)).problems
    assert said.startswith("children[0].children[0].value: ")
    deep = '{"value": 1, "children": [' * 60 + "]}" * 60
    assert "nested more than 64 deep" in read(deep, of(Node)).problems[0]


def test_models_in_other_types_are_pydantic_s() -> None:
    pair = read('{"left": {"value": "1"}}', of(Pair)).data
    assert pair == Pair(Node(value=1))
    root = pydantic.RootModel[list[Place]]
    assert read('[{"city": "Rome"}]', of(root)).data.root == [Place(city="Rome")]


def test_a_mistake_in_the_user_s_own_code_is_a_problem_with_its_name() -> None:
    assert read('{"n": 1}', of(Fallible)).problems == ("the answer: KeyError: 1",)


def test_of_three_thousand_problems_fifty_are_told() -> None:
    found = read(json.dumps([{"city": []} for _ in range(3000)]), of(list[Place]))
    assert len(found.problems) == 51
    assert found.problems[-1] == "… and more"


def test_what_pydantic_cannot_describe_is_one_line() -> None:
    odd = pydantic.create_model(
        "Odd",
        f=(Any, ...),
        call=(type(lambda: 0), ...),
        __config__={
            "arbitrary_types_allowed": True,
        },
    )
    with pytest.raises(CommandError, match="Odd: it has no JSON schema") as error:
        of(odd)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pydantic 1 ends before")
def test_the_classes_of_pydantic_1_work() -> None:
    old = pytest.importorskip("pydantic.v1")
    inner = type("Inner", (old.BaseModel,), {"__annotations__": {"n": int}})
    model = type("Old", (old.BaseModel,), {"__annotations__": {"name": str, "inner": inner}})
    text = '{"name": "x", "inner": {"n": "3"}}'
    assert read(text, of(model)).data == model(name="x", inner=inner(n=3))
    assert read(f"[{text}]", of(list[model])).data == [model(name="x", inner=inner(n=3))]
    assert "$ref" not in instructions(of(list[model]))
    (said,) = read('[{"name": "x", "inner": {"n": "y"}}]', of(list[model])).problems
    assert said.startswith("items[0].inner.n: ")


def test_pydantic_is_imported_only_where_the_user_has_it() -> None:
    code = """
import sys
from zai_magics.schema import parse, read
assert read('{"a": "1"}', parse("a int", {})).data == {"a": 1}
assert "pydantic" not in sys.modules and "pandas" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
