"""The common shape of every metric: its description, its call, its loss and its prepared form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from hdrmetrics.catalogue.catalogue import from_signature
from hdrmetrics.catalogue.metric_info import Axis as Axis
from hdrmetrics.catalogue.metric_info import MapKind as MapKind
from hdrmetrics.catalogue.metric_info import MetricInfo as MetricInfo
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import DomainError, OptionError, ShapeError
from hdrmetrics.picture.pixels import as_batch, check_mask, check_pair, value_range

if TYPE_CHECKING:
    from hdrmetrics.explanation import Explanation
    from hdrmetrics.photometry.display import Display
    from hdrmetrics.picture.image import Image

Reduction = Literal["mean", "sum", "none"]
"""What a loss returns of a batch: its mean, its sum, or one value per image."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Scores with what a metric knows about their worth.

    Parameters
    ----------
    value
        ``(N,)``.
    low, high
        Ends of the interval of learned scores, ``(N,)``; ``None`` where a metric has none.
    warnings
        Sentences per image, where something looks wrong.
    seen
        ``(N, F)`` each: what a network saw, of metrics whose eyes others borrow.
    """

    value: Tensor
    low: Tensor | None = None
    high: Tensor | None = None
    warnings: tuple[tuple[str, ...], ...] = ()
    seen: tuple[Tensor, ...] = ()

    def apart(self) -> list[Assessment]:
        """Return the assessments of the images one by one."""

        def of(values: Tensor | None, place: int) -> Tensor | None:
            return None if values is None else values[place : place + 1]

        return [
            Assessment(
                self.value[place : place + 1],
                of(self.low, place),
                of(self.high, place),
                self.warnings[place : place + 1],
                tuple(one[place : place + 1] for one in self.seen),
            )
            for place in range(len(self.value))
        ]


@dataclass(frozen=True, slots=True)
class Glance:
    """One picture that was checked, with what a metric knows of it before its network looks.

    Parameters
    ----------
    test
        ``(1, C, H, W)``.
    mask
        Its weights, if there are any.
    found
        What the metric noted for itself; it lies on no device.
    """

    test: Tensor
    mask: Tensor | None = None
    found: Any = None

    def to(self, device: torch.device | str | None) -> Glance:
        """Return it with its pixels on a device."""
        mask = None if self.mask is None else self.mask.to(device)
        return replace(self, test=self.test.to(device), mask=mask)


class Metric(nn.Module):
    """Base of all metrics: ``metric(test, reference) -> (N,)``, one value per image.

    Subclasses set :attr:`info` and implement :meth:`compare`; those that can reuse work on the
    reference also implement :meth:`features`, those with a map :meth:`compare_map`.

    Half-precision input is computed in float32, and autocast is switched off inside, so that
    mixed-precision training never changes a score by more than the rounding of its input.

    ``torch.func`` (``grad``, ``vmap``, ``jvp`` …) sees through every metric, pixel values being
    checked all the same. ``torch.jit.trace``, ``torch.compile`` and ``torch.export`` make a graph
    that fits pictures of one size, whatever their values; a graph checks no values. Metrics that
    choose by the values of the reference (``mpsnr`` without its stops, ``stack-``) refuse to be
    traced, and mapped over references.
    """

    info: MetricInfo
    option_parameters: ClassVar[tuple[Parameter, ...]] = ()
    """Its options, as :func:`hdrmetrics.metric_options` lists them."""

    color_space: str = "bt709"
    """What the metric takes three channels of light for; :func:`hdrmetrics.score` gives BT.709."""

    enough: int | None = None
    """Pixels of the shorter side of a picture from which on more of them hardly change the order of
    photographs (a Kendall of .95 at least): so small a file may be decoded, by
    :func:`hdrmetrics.read_image` with ``at_least``. ``None`` where every pixel counts, as wherever
    detail is judged."""

    _domain_limit: ClassVar[float] = 1.0 + 1e-3  # a display code of 1 after float rounding

    # -- what subclasses write ------------------------------------------------------------

    def features(self, reference: Tensor) -> Any:
        """Return whatever of the reference is worth keeping between tests."""
        return reference

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return one value per image ``(N,)``; ``features`` is ``None`` without a reference."""
        raise NotImplementedError

    def compare_pair(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Tensor:
        """Return one value per image of a pair that is seen once, ``(N,)``.

        Metrics that can work through both images together without keeping anything write this
        too; it must equal :meth:`compare` with :meth:`features`.
        """
        features = None if reference is None else self.features(reference)
        return self.compare(test, features, mask)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the local values ``(N, 1, H, W)`` behind the score."""
        raise NotImplementedError

    def compare_explanation(self, test: Tensor, features: Any, mask: Tensor | None) -> Explanation:
        """Return what is wrong with each image, and where."""
        raise NotImplementedError

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return a finite loss per image, lower is better, 0 where the metric is at its best.

        How far the value is from the better end of its range; metrics whose range has none there,
        or whose slope is of no use, write their own.
        """
        value, best = self.compare(test, features, mask), self.info.best
        best = best if math.isfinite(best) else 0.0
        return best - value if self.info.higher_is_better else value - best

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return what the value depends on, as JSON-ready values.

        Parameters
        ----------
        reference
            ``(1, C, H, W)``; where given, what the metric takes from it (a peak, say) is named.
        """
        return {}

    def suited_to(self, image: Image, display: Display | None = None) -> Metric:
        """Return the metric that should score an image: itself, or one of the image's domain.

        Parameters
        ----------
        image
            As read, before any display model.
        display
            The one that was asked for, which tells what display-encoded pixels mean.
        """
        return self

    # -- what users call ------------------------------------------------------------------

    def assess(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Assessment:
        """Score each image of a batch, with intervals and warnings where the metric has them.

        Arguments and errors as for :meth:`forward`.
        """
        return Assessment(self(test, reference, mask=mask))

    def glance(self, test: Tensor, *, mask: Tensor | None = None) -> Glance:
        """Return one picture, checked, with what can be known of it without a network.

        The first half of :meth:`assess` for metrics without a reference. It may be done in
        another thread and on another device than the second, :meth:`assess_together`: so pictures
        to come are looked over while a network looks at others.

        Arguments and errors as for :meth:`forward`; of a batch of one.
        """
        found: Any = self._run(test, None, mask, lambda batch, _, own: Glance(batch, own))
        if len(found.test) != 1:
            raise ShapeError(f"a glance is of one picture, not of {len(found.test)}")
        glance: Glance = found
        return glance

    def assess_together(self, glances: Sequence[Glance]) -> list[Assessment]:
        """Return what :meth:`assess` says of pictures of any sizes, of each by itself.

        What is said of one does not depend on the others, but for rounding. Metrics whose networks
        do better with much at a time write their own.

        Parameters
        ----------
        glances
            Of :meth:`glance`, on one device.

        Raises
        ------
        HdrMetricsError
            If one of the pictures cannot be scored: nothing is said of the others then.
        """
        return [self.assess(one.test, mask=one.mask) for one in glances]

    def forward(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Tensor:
        """Score each image of a batch.

        Parameters
        ----------
        test
            ``(N, C, H, W)``, C = 1 or 3, in the unit of the metric's domain; ``(C, H, W)`` and
            ``(H, W)`` are taken as a batch of one.
        reference
            Same shape as ``test`` (or a batch of one for all of them); ``None`` for a
            no-reference metric.
        mask
            Weights in [0, 1], ``(N, 1, H, W)`` or broadcastable to it: 1 counts, 0 does not.

        Returns
        -------
        Tensor
            ``(N,)``.

        Raises
        ------
        ShapeError, PixelValueError, DomainError, OptionError
            For wrong shapes or sizes, NaN or infinity, values of another domain, and a
            reference that is missing or not wanted.
        """
        return self._run(test, reference, mask, self.compare_pair)

    def map(self, test: Tensor, reference: Tensor | None = None) -> Tensor:
        """Return where the metric sees a difference, ``(N, 1, H', W')``.

        Raises
        ------
        OptionError
            If the metric has no map.
        """
        if not self.info.has_map:
            raise OptionError(f"{self.info.name} has no map")
        return self._run(
            test,
            reference,
            None,
            lambda t, r, _: self.compare_map(t, None if r is None else self.features(r)),
        )

    def explain(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Explanation:
        """Return what is wrong with each image of a batch, and where.

        Arguments and errors as for :meth:`forward`.

        Raises
        ------
        OptionError
            If the metric cannot say what is wrong.
        """
        if not self.info.explains:
            raise OptionError(f"{self.info.name} {cannot_explain(1)}")
        found: Any = self._run(
            test,
            reference,
            mask,
            lambda t, r, m: self.compare_explanation(t, None if r is None else self.features(r), m),
        )
        explanation: Explanation = found
        return explanation

    def prepare(self, reference: Tensor) -> PreparedMetric:
        """Do the work on the reference once, for many tests against it.

        Raises
        ------
        OptionError
            If the metric takes no reference.
        """
        if not self.info.reference:
            raise OptionError(f"{self.info.name} takes no reference, so there is none to prepare")
        batch = self.check(reference, "reference")
        with torch.autocast(batch.device.type, enabled=False):
            return PreparedMetric(self, self.features(batch), tuple(batch.shape))

    def as_loss(self, *, reduction: Reduction = "mean") -> MetricLoss:
        """Return the metric as a loss: lower is better, 0 is best, always finite.

        Parameters
        ----------
        reduction
            ``mean`` or ``sum`` over the batch, or ``none`` for one loss per image.

        Raises
        ------
        OptionError
            If the metric is not differentiable, or the reduction is not known.
        """
        if not self.info.differentiable:
            raise OptionError(f"{self.info.name} is not differentiable, so it is no loss")
        return MetricLoss(self, reduction)

    def settings(self) -> dict[str, Any]:
        """Return the options it was made with, defaults included, as ``repr`` shows them."""
        declared = self.option_parameters or from_signature(type(self))
        return {one.name: getattr(self, one.name) for one in declared if hasattr(self, one.name)}

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({self.info.name!r}{options})"

    # -- shared checks --------------------------------------------------------------------

    def check(self, image: Tensor, role: Literal["test", "reference"]) -> Tensor:
        """Return ``image`` as a float batch ``(N, C, H, W)``, or raise what is wrong with it."""
        batch = as_batch(image, role)
        side, least = min(batch.shape[-2:]), self.info.minimum_size
        if side < least:
            raise ShapeError(
                f"{self.info.name} needs at least {least}×{least} pixels; the {role} image is "
                f"{batch.shape[-1]}×{batch.shape[-2]} (width × height)"
            )
        span = value_range(batch, role)
        if span is None:
            return batch
        low, high = span
        encoded = self.info.domain == "sdr" or (self.info.domain == "tonemapped" and role == "test")
        if encoded and (high > self._domain_limit or low < -1e-3):
            raise DomainError(
                f"{self.info.name} takes display-encoded values in [0, 1]; the {role} image spans "
                f"{low:.4g} to {high:.4g}. For luminance in cd/m² use a pu21- metric; "
                "for 8-bit values divide by 255"
            )
        return batch

    def _run(self, test: Tensor, reference: Tensor | None, mask: Tensor | None, job: Any) -> Tensor:
        batch = self.check(test, "test")
        if self.info.reference and reference is None:
            raise OptionError(f"{self.info.name} compares with a reference: give one")
        if not self.info.reference and reference is not None:
            raise OptionError(f"{self.info.name} is a no-reference metric: do not give a reference")
        with torch.autocast(batch.device.type, enabled=False):
            other = None
            if reference is not None:
                other = self.check(reference, "reference").to(batch.dtype)
                check_pair(batch.shape, other.shape)
            result: Tensor = job(batch, other, check_mask(mask, batch))
        return result

    def _loss(self, test: Tensor, reference: Tensor | None, mask: Tensor | None) -> Tensor:
        features = None if reference is None else self.features(reference)
        return self.compare_loss(test, features, mask)


class PreparedMetric(nn.Module):
    """A metric whose reference is already worked through: ``prepared(test) -> (N,)``.

    Made by :meth:`Metric.prepare`; gives the same values as calling the metric.
    """

    def __init__(self, metric: Metric, features: Any, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.metric = metric
        self.features = features
        self.shape = shape

    def _test(self, test: Tensor) -> Tensor:
        batch = self.metric.check(test, "test")
        check_pair(batch.shape, self.shape)
        return batch

    def forward(self, test: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """Score ``test`` against the prepared reference; see :meth:`Metric.forward`."""
        batch = self._test(test)
        with torch.autocast(batch.device.type, enabled=False):
            return self.metric.compare(batch, self.features, check_mask(mask, batch))

    def map(self, test: Tensor) -> Tensor:
        """Return the map of ``test`` against the prepared reference; see :meth:`Metric.map`."""
        if not self.metric.info.has_map:
            raise OptionError(f"{self.metric.info.name} has no map")
        batch = self._test(test)
        with torch.autocast(batch.device.type, enabled=False):
            return self.metric.compare_map(batch, self.features)

    def loss(
        self, test: Tensor, *, mask: Tensor | None = None, reduction: Reduction = "mean"
    ) -> Tensor:
        """Return the loss of ``test`` against the prepared reference; see :meth:`Metric.as_loss`.

        Raises
        ------
        OptionError
            If the metric is not differentiable, or the reduction is not known.
        """
        # Refuses what is no loss, in the words of the metric.
        reduce = self.metric.as_loss(reduction=reduction).reduce
        batch = self._test(test)
        with torch.autocast(batch.device.type, enabled=False):
            return reduce(self.metric.compare_loss(batch, self.features, check_mask(mask, batch)))

    def __repr__(self) -> str:
        return f"PreparedMetric({self.metric!r}, reference={tuple(int(n) for n in self.shape)})"


class MetricLoss(nn.Module):
    """A metric turned so that lower is better and 0 is best: ``loss(test, reference) -> scalar``.

    Where the metric is at its best for identical images, their loss is 0: PSNR's is the dB that are
    missing to 100 (of two images that differ by next to nothing it is capped there), that of SSIM
    and its like is one minus the index, that of HDR-VDP-2 is its Q above that of identical images.
    Metrics that are never at their best (TMQI and FSITM-TMQI, which also ask how natural a picture
    looks, and the learned ones) have losses above 0 for the best pictures too.

    Always finite, with finite gradients at identical images.

    Parameters
    ----------
    metric
        A differentiable one.
    reduction
        ``mean`` or ``sum`` over the batch, or ``none`` for one loss per image.

    Raises
    ------
    OptionError
        If the reduction is not known.
    """

    def __init__(self, metric: Metric, reduction: Reduction = "mean") -> None:
        super().__init__()
        if reduction not in get_args(Reduction):
            raise OptionError(f"reduction is {', '.join(get_args(Reduction))}; not {reduction!r}")
        self.metric = metric
        self.reduction: Reduction = reduction

    def forward(
        self, test: Tensor, reference: Tensor | None = None, *, mask: Tensor | None = None
    ) -> Tensor:
        """Return the loss of the batch; arguments as for :meth:`Metric.forward`."""
        return self.reduce(self.metric._run(test, reference, mask, self.metric._loss))

    def reduce(self, losses: Tensor) -> Tensor:
        """Return the losses ``(N,)`` as the reduction has it."""
        if self.reduction == "none":
            return losses
        return losses.sum() if self.reduction == "sum" else losses.mean()

    def __repr__(self) -> str:
        return f"MetricLoss({self.metric!r}, reduction={self.reduction!r})"


def cannot_explain(count: int) -> str:
    """Return what to say of so many metrics that do not explain."""
    do = "does" if count == 1 else "do"
    return (
        f"{do} not say what is wrong with an image; norvdpnet does, and those of which hdrmetrics "
        "metrics NAME says so"
    )
