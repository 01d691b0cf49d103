"""A network of the user's by where it is written: a file or a module, and its name there."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from hdrmetrics.enhance.modules import Guest
from hdrmetrics.errors import EnhancerError, OptionError

_COUNT = itertools.count()
_PREFIX = "_guest_"

_BROUGHT: dict[str, Path] = {}
"""Modules that were imported from beside a guest, and the folder they lie in."""


def find_guest(where: str) -> Guest:
    """Return the network or function that somebody names.

    What is written there is run, as ``python FILE.py`` would run it: name only files you trust.

    Parameters
    ----------
    where
        ``FILE.py:NAME`` or ``package.module:NAME``. NAME is a network (``nn.Module``), a function
        that takes a picture, or what makes one of these when it is called without arguments: a
        function, or a class of networks. What can be called without arguments is.

    Raises
    ------
    OptionError
        If the text has another form, or there is no such file, module or name.
    EnhancerError
        If what is written there fails, or makes nothing that can be called.

    Examples
    --------
    >>> find_guest("torch.nn:Identity")
    Identity()
    """
    place, colon, name = where.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise OptionError(
            f"a model is FILE.py:NAME or package.module:NAME, not {where!r}: name the network, or "
            "the function that makes it"
        )
    path = Path(place)
    if path.suffix == ".py" and not path.is_file():
        raise OptionError(f"there is no file {place!r} with a model")
    with _beside(path.resolve().parent if path.suffix == ".py" else Path.cwd()):
        module = _module(place, path)
        if not hasattr(module, name):
            raise OptionError(f"{place} has no {name!r}; {_offer(module)}")
        found = getattr(module, name)
        return _guest(found, where)


def _module(place: str, path: Path) -> Any:
    try:
        if path.suffix != ".py":
            return importlib.import_module(place)
        spec = importlib.util.spec_from_file_location(f"{_PREFIX}{next(_COUNT)}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses and pickles look there
        spec.loader.exec_module(module)
        return module
    except ModuleNotFoundError as error:
        if path.suffix != ".py" and error.name and place.startswith(error.name):
            raise OptionError(f"there is no module {place!r} ({error})") from error
        raise EnhancerError(f"{place} cannot be loaded: {error}") from error
    except (Exception, SystemExit) as error:
        hint = ""
        if path.suffix == ".py" and "no known parent package" in str(error):
            hint = ": a file that imports its neighbours by a dot is named as package.module:NAME"
        raise EnhancerError(f"{place} cannot be loaded: {error!r}{hint}") from error


def _guest(found: Any, where: str) -> Guest:
    if not isinstance(found, nn.Module) and callable(found) and _takes_nothing(found):
        try:
            found = found()
        except (Exception, SystemExit) as error:
            raise EnhancerError(f"{where} makes no network: {error!r}") from error
    if isinstance(found, type) or not callable(found):
        what = found.__name__ if isinstance(found, type) else type(found).__name__
        raise EnhancerError(
            f"{where} is {what}: a model is a network, a function that takes a picture, or a "
            "function without arguments that makes one"
        )
    guest: Guest = found
    return guest


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


def _offer(module: Any) -> str:
    own = [
        name for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]  # fmt: skip
    return f"it has {', '.join(own[:8])}" if own else "nothing in it could be one"


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Let what lies in a folder be imported, as when a file of it is run.

    Modules that an earlier guest brought from another folder are forgotten first: nets of two
    people have files of the same names (``arch.py``, ``utils``), and the second must not be made
    with the parts of the first, which keeps those that it has.
    """
    for name in [name for name, home in _BROUGHT.items() if home != folder]:
        sys.modules.pop(name, None)
        del _BROUGHT[name]
    known = set(sys.modules) - set(_BROUGHT)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:  # what was run may have changed it
            sys.path.remove(str(folder))
        own = [name for name in set(sys.modules) - known if _top(name) not in known]
        _BROUGHT.update({name: folder for name in own if _lies_in(folder, _top(name))})


def _top(name: str) -> str:
    return name.partition(".")[0]


def _lies_in(folder: Path, name: str) -> bool:
    """Return whether a module or package is a file or folder right in a folder."""
    module = sys.modules.get(name)
    places = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None)]
    own = name.startswith(_PREFIX)  # the guest itself, whose name no other has
    return not own and any(place and Path(place).resolve().parent == folder for place in places)
