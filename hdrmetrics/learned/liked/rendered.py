"""What people would like of an HDR picture, as it is rendered for a display: unproven."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from hdrmetrics.metric import Assessment, Metric, MetricInfo
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_encode

RENDERING = "three exposures"
STOPS = (-2.0, 0.0, 2.0)
"""Of the exposures, from the one whose logarithmic mean is :data:`KEY`.

On sixteen groups of test scenes their mean put damage in order more often than one picture by most
operators, and as often as the best (``results/liked/light.md``): what one exposure hides, another
shows.
"""

KEY = 0.18
_DARKEST = 1e-4  # cd/m², under the logarithm


def exposures(light: Tensor) -> list[Tensor]:
    """Return display-encoded photographs of light, two stops apart, ``(N, C, H, W)`` each.

    Parameters
    ----------
    light
        ``(N, C, H, W)`` in any unit: the middle one has the logarithmic mean 0.18.

    Examples
    --------
    >>> import torch
    >>> dark, middle, bright = exposures(torch.full((1, 3, 8, 8), 40.0))
    >>> round(float(middle.mean()), 3)
    0.461
    """
    mean = luminance(light).clamp(min=_DARKEST).log().mean(dim=(-3, -2, -1), keepdim=True).exp()
    linear = light * (KEY / mean)
    return [srgb_encode((linear * 2.0**stops).clamp(0.0, 1.0)) for stops in STOPS]


class OfPhotographs(Protocol):
    """What is asked of the metric that judges the exposures."""

    info: MetricInfo

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return what its values depend on."""

    def distribution(self, test: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Return the parts of people by score, ``(N, 10)``."""

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return mean opinions."""

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the points that each place is short of 10."""

    def doubts(self, test: Tensor) -> tuple[tuple[str, ...], ...]:
        """Return what makes pictures unlike photographs."""


class NimaOfLight(Metric):
    """The mean opinion on an HDR picture, shown in three exposures, from 1 to 10.

    No opinions on HDR displays stand behind it: they were given on photographs. So it says how a
    rendering would be liked, and is unproven with people.

    Parameters
    ----------
    inner
        The metric of photographs.
    """

    option_parameters = ()

    def __init__(self, inner: OfPhotographs) -> None:
        super().__init__()
        self.inner = inner
        self.info = dataclasses.replace(inner.info, domain="hdr")

    def settings(self) -> dict[str, Any]:
        """Return none: it has no options."""
        return {}

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return those of photographs, and how light is rendered."""
        return self.inner.conditions() | {
            "rendering": RENDERING,
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
            lambda light, _, own: _mean(
                [self.inner.distribution(one, mask=own) for one in _rendered(light)]
            ),
        )

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean of the opinions on the exposures."""
        return _mean([self.inner.compare(one, features, mask) for one in _rendered(test)])

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the points that each place of the exposures is short of 10, on average."""
        return _mean([self.inner.compare_map(one, features) for one in _rendered(test)])

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Return opinions, and doubts of the middle exposure; no intervals: nobody was asked."""
        return cast(Assessment, self._run(test, reference, mask, self._assess))

    def _assess(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Assessment:
        shown = _rendered(test)
        value = _mean([self.inner.compare(one, None, mask) for one in shown])
        return Assessment(value, None, None, self.inner.doubts(shown[STOPS.index(0.0)]))


def _rendered(test: Tensor) -> list[Tensor]:
    return exposures(test.clamp(min=0.0))


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean(dim=0)
