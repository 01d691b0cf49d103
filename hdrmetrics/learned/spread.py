"""How far off a score may be, by what the picture and its windows are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_number
from hdrmetrics.learned.guard import measures
from hdrmetrics.learned.traits import Traits

_MEASURED = (
    "flat", "log flat", "dark", "log dark", "full", "log equal", "log steps", "least", "low",
    "middle", "high", "peak", "range", "chroma", "contrast", "fine", "tilt",
    "uneven",
)  # fmt: skip
_OF_SCORE = (
    "score", "log score", "log rest", "bend", "disagreement", "lowest", "highest", "windows",
)  # fmt: skip
HINTS = (*_OF_SCORE, *_MEASURED, "log doubt")
"""What a width is made of: the score s in [0, 1], the logarithms of it and of what is left above,
and 4·s·(1 − s); the standard deviation of the windows' scores, how far the lowest is below s and
the highest above; the logarithm of their number; traits of the picture; and the logarithm of the
error that the network itself expects, as a part of the scale."""

_EMPTY = ("flat", "dark")
_FARTHEST = 3.0  # deviations: beyond what the fit saw, a width stays as it is
_LONGEST, _LARGEST = 64, 1e4
_LEAST = 0.002  # of the scale: what rounding and small shifts make
_SMALL = 0.01  # added to what logarithms are taken of


def hints(
    score: Tensor,
    windows: Tensor,
    weight: Tensor,
    traits: Sequence[Traits],
    doubt: Tensor | None = None,
) -> NDArray[np.float64]:
    """Return what the widths of pictures follow from, ``(N, len(HINTS))``.

    Parameters
    ----------
    score
        ``(N,)`` in [0, 1].
    windows, weight
        ``(N, K)``: the score of each window, and its weight; 0 for none.
    traits
        Of each picture.
    doubt
        ``(N,)``: the error that the network expects, for those that expect one.
    """
    s, own, share = (x.detach().double().cpu() for x in (score, windows, weight))
    share = share / share.sum(dim=1, keepdim=True)
    seen = share > 0
    deviation = (share * (own - (share * own).sum(dim=1, keepdim=True)).square()).sum(dim=1).sqrt()
    lowest = s - own.masked_fill(~seen, 2.0).amin(dim=1)
    highest = own.masked_fill(~seen, -1.0).amax(dim=1) - s
    found = torch.stack(
        [
            s, (s + _SMALL).log(), (1 - s + _SMALL).log(), 4 * s * (1 - s), deviation, lowest,
            highest, seen.sum(dim=1).double().log2(),
        ],
        dim=1,
    )  # fmt: skip
    rows = [[measured[name] for name in _MEASURED] for measured in map(measures, traits)]
    expected = torch.ones_like(s) if doubt is None else doubt.detach().double().cpu()
    last = expected.log()[:, None].numpy()
    return np.concatenate([found.numpy(), np.array(rows), last], axis=1)


@dataclass(frozen=True, slots=True)
class Spread:
    """Half widths of intervals below and above a score, as parts of the scale.

    Each is ``factor · exp(bias + Σ weight · z)``, z being hints less their centre, over their
    scale, within ±3; between 0.002 and 1.

    Parameters
    ----------
    names
        Of the :data:`HINTS` it is made of.
    centre, scale
        Of each.
    below, above
        The bias, then the weight of each.
    factor
        Conformal: what makes the coverage that of new scenes.
    opens
        Part of the cells without structure, or of the pixels next to black, from which the half
        widths are at least as far on the way to 1 as that part is: of an empty picture nothing is
        known, and no set has enough of them to learn that from. 1 for never.

    Raises
    ------
    OptionError
        For numbers or names that cannot be.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    factor: float
    opens: float = 1.0

    def __post_init__(self) -> None:
        count = len(self.names)
        lengths = [len(x) for x in (self.centre, self.scale, self.below, self.above)]
        if count > _LONGEST or lengths != [count, count, count + 1, count + 1]:
            raise OptionError(
                f"a spread has up to {_LONGEST} hints, as many centres and scales, and a weight "
                "for each after the bias"
            )
        unknown = [str(name)[:40] for name in self.names if name not in HINTS]
        if unknown or len(set(self.names)) != count:
            raise OptionError(f"a spread knows no hint {', '.join(unknown) or 'twice'}")
        rows = self.centre, self.scale, self.below, self.above, (self.factor, self.opens)
        for number in chain.from_iterable(rows):
            check_number(number, "each part of a spread", -_LARGEST, _LARGEST)
        if not (all(x > 0 for x in self.scale) and self.factor > 0 and 0 < self.opens <= 1):
            raise OptionError(
                "the scales and the factor of a spread are positive, and it opens in (0, 1]"
            )

    def half_widths(self, found: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return half the widths below and above ``(N,)`` from :func:`hints`."""
        places = [HINTS.index(name) for name in self.names]
        z = (found[:, places] - np.array(self.centre)) / np.array(self.scale)
        z = np.clip(z, -_FARTHEST, _FARTHEST)
        least = np.full(len(found), _LEAST)
        if self.opens < 1:
            empty = found[:, [HINTS.index(name) for name in _EMPTY]].max(axis=1)
            least = np.maximum(least, (empty - self.opens) / (1 - self.opens))
        ends = []
        for weights in (self.below, self.above):
            level = weights[0] + z @ np.array(weights[1:])
            half = self.factor * np.exp(np.clip(level, -50, 50))
            ends.append(np.clip(half, least, 1.0))
        return tuple(ends)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: centre, scale and both weights by hint."""
        columns = zip(self.centre, self.scale, self.below[1:], self.above[1:], strict=True)
        return {
            "hints": {name: list(one) for name, one in zip(self.names, columns, strict=True)},
            "bias": [self.below[0], self.above[0]],
            "factor": self.factor,
            "opens": self.opens,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spread:
        """Return the spread that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        try:
            if set(data) != {"hints", "bias", "factor", "opens"}:
                raise OptionError(
                    f"a spread has hints, bias, factor and opens, not {sorted(data)[:8]}"
                )
            rows = dict(data["hints"])
            if len(rows) > _LONGEST:
                raise OptionError(f"a spread has up to {_LONGEST} hints")
            columns = [tuple(row[i] for row in rows.values()) for i in range(4)]
            below, above = data["bias"]
            return cls(
                tuple(rows), columns[0], columns[1],
                (below, *columns[2]), (above, *columns[3]), data["factor"], data["opens"],
            )  # fmt: skip
        except OptionError:
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"not the description of a spread: {error!r}") from None
