"""The kinds of networks of tone mapping, by what their cards say of their size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.tonemapping.exposure_net import (
    ExposureNet,
    ExposureSize,
    empty_exposure_net,
)
from hdrmetrics.learned.tonemapping.grid_net import GridNet, GridSize, empty_grid_net

Size = ExposureSize | GridSize
Network = ExposureNet | GridNet

_KINDS: dict[str, type[Size]] = {one.form: one for one in (ExposureSize, GridSize)}


def size_of(data: Mapping[str, Any]) -> Size:
    """Return the size that ``to_dict`` of one of them wrote.

    Raises
    ------
    OptionError
        If it is none.
    """
    form = data.get("form") if isinstance(data, Mapping) else None
    if not (isinstance(form, str) and form in _KINDS):
        raise OptionError(f"form is one of {', '.join(_KINDS)}; not {str(form)[:80]!r}")
    return _KINDS[form].from_dict(data)


def empty_net(size: Size, device: str = "cpu") -> Network:
    """Return a network whose weights are still to be filled in; ``meta`` takes no memory."""
    if isinstance(size, GridSize):
        return empty_grid_net(size, device)
    return empty_exposure_net(size, device)
