"""Recipes of runs, from TOML files to the dataclasses that check them."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from hdrmetrics.errors import OptionError

T = TypeVar("T")


def recipe_of(path: Path, kind: type[T]) -> T:
    """Return the recipe of a TOML file; what it leaves out is as the dataclass has it.

    Raises
    ------
    OptionError
        If it cannot be read, or says what no such recipe says.
    """
    said = read_toml(path)
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(said) - known)
    if unknown:
        raise OptionError(f"{path}: a recipe has no {', '.join(unknown)}; it has {sorted(known)}")
    try:
        return kind(**{name: _frozen(value) for name, value in said.items()})
    except TypeError as error:
        raise OptionError(f"{path}: {error}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises
    ------
    OptionError
        If it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path}: cannot be read as a recipe ({error})") from error


def _frozen(value: Any) -> Any:
    """Return lists as tuples, which frozen recipes hold."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
