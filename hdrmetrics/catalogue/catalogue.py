"""Named things of one kind: registered by their own files, listed, looked up and made."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Generic, Protocol, TypeVar

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import HdrMetricsWarning, OptionError, UnknownNameError

T = TypeVar("T")


class Info(Protocol):
    """What every description has."""

    @property
    def name(self) -> str:
        """What it is called."""


I = TypeVar("I", bound=Info)  # noqa: E741  (the description; T is the thing)


@dataclass(frozen=True, slots=True)
class Entry(Generic[I, T]):
    """A named thing.

    Parameters
    ----------
    info
        Its description.
    make
        Called with settings by keyword; returns one.
    parameters
        Its settings.
    """

    info: I
    make: Callable[..., T]
    parameters: tuple[Parameter, ...]


class Catalogue(Generic[I, T]):
    """Things of one kind by name: ours, which register when their files are imported, and others'.

    Parameters
    ----------
    kind
        What they are, for messages: ``"codec"``.
    rooms
        Modules that hold them; of a package, all modules in it. They are imported at the first
        look-up, so that a file which registers something is all that adding it takes.
    group
        A package adds things by an entry point of this group that names a function without
        arguments, which calls :meth:`register`.
    hint
        What to say of a name that is like no other, in place of all names.
    """

    def __init__(self, kind: str, *rooms: str, group: str, hint: str = "") -> None:
        self.kind, self.rooms, self.group, self.hint = kind, rooms, group, hint
        self.entries: dict[str, Entry[I, T]] = {}
        self._loaded = False

    def register(
        self,
        info: I,
        make: Callable[..., T],
        parameters: Iterable[Parameter] | None = None,
    ) -> None:
        """Make a thing known by ``info.name``.

        Parameters
        ----------
        info
            Its description.
        make
            Called with the user's settings by keyword.
        parameters
            Its settings; without them, those of the description or of ``make``, else what the
            signature of ``make`` gives as plain values.

        Raises
        ------
        OptionError
            If the name is taken.
        """
        if info.name in self.entries:
            raise OptionError(f"there is a {self.kind} {info.name!r} already")
        if parameters is None:
            parameters = getattr(info, "parameters", None)
        if parameters is None:
            parameters = getattr(make, "option_parameters", ()) or from_signature(make)
        self.entries[info.name] = Entry(info, make, tuple(parameters))

    def add(self, thing: type[T]) -> type[T]:
        """Register a class that has its description as ``info``; a decorator.

        Raises
        ------
        OptionError
            If the name is taken.
        """
        self.register(thing.info, thing)  # type: ignore[attr-defined]
        return thing

    def entry(self, name: str) -> Entry[I, T]:
        """Return the entry called ``name``.

        Raises
        ------
        UnknownNameError
            If there is none; the message names the nearest ones.
        """
        self.load()
        return look_up(self.kind, name, self.entries, self.hint)

    def create(self, name: str, settings: Mapping[str, Any]) -> T:
        """Return a new thing.

        Raises
        ------
        UnknownNameError
            If there is none of that name.
        OptionError
            If a setting is unknown or cannot be.
        """
        return self.entry(name).make(**settings)

    def infos(self, **wanted: Any) -> list[I]:
        """Return the descriptions by name, those whose attributes are as wanted (``None``: any)."""
        self.load()
        asked = {key: value for key, value in wanted.items() if value is not None}
        return [
            entry.info
            for _, entry in sorted(self.entries.items())
            if all(getattr(entry.info, key) == value for key, value in asked.items())
        ]

    def load(self) -> None:
        """Import what registers: the files of the rooms, and other packages' entry points."""
        if self._loaded:
            return
        self._loaded = True
        for room in self.rooms:
            for module in _modules(room):
                importlib.import_module(module)
        for entry in entry_points(group=self.group):
            try:
                entry.load()()
            except Exception as error:  # a broken plug-in must not take the others with it
                warnings.warn(
                    f"what {entry.value!r} adds could not be loaded: {error!r}",
                    HdrMetricsWarning,
                    stacklevel=3,
                )


def _modules(room: str) -> Iterator[str]:
    yield room
    for found in pkgutil.iter_modules(
        getattr(importlib.import_module(room), "__path__", ()), f"{room}."
    ):
        yield from _modules(found.name) if found.ispkg else (found.name,)


def look_up(kind: str, name: str, known: Mapping[str, T], hint: str = "") -> T:
    """Return the entry called ``name``.

    Parameters
    ----------
    kind
        What the entries are, for the message: ``"codec"``.
    name
        As the caller gave it.
    known
        All entries by name.
    hint
        What to say of a name that is like no other, in place of all names.

    Raises
    ------
    UnknownNameError
        If there is none; the message names the nearest ones, or all.
    """
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        advice = hint or f"known: {', '.join(sorted(known))}"
        advice = f"did you mean {' or '.join(near)}?" if near else advice
        raise UnknownNameError(f"unknown {kind} {name!r}; {advice}")
    return known[name]


def from_signature(make: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the settings of other people's things, as far as defaults tell what they take."""
    found = []
    for name, one in inspect.signature(make).parameters.items():
        value = one.default
        if isinstance(value, bool):
            found.append(Parameter(name, value, None, "", "", "flag"))
        elif isinstance(value, (int, float)):
            kind: Any = "integer" if isinstance(value, int) else "real"
            found.append(Parameter(name, value, (-1e300, 1e300), "", "", kind))
    return tuple(found)
