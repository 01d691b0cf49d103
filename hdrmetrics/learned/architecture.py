"""Architectures of the learned predictors, described as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole
from hdrmetrics.learned.fronts import front_of
from hdrmetrics.learned.fronts.alone import CellsAlone
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.front import Front, Inputs

WINDOW = 256
"""Side in pixels of the windows that pictures are scored by: that of the labelled crops."""

# Far beyond what trains on a desk, near enough that a hostile description costs no memory.
_CHANNELS, _STAGES, _BLOCKS, _HIDDEN, _HEADS = 2048, 8, 8, 4096, 32


@dataclass(frozen=True, slots=True)
class Stage:
    """A convolution with ReZero blocks after it: x + α·f(x), α starting at 0.

    Parameters
    ----------
    channels
        Of its output.
    blocks
        Residual convolutions.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    channels: int
    blocks: int

    def __post_init__(self) -> None:
        check_whole(self.channels, "channels of a stage", 1, _CHANNELS)
        check_whole(self.blocks, "blocks of a stage", 0, _BLOCKS)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A quality network: front end, stages, heads.

    Parameters
    ----------
    name
        For tables and logs.
    front
        Name of what makes channels of pixels, see :mod:`hdrmetrics.learned.fronts`: it says which
        pictures are seen, of what kind stages are, and what is pooled.
    stages
        In order.
    heads
        Names of the outputs. Each head has a hidden layer of its own on the common statistics.
    hidden
        Units of that layer.

    Raises
    ------
    OptionError
        For a description that goes beyond all bounds, or an unknown front end.
    """

    name: str
    front: str
    stages: tuple[Stage, ...]
    heads: tuple[str, ...]
    hidden: int

    def __post_init__(self) -> None:
        front = front_of(self.front)
        if not 1 <= len(self.stages) <= _STAGES:
            raise OptionError(f"a network has 1 to {_STAGES} stages, not {len(self.stages)}")
        if front.minimum_length(len(self.stages)) > WINDOW:
            raise OptionError(f"{len(self.stages)} stages leave nothing of a window of {WINDOW} px")
        check_whole(self.hidden, "hidden", 1, _HIDDEN)
        good = all(isinstance(head, str) and _is_name(head) for head in self.heads)
        if not good or not 1 <= len(set(self.heads)) == len(self.heads) <= _HEADS:
            raise OptionError(
                f"heads are 1 to {_HEADS} different names of small letters, digits and '-', "
                f"not {self.heads!r}"
            )
        if not isinstance(self.name, str) or not _is_name(self.name):
            raise OptionError(
                f"a name is of small letters, digits and '-', not {str(self.name)[:80]!r}"
            )

    @property
    def seen(self) -> Front:
        """The front end."""
        return front_of(self.front)

    @property
    def inputs(self) -> Inputs:
        """Whether the reference is seen too."""
        return self.seen.inputs

    @property
    def statistics(self) -> int:
        """How many numbers the heads see."""
        front = self.seen
        widths = [front.channels + front.beside, *(stage.channels for stage in self.stages)]
        return front.per_channel * sum(widths[level] for level in front.pooled(len(self.stages)))

    def with_heads(self, *heads: str) -> Architecture:
        """Return the same network with other outputs."""
        return replace(self, heads=heads)

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON-ready values."""
        stages = [asdict(stage) for stage in self.stages]
        return asdict(self) | {"stages": stages, "heads": list(self.heads)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Architecture:
        """Return the architecture that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown, or of values that cannot be.
        """
        try:
            entries = dict(data)
            stages = tuple(Stage(**item) for item in entries.pop("stages"))
            return cls(**entries | {"stages": stages, "heads": tuple(entries["heads"])})
        except OptionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"not the description of a network: {error}") from None


def _is_name(text: str) -> bool:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    return 0 < len(text) <= 64 and set(text) <= allowed


OURS_NOR = Architecture(
    name="ours-nor",
    front=CellsAlone.name,
    stages=(Stage(128, 0), Stage(128, 1), Stage(128, 1)),
    heads=("hdr-c", "sdr-d", "tmo", "itmo"),
    hidden=256,
)
"""Ours without a reference: fixed descriptors of cells, bent by layers that see a cell each."""

OURS_DIQM = replace(OURS_NOR, name="ours-diqm", front=CellsCompared.name)
"""Ours with a reference: descriptors of both pictures, of how they differ, and how visibly."""
