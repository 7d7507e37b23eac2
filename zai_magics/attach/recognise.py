"""Telling what a value is without importing the library that made it."""

from __future__ import annotations

from typing import Any


def root(value: Any) -> str:
    """The package of a value's class: "pandas" for a DataFrame, "builtins" for a list."""
    return _root(type(value))


def made_by(value: Any, package: str, *classes: str) -> bool:
    """Whether one of a value's classes, or a parent of it, is one of these of a package.

    `made_by(fig, "matplotlib", "Figure")`; without classes, any class of the package will do.
    """
    return any(
        _root(cls) == package and (not classes or cls.__name__ in classes)
        for cls in type(value).__mro__
    )


def _root(cls: type) -> str:
    module = getattr(cls, "__module__", "")
    return module.partition(".")[0] if isinstance(module, str) else ""


def own(value: Any) -> bool:
    """Whether this package made it, as it did a Picture."""
    return root(value) == __name__.partition(".")[0]
