"""What people would like of an HDR picture, as it is rendered for a display: unproven."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from torch import Tensor

from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.metric import Assessment, Metric
from hdrmetrics.tonemap import create_operator, to_display

OPERATOR = "reinhard02"
"""The usual one, of a fixed look. On eight scenes the mean over three exposures put damage in order
more often (``results/liked/light.md``), by less than the scenes differ."""


class NimaOfLight(Metric):
    """The mean opinion on an HDR picture, tone-mapped with one operator, from 1 to 10.

    No opinions on HDR displays stand behind it: they were given on photographs. So it says how a
    rendering would be liked, and is unproven with people.

    Parameters
    ----------
    inner
        The metric of photographs.
    """

    option_parameters = ()

    def __init__(self, inner: Nima) -> None:
        super().__init__()
        self.inner = inner
        self.info = dataclasses.replace(inner.info, domain="hdr")
        self._operator = create_operator(OPERATOR)

    def settings(self) -> dict[str, Any]:
        """Return none: it has no options."""
        return {}

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return those of photographs, and how light is rendered."""
        return self.inner.conditions() | {
            "rendering": OPERATOR,
            "proven": "on photographs only, not with people who saw HDR",
        }

    def distribution(self, test: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Return what part of people would give each score from 1 to 10, ``(N, 10)``.

        Arguments and errors as for :meth:`~hdrmetrics.metric.Metric.forward`.
        """
        return self._run(
            test,
            None,
            mask,
            lambda light, _, own: self.inner.distribution(self._render(light), mask=own),
        )

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean opinion on the rendering."""
        return self.inner.compare(self._render(test), features, mask)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the points that each place of the rendering is short of 10."""
        return self.inner.compare_map(self._render(test), features)

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return mean opinions and doubts about the rendering; no intervals: nobody was asked."""
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        rendering = self._render(test)
        value = self.inner.compare(rendering, None, mask)
        return Assessment(value, None, None, self.inner.doubts(rendering))

    def _render(self, test: Tensor) -> Tensor:
        return to_display(self._operator(test.clamp(min=0.0)))
