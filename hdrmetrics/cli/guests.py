"""Nets of the user's on the command line: ``--model`` and ``--weights``."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from torch import nn

from hdrmetrics.enhance.named_guest import find_guest
from hdrmetrics.errors import OptionError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Model:
    """A guest that was named.

    Parameters
    ----------
    where
        As typed.
    guest
        The network or function.
    weights
        The file that fills it.
    """

    where: str
    guest: Any
    weights: str | None


def guests_voice() -> AbstractContextManager[object]:
    """Send what guests print to stderr: stdout is for tables, and for JSON that is piped on."""
    return redirect_stdout(sys.stderr)


def read_models(
    models: Sequence[str], weights: Sequence[str], taken: Collection[str]
) -> dict[str, Model]:
    """Return the guests by name.

    Parameters
    ----------
    models
        ``[NAME=]FILE.py:OBJECT`` each; the object's name where none is given.
    weights
        ``[NAME=]FILE`` each; the name may be left out where there is one model.
    taken
        Names of enhancers beside them.

    Raises
    ------
    OptionError, EnhancerError
        If one cannot be found or made, or two have one name.
    """
    found: dict[str, str] = {}
    for text in models:
        left, equals, right = text.partition("=")
        where = right if equals else text
        name = left if equals else where.rpartition(":")[2]
        if equals and not _NAME.fullmatch(name):
            raise OptionError(f"--model: {name!r} is no name: letters, digits, - and _")
        if name in found or name in taken:
            raise OptionError(
                f"two are called {name!r}: name them apart, as --model mine={where}"
            )  # fmt: skip
        found[name] = where
    files = _weights(weights, list(found))
    made = {}
    for name, where in found.items():
        guest = find_guest(where)
        if name in files and isinstance(guest, nn.Module):
            guest = copy.deepcopy(guest)  # the same object may be given other weights, too
        made[name] = Model(where, guest, files.get(name))
    return made


def _weights(texts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not (equals and name in names):
            if len(names) != 1:
                raise OptionError(
                    f"--weights {text}: say whose, as --weights NAME=FILE; the models are "
                    f"{', '.join(names) or 'none'}"
                )
            name, file = names[0], text
        if name in found:
            raise OptionError(f"{name} is given weights twice")
        found[name] = file
    return found
