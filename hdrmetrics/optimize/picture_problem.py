"""A picture and an operator whose settings are searched, whichever way the operator goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.optimize.problem import reduced


class PictureProblem(ABC):
    """A picture and an operator; with ``moved``, a ``Tunable`` of ``optimize.problem``.

    Parameters
    ----------
    picture
        ``(1, C, H, W)``, what the operator takes.
    name
        Of the operator.
    parameters, differentiable
        As its information says.
    found
        Its settings without tuning, fixed ones among them.
    fixed
        Settings that the user chose.
    reference
        What results are compared with, of the same size as the picture: itself, or another.
    """

    def __init__(
        self,
        picture: Tensor,
        name: str,
        parameters: tuple[Parameter, ...],
        differentiable: bool,
        found: Mapping[str, Any],
        fixed: Mapping[str, Any],
        reference: Tensor | None,
    ) -> None:
        self.picture, self.name, self.reference = picture, name, reference
        self.parameters, self.differentiable = parameters, differentiable
        self.fixed = dict(fixed)
        self.default = rounded(found, parameters)
        self.start = {k: v for k, v in self.default.items() if k not in self.fixed}

    @property
    def side(self) -> int:
        """The longer side, in pixels."""
        return max(self.picture.shape[-2:])

    @abstractmethod
    def render_on(self, picture: Tensor, settings: Mapping[str, Any], /) -> Tensor:
        """Return what the operator makes of a picture with some settings."""

    def whole(self, settings: Mapping[str, Any], /) -> Tensor:
        """Return what the settings make of the whole picture."""
        return self.render_on(self.picture, settings)

    def at(self, side: int) -> PictureScene:
        """Return the picture reduced to a longer side."""
        small = reduced(self.picture, side)
        if self.reference is None or self.reference is self.picture:
            return PictureScene(self, small, None if self.reference is None else small)
        return PictureScene(self, small, reduced(self.reference, side))


class PictureScene:
    """A picture at one size, and what results are compared with."""

    def __init__(self, problem: PictureProblem, picture: Tensor, reference: Tensor | None) -> None:
        self.problem, self.picture = problem, picture
        self._reference = reference

    @property
    def reference(self) -> Tensor | None:
        """What results are compared with, if anything."""
        return self._reference

    def render(self, settings: Mapping[str, Any], /) -> Tensor:
        """Return what the operator makes of it."""
        return self.problem.render_on(self.picture, settings)


def rounded(found: Mapping[str, Any], parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return settings with real numbers of six digits, within their bounds.

    Examples
    --------
    >>> rounded({"key": 0.12345678, "mode": "fine"}, [])
    {'key': 0.123457, 'mode': 'fine'}
    """
    kept = {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in found.items()}
    for one in parameters:  # six digits may lie beyond a bound that the value respects
        if one.bounds is not None and isinstance(kept[one.name], float):
            low, high = one.bounds
            kept[one.name] = min(max(kept[one.name], low), high)
    return kept
