"""Named things of one kind: registered by their own files, listed, looked up and made."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import threading
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
    strict
        Whether those are all; else ``make`` may know others.
    attempt
        In which attempt to import everything it was registered.
    """

    info: I
    make: Callable[..., T]
    parameters: tuple[Parameter, ...]
    strict: bool = True
    attempt: int = 0

    def takes(self, name: str) -> bool:
        """Return whether a setting of that name may be given."""
        if any(one.name == name for one in self.parameters):
            return True
        if self.strict:
            return False
        known = _signature(self.make)
        return name in known or any(one.kind is one.VAR_KEYWORD for one in known.values())


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
        self._loaded = self._loading = False
        self._attempt = 0
        self._lock = threading.RLock()

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
        before = self.entries.get(info.name)
        # A file whose import was broken off registers once more when it is imported again.
        again = self._loading and before is not None and before.attempt < self._attempt
        if before is not None and not (again and before.make.__module__ == make.__module__):
            raise OptionError(f"there is a {self.kind} {info.name!r} already")
        if parameters is None:
            parameters = getattr(info, "parameters", None)
        if parameters is None:
            parameters = getattr(make, "option_parameters", ()) or None
        strict = parameters is not None
        described = from_signature(make) if parameters is None else tuple(parameters)
        self.entries[info.name] = Entry(info, make, described, strict, self._attempt)

    def add(self, thing: type[T]) -> type[T]:
        """Register a class that has its description as ``info``; a decorator.

        Raises
        ------
        OptionError
            If the name is taken.
        """
        self.register(thing.info, thing)  # type: ignore[attr-defined]
        return thing

    def entry(self, name: str, like: str = "") -> Entry[I, T]:
        """Return the entry called ``name``; near names are those near ``like``, if it is given.

        Raises
        ------
        UnknownNameError
            If there is none; the message names the nearest ones.
        """
        self.load()
        return look_up(self.kind, name, self.entries, self.hint, like)

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
        """Import what registers: the files of the rooms, and other packages' entry points.

        Once, whichever thread comes first; what was interrupted begins again at the next call.
        """
        if self._loaded:
            return
        with self._lock:
            if self._loaded or self._loading:  # done by another thread, or asked for meanwhile
                return
            self._loading = True
            self._attempt += 1
            try:
                for room in self.rooms:
                    for module in _modules(room):
                        importlib.import_module(module)
                self._load_plugins()
                self._loaded = True
            finally:
                self._loading = False

    def _load_plugins(self) -> None:
        for entry in entry_points(group=self.group):
            try:
                entry.load()()
            except Exception as error:  # a broken plug-in must not take the others with it
                warnings.warn(
                    f"what {entry.value!r} adds could not be loaded: {error!r}",
                    HdrMetricsWarning,
                    stacklevel=4,
                )


def _modules(room: str) -> Iterator[str]:
    yield room
    for found in pkgutil.iter_modules(
        getattr(importlib.import_module(room), "__path__", ()), f"{room}."
    ):
        yield from _modules(found.name) if found.ispkg else (found.name,)


def look_up(kind: str, name: str, known: Mapping[str, T], hint: str = "", like: str = "") -> T:
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
    like
        What near names are looked for, where it is not the name itself.

    Raises
    ------
    UnknownNameError
        If there is none; the message names the nearest ones, or all.
    """
    if name not in known:
        near = difflib.get_close_matches(like or name, known, n=3)
        advice = hint or f"known: {', '.join(sorted(known))}"
        advice = f"did you mean {' or '.join(near)}?" if near else advice
        raise UnknownNameError(f"unknown {kind} {name!r}; {advice}")
    return known[name]


def from_signature(make: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the settings of other people's things, as far as a signature tells what they take."""
    described = []
    for name, one in _signature(make).items():
        if one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            continue
        plain = one.default is None or isinstance(one.default, (bool, int, float, str))
        default = one.default if plain and one.default is not one.empty else None
        kind: Any = "flag" if isinstance(default, bool) else "any"
        meaning = "has to be given" if one.default is one.empty else ""
        described.append(Parameter(name, default, None, "", meaning, kind))
    return tuple(described)


def _signature(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(make).parameters
    except (TypeError, ValueError):  # of what is written in C
        return {}
