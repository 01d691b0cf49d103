"""What a scene is: a source picture with its name, its licence and the split that it belongs to."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["hdr", "sdr"]
"""``hdr``: relative linear BT.709 light; ``sdr``: sRGB codes in [0, 1]."""

Split = Literal["train", "validation", "test"]

BAND = (0.2, 0.8)
"""Part of a panorama's height that frames are cut from: nearer the poles rows are stretched by more
than 1.7 (the secant of 54°), and straight lines bend."""

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


@runtime_checkable
class Scene(Protocol):
    """A source picture, described without its pixels.

    Implementations are frozen and small: they travel to worker processes by pickle.

    Attributes
    ----------
    name
        Unique in a set; letters, digits, ``_``, ``.`` and ``-``.
    kind
        See :data:`Kind`.
    panorama
        Whether it is equirectangular: its left and right edges meet, its poles are stretched.
    licence
        As its source states it, ``"unknown"`` where nobody does.
    group
        Scenes of one group show the same place or are near-duplicates; a group is never divided
        between splits.
    split
        The part of a set that its items belong to.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> Kind: ...  # noqa: D102
    @property
    def panorama(self) -> bool: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def split(self) -> Split: ...  # noqa: D102

    def load(self) -> Tensor:
        """Return the picture ``(3, H, W)``, float32.

        ``hdr``: linear BT.709 light in relative units, finite, not negative. ``sdr``: sRGB codes
        in [0, 1].

        Raises
        ------
        HdrMetricsError
            If the picture cannot be read, or is not what the scene says.
        """
        ...


def check_name(name: str) -> str:
    """Return a name that a scene may have.

    Names are written into tables, file names and hashes, so they are plain.

    Raises
    ------
    OptionError
        If it is empty, or holds anything but letters, digits, ``_``, ``.`` and ``-``.
    """
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise OptionError(
            f"a scene's name is made of letters, digits, '_', '.' and '-', not {name!r}: rename "
            "the file, or name the scene in the column 'scene' of the index.csv beside it"
        )
    return name


def room(size: tuple[int, int], panorama: bool) -> tuple[int, int, int]:
    """Return the top row, the height and the width that frames of a scene may use.

    Parameters
    ----------
    size
        Height and width of the scene.
    panorama
        Whether it is equirectangular; then only the rows of :data:`BAND` are used.
    """
    height, width = size
    if not panorama:
        return 0, height, width
    top = math.ceil(BAND[0] * height)
    return top, math.floor(BAND[1] * height) - top, width
