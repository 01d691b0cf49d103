"""Architectures of the learned predictors, described as data."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast, get_args

from hdrmetrics.errors import OptionError
from hdrmetrics.learned import descriptors, seams, visible

Inputs = Literal["none", "reference"]
Light = Literal["pu21", "log10"]
Fusion = Literal["none", "concatenated", "difference"]
Pooling = Literal["mean", "mean+std", "mean+std+log", "mean+std+peak"]
Padding = Literal["valid", "zeros"]

WINDOW = 256
"""Side in pixels of the windows that pictures are scored by: that of the labelled crops."""

# Far beyond what trains on a desk, near enough that a hostile description costs no memory.
_CHANNELS, _STAGES, _BLOCKS, _FACTOR, _HIDDEN, _HEADS, _ORDER = 2048, 8, 8, 4, 4096, 32, 16


@dataclass(frozen=True, slots=True)
class HighPass:
    """A fixed filter of the front end: the difference of two binomial blurs, gained and bent.

    With h the difference, the channel is g·h / (1 + |g·h| / limit): weak detail, where artefacts
    live, is amplified, while no highlight leads to large activations.

    Parameters
    ----------
    inner, outer
        Even orders of the binomial blurs (``order + 1`` taps); 0 is the picture itself.
    gain
        g; brings the detail of photographs to about unit scale.
    limit
        Largest magnitude of the channel.

    Raises
    ------
    OptionError
        For orders or numbers that cannot be.
    """

    inner: int
    outer: int
    gain: float
    limit: float

    def __post_init__(self) -> None:
        whole = all(_whole(order, 0, _ORDER) and order % 2 == 0 for order in self.orders)
        if not (whole and self.inner < self.outer):
            raise OptionError(
                f"a high-pass has two even orders, the inner below the outer (at most {_ORDER}), "
                f"not {self.orders}"
            )
        if not (_positive(self.gain) and _positive(self.limit)):
            raise OptionError(f"gain and limit are positive, not {self.gain} and {self.limit}")

    @property
    def orders(self) -> tuple[int, int]:
        """Inner and outer order."""
        return self.inner, self.outer


@dataclass(frozen=True, slots=True)
class Front:
    """How pixels become the channels that the first convolution sees.

    Parameters
    ----------
    light
        Code of luminance in cd/m²: ``pu21`` is PU21 over 256, on whose scale a display of
        100 cd/m² ends at 1, like display codes; ``log10`` is log10(1 + L), as in the papers.
        Display codes are taken as they are.
    high_pass
        Fixed filters of that code, one channel each.
    chroma
        Whether red and blue against luminance are two more channels.
    descriptors
        Whether the channels are the fixed descriptors of cells of 16 px instead; see
        :mod:`hdrmetrics.learned.descriptors`. There are no other filters then.
    seams
        Whether the seams of blocks are described too; see :mod:`hdrmetrics.learned.seams`. They
        are pooled beside the descriptors, and no stage sees them.
    visible
        Whether the visible differences of two pictures are described too; see
        :mod:`hdrmetrics.learned.visible`. They are pooled beside the descriptors likewise.

    Raises
    ------
    OptionError
        For an unknown code, filters beside descriptors, or seams or visible differences without
        them.
    """

    light: Light
    high_pass: tuple[HighPass, ...] = ()
    chroma: bool = False
    descriptors: bool = False
    seams: bool = False
    visible: bool = False

    def __post_init__(self) -> None:
        _one_of("light", self.light, Light)
        if len(self.high_pass) > _STAGES or not all(
            isinstance(item, HighPass) for item in self.high_pass
        ):
            raise OptionError(f"high_pass is a list of at most {_STAGES} high-pass filters")
        for name in ("chroma", "descriptors", "seams", "visible"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"{name} is true or false, not {getattr(self, name)!r}")
        if self.descriptors and self.high_pass:
            raise OptionError("a front end of descriptors has no other filters")
        if (self.seams or self.visible) and not self.descriptors:
            raise OptionError("seams and visible differences are described beside descriptors only")

    @property
    def channels(self) -> int:
        """Channels per picture that the first stage sees."""
        if self.descriptors:
            return len(descriptors.NAMES) + len(descriptors.CHROMA_NAMES) * self.chroma
        return 1 + len(self.high_pass) + 2 * self.chroma

    @property
    def seam_channels(self) -> int:
        """Channels of seams, after those."""
        return len(seams.NAMES) * self.seams

    @property
    def visible_channels(self) -> int:
        """Channels of visible differences, after the descriptors of both pictures."""
        return len(visible.NAMES) * self.visible

    @property
    def margin(self) -> int:
        """Pixels lost at each border to the filters, which see no padding."""
        if self.descriptors:
            return descriptors.MARGIN
        return max((item.outer for item in self.high_pass), default=0) // 2

    @property
    def stride(self) -> int:
        """Pixels from one cell of the channels to the next."""
        return descriptors.CELL if self.descriptors else 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A convolution with ReZero blocks after it: x + α·f(x), α starting at 0.

    Parameters
    ----------
    channels
        Of its output.
    blocks
        Residual convolutions.
    stride
        Of the first convolution.
    max_pool
        Side and stride of the max-pool at its end; 1 for none.
    kernel
        Side of the convolutions: 3, or 1 to look at each cell by itself.

    Raises
    ------
    OptionError
        For numbers out of range.
    """

    channels: int
    blocks: int = 1
    stride: int = 1
    max_pool: int = 1
    kernel: int = 3

    def __post_init__(self) -> None:
        for name, least, most in (
            ("channels", 1, _CHANNELS),
            ("blocks", 0, _BLOCKS),
            ("stride", 1, _FACTOR),
            ("max_pool", 1, _FACTOR),
        ):
            if not _whole(getattr(self, name), least, most):
                raise OptionError(
                    f"{name} of a stage is a whole number from {least} to {most}, "
                    f"not {getattr(self, name)!r}"
                )
        if not (_whole(self.kernel, 1, 3) and self.kernel % 2):
            raise OptionError(f"kernels are 3 or 1 cells wide, not {self.kernel!r}")


@dataclass(frozen=True, slots=True)
class Architecture:
    """A quality network: front end, stages, pooling, heads.

    Parameters
    ----------
    name
        For tables and logs.
    inputs
        ``none``: the test picture alone; ``reference``: the reference too.
    front
        How pixels become channels.
    stages
        In order; the first one is the stem.
    heads
        Names of the outputs. Each head has a hidden layer of its own on the common statistics.
    hidden
        Units of that layer.
    pooling
        Statistics of each channel over a window: ``mean``; ``mean+std``; ``mean+std+log``, where
        the logarithm of the energy tells faint from nothing; ``mean+std+peak``, where the fourth
        root of the mean fourth power tells few strong cells from many weak ones.
    pooled
        Levels whose channels are pooled: 0 is the front end, 1 the first stage, and so on.
    padding
        ``valid``: convolutions see nothing but the picture, so a window of a large picture and
        the same pixels as a picture of their own give the same features; ``zeros``: as in the
        papers.
    fusion
        How two pictures meet. ``concatenated``: their channels side by side; ``difference``: with
        their bent difference as third (of descriptors: how the two differ in each cell).

    Raises
    ------
    OptionError
        For a description that contradicts itself or goes beyond all bounds.
    """

    name: str
    inputs: Inputs
    front: Front
    stages: tuple[Stage, ...]
    heads: tuple[str, ...]
    hidden: int
    pooling: Pooling
    pooled: tuple[int, ...]
    padding: Padding
    fusion: Fusion = "none"

    def __post_init__(self) -> None:
        for name, kind in (
            ("inputs", Inputs),
            ("pooling", Pooling),
            ("padding", Padding),
            ("fusion", Fusion),
        ):
            _one_of(name, getattr(self, name), kind)
        if (self.inputs == "none") != (self.fusion == "none"):
            raise OptionError("two pictures are fused somehow, and one is not")
        if self.front.seams and (self.inputs != "none" or 0 not in self.pooled):
            raise OptionError("seams are of networks without a reference that pool the front end")
        if self.front.visible and not (
            self.fusion == "difference" and self.pooling == "mean+std+peak" and 0 in self.pooled
        ):
            raise OptionError(
                "visible differences are of networks that compare two pictures, and pool the mean, "
                "deviation and peak of the front end"
            )
        if not 1 <= len(self.stages) <= _STAGES:
            raise OptionError(f"a network has 1 to {_STAGES} stages, not {len(self.stages)}")
        stride = math.prod(stage.stride * stage.max_pool for stage in self.stages)
        stride *= self.front.stride
        if WINDOW % stride:
            raise OptionError(
                f"strides and max-pools together divide a window of {WINDOW} px, not {stride}"
            )
        if not _whole(self.hidden, 1, _HIDDEN):
            raise OptionError(f"hidden is a whole number up to {_HIDDEN}, not {self.hidden!r}")
        good = all(isinstance(head, str) and _is_name(head) for head in self.heads)
        if not good or not 1 <= len(set(self.heads)) == len(self.heads) <= _HEADS:
            raise OptionError(
                f"heads are 1 to {_HEADS} different names of small letters, digits and '-', "
                f"not {self.heads!r}"
            )
        whole = all(_whole(level, 0, len(self.stages)) for level in self.pooled)
        if not (whole and self.pooled) or list(self.pooled) != sorted(set(self.pooled)):
            raise OptionError(
                f"pooled lists levels from 0 to {len(self.stages)} in order, not {self.pooled}"
            )
        if not isinstance(self.name, str) or not _is_name(self.name):
            raise OptionError(
                f"a name is of small letters, digits and '-', not {str(self.name)[:80]!r}"
            )

    def with_heads(self, *heads: str) -> Architecture:
        """Return the same network with other outputs."""
        return replace(self, heads=heads)

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON-ready values."""
        return cast(dict[str, Any], _listed(asdict(self)))

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
            front = dict(entries.pop("front"))
            filters = tuple(HighPass(**item) for item in front.pop("high_pass"))
            stages = tuple(Stage(**item) for item in entries.pop("stages"))
            heads, pooled = tuple(entries.pop("heads")), tuple(entries.pop("pooled"))
            return cls(
                **entries,
                front=Front(**front, high_pass=filters),
                stages=stages,
                heads=heads,
                pooled=pooled,
            )
        except OptionError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"not the description of a network: {error}") from None


def _listed(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, (list, tuple)) else value


def _one_of(name: str, value: Any, kind: Any) -> None:
    if value not in get_args(kind):
        raise OptionError(f"{name} is one of {', '.join(get_args(kind))}; not {value!r}")


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _positive(value: Any) -> bool:
    # Not math.isfinite, which whole numbers of hundreds of digits overflow.
    return isinstance(value, (int, float)) and 0 < value <= sys.float_info.max


def _is_name(text: str) -> bool:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    return 0 < len(text) <= 64 and set(text) <= allowed


SETS = ("hdr-c", "sdr-d", "tmo", "itmo")
"""Names of the heads, one per labelled set."""

PAPER_NOR = Architecture(
    name="paper-nor",
    inputs="none",
    front=Front("log10"),
    stages=tuple(Stage(channels, max_pool=2) for channels in (32, 64, 128, 256, 512)),
    heads=("hdr-c",),
    hidden=256,
    pooling="mean",
    pooled=(5,),
    padding="zeros",
)
"""NoR-VDPNet++: the yardstick, 4.84 million parameters."""

PAPER_DIQM = replace(PAPER_NOR, name="paper-diqm", inputs="reference", fusion="concatenated")
"""DIQM with the stages of NoR-VDPNet++: the yardstick of two pictures."""

_FRONT = Front("pu21", (HighPass(0, 2, 16.0, 4.0), HighPass(2, 4, 48.0, 4.0)))

SMALL_NOR = Architecture(
    name="small-nor",
    inputs="none",
    front=_FRONT,
    stages=(
        Stage(16, stride=2),
        Stage(32, stride=2),
        Stage(64, stride=2),
        Stage(128, stride=2),
        Stage(256, blocks=0, stride=2),
    ),
    heads=SETS,
    hidden=128,
    pooling="mean+std",
    pooled=(0, 1, 2, 3, 4, 5),
    padding="valid",
)
"""Half the width on a strided stem, statistics of all levels: convolutions that learn it all."""

OURS_NOR = Architecture(
    name="ours-nor",
    inputs="none",
    front=Front("pu21", chroma=True, descriptors=True, seams=True),
    stages=(Stage(128, blocks=0, kernel=1), Stage(128, kernel=1), Stage(128, kernel=1)),
    heads=SETS,
    hidden=256,
    pooling="mean+std+peak",
    pooled=(0, 1, 2, 3),
    padding="valid",
)
"""Ours without a reference: fixed descriptors of cells, bent by layers that see a cell each."""

SMALL_DIQM = replace(
    SMALL_NOR, name="small-diqm", inputs="reference", fusion="difference", pooling="mean+std+log"
)
"""The same with a reference: both pictures and their bent difference from the first layer on."""

OURS_DIQM = replace(
    OURS_NOR,
    name="ours-diqm",
    inputs="reference",
    front=replace(OURS_NOR.front, seams=False, visible=True),
    fusion="difference",
)
"""Ours with a reference: descriptors of both pictures, of how they differ, and how visibly."""

ARCHITECTURES: dict[str, Architecture] = {
    each.name: each for each in (PAPER_NOR, PAPER_DIQM, SMALL_NOR, SMALL_DIQM, OURS_NOR, OURS_DIQM)
}
"""All by name."""
