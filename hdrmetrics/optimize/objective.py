"""What a search lowers: the loss of one metric, or a weighted sum of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import create_metric
from hdrmetrics.errors import DomainError, OptionError
from hdrmetrics.metric import Metric, PreparedMetric
from hdrmetrics.optimize.numbers import is_finite

Goals = str | Metric | Sequence[str | Metric] | Mapping[str, float] | Mapping[str | Metric, float]
"""A metric, several with the same weight, or each with its weight; a :class:`Metric` made by
:func:`hdrmetrics.create_metric` where it needs options."""


class Objective:
    """A weighted sum of the losses of metrics; lower is better.

    Each loss is that of :meth:`~hdrmetrics.metric.Metric.as_loss`; of a metric without a gradient,
    how far its value is from the better end of its range. Losses have the size of their metric
    (one minus the score's target of a learned one, decibels of PSNR), which weights have to level
    out. Only the ratios of the weights count: they are divided by their sum.

    Parameters
    ----------
    goals
        See :data:`Goals`; weights are above 0.
    domains
        What the metrics may take.
    takes
        What that is, for the message.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    OptionError
        For no metric, one that is there twice, or a weight that is not above 0.
    DomainError
        For a metric of other pictures.

    Examples
    --------
    >>> import torch
    >>> objective = Objective({"norvdpnet-tmo": 1.0, "nima": 0.05}, ("sdr", "tonemapped"), "codes")
    >>> objective.names, objective.differentiable
    (('norvdpnet-tmo', 'nima'), True)
    >>> objective.at(None).loss(torch.full((1, 3, 64, 64), 0.5)).shape
    torch.Size([1])
    """

    def __init__(self, goals: Goals, domains: Sequence[str], takes: str) -> None:
        weighted: list[tuple[Metric, float]]
        if isinstance(goals, Mapping):
            weighted = [(as_metric(one), weight) for one, weight in goals.items()]
        else:
            several = [goals] if isinstance(goals, (str, Metric)) else list(goals)
            weighted = [(as_metric(one), 1.0) for one in several]
        if not weighted:
            raise OptionError("give a metric to optimise")
        for metric, weight in weighted:
            if not (is_finite(weight) and weight > 0):
                raise OptionError(
                    f"the weight of {metric.info.name} is a number above 0, not {weight!r}"
                )
            check_domain(metric, domains, takes)
        self.names = tuple(metric.info.name for metric, _ in weighted)
        if len(set(self.names)) < len(self.names):
            raise OptionError(f"a metric is there twice: {', '.join(self.names)}")
        self.metrics = tuple(metric for metric, _ in weighted)
        self.given = tuple(float(weight) for _, weight in weighted)
        self.weights = shares(self.given)

    @property
    def minimum_size(self) -> int:
        """Pixels that each side of a picture has at least, for all metrics."""
        return max(metric.info.minimum_size for metric in self.metrics)

    @property
    def differentiable(self) -> bool:
        """Whether all metrics are."""
        return all(metric.info.differentiable for metric in self.metrics)

    def at(self, reference: Tensor | None) -> Fitted:
        """Return the objective for tests against one reference, worked through once.

        Raises
        ------
        OptionError
            If a metric needs a reference and there is none.
        """
        return Fitted(self, reference)

    def augmented(self, reference: Tensor | None, seed: int) -> Augmented:
        """Return the mean objective of views of the picture."""
        return Augmented(self, reference, seed)


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Return weights divided by their sum.

    Examples
    --------
    >>> shares([1e308, 1e308])
    (0.5, 0.5)
    """
    # Divided by the largest first, whose sum with the others may be beyond all numbers.
    largest = max(weights)
    total = sum(weight / largest for weight in weights)
    return tuple(weight / largest / total for weight in weights)


class Fitted:
    """An objective for one reference: ``fitted.loss(test)``."""

    def __init__(self, objective: Objective, reference: Tensor | None) -> None:
        self.objective, self.reference = objective, reference
        self._prepared: list[Metric | PreparedMetric] = []
        for metric in objective.metrics:
            if not metric.info.reference:
                self._prepared.append(metric)
                continue
            if reference is None:
                raise OptionError(f"{metric.info.name} compares with a reference: give one")
            with torch.no_grad():
                self._prepared.append(metric.prepare(reference))

    def loss(self, test: Tensor) -> Tensor:
        """Return the weighted sum of the losses, ``(N,)``."""
        parts = zip(self.objective.metrics, self._prepared, self.objective.weights, strict=True)
        total = test.new_zeros(test.shape[0])
        for metric, prepared, weight in parts:
            total = total + weight * _loss(metric, prepared, test).to(total)
        return total

    def values(self, test: Tensor) -> dict[str, float]:
        """Return what each metric says of one picture ``(1, C, H, W)``."""
        with torch.no_grad():
            return {
                name: float(prepared(test))
                for name, prepared in zip(self.objective.names, self._prepared, strict=True)
            }


class Augmented:
    """The mean objective of two views of a picture: cut a little, slightly noisy, one flipped.

    A learned metric's blind spots sit at particular pixels; what raises the score of all views is
    likelier to be seen. The views are drawn once, so that a descent sees one function.
    """

    _CUT = 12
    _NOISE = 0.5 / 255

    def __init__(self, objective: Objective, reference: Tensor | None, seed: int) -> None:
        self.objective, self.reference, self.seed = objective, reference, seed
        self._fitted: list[Fitted] = []

    def loss(self, test: Tensor) -> Tensor:
        """Return the mean loss of the views, ``(N,)``."""
        losses = []
        for index in range(2):
            draws = torch.Generator().manual_seed(2 * self.seed + index)
            view = self._cut(test, index, draws)
            noise = torch.randn(view.shape, generator=draws).to(view)
            if len(self._fitted) <= index:
                seen = (
                    None
                    if self.reference is None
                    else self._cut(
                        self.reference, index, torch.Generator().manual_seed(2 * self.seed + index)
                    )
                )
                self._fitted.append(self.objective.at(seen))
            low, high = view.detach().amin(), view.detach().amax()
            noisy = torch.minimum(torch.maximum(view + self._NOISE * noise, low), high)
            losses.append(self._fitted[index].loss(noisy))
        return torch.stack(losses).mean(dim=0)

    def _cut(self, image: Tensor, index: int, draws: torch.Generator) -> Tensor:
        height, width = image.shape[-2:]
        least = self.objective.minimum_size
        room = [max(0, min(self._CUT, side // 16, side - least)) for side in (height, width)]
        parts = torch.rand(2, generator=draws).tolist()
        top, left = (int(part * (space + 1)) for part, space in zip(parts, room, strict=True))
        cut = image[..., top : height - room[0] + top, left : width - room[1] + left]
        return cut.flip(-1) if index else cut


def as_metric(metric: str | Metric) -> Metric:
    """Return a metric, made by its name where that was given."""
    if isinstance(metric, Metric):
        return metric
    if not isinstance(metric, str):
        raise OptionError(f"a metric is a name or a Metric, not {metric!r}")
    return create_metric(metric)


def check_domain(metric: Metric, domains: Sequence[str], takes: str) -> None:
    """Raise :class:`DomainError` if a metric does not judge the pictures that are made."""
    if metric.info.domain not in domains:
        raise DomainError(
            f"{metric.info.name} judges {metric.info.domain} pictures; here {takes} are made"
        )


def _loss(metric: Metric, prepared: Metric | PreparedMetric, test: Tensor) -> Tensor:
    if not metric.info.differentiable:
        value: Tensor = prepared(test)
        best = metric.info.best
        best = best if math.isfinite(best) else 0.0
        return best - value if metric.info.higher_is_better else value - best
    if isinstance(prepared, PreparedMetric):
        return prepared.loss(test, reduction="none")
    alone: Tensor = metric.as_loss(reduction="none")(test)
    return alone
