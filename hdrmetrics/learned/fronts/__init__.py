"""Front ends of the learned predictors: fixed, one class each, known by their names."""

from __future__ import annotations

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.fronts.alone import CellsAlone
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.front import Front

_FRONTS: dict[str, Front] = {}


def register_front(front: Front) -> None:
    """Let descriptions of networks name a front end; one of that name is replaced."""
    _FRONTS[front.name] = front


def front_of(name: str) -> Front:
    """Return the front end of a name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if not isinstance(name, str) or name not in _FRONTS:
        raise OptionError(f"a front end is one of {', '.join(_FRONTS)}; not {str(name)[:80]!r}")
    return _FRONTS[name]


register_front(CellsAlone())
register_front(CellsCompared())
