"""FSITM: how often local phase has the same sign in a tone-mapped image and its HDR source."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import Metric, MetricInfo, MetricLoss, PreparedMetric, Reduction
from hdrmetrics.metrics._local_similarity import safe_sqrt
from hdrmetrics.metrics._log_gabor import frequency_grid, log_gabor, split_parity
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.metrics.tmqi.fidelity import Window, with_statistics
from hdrmetrics.metrics.tmqi.metric import WINDOW
from hdrmetrics.numerics.pooling import masked_mean
from hdrmetrics.numerics.recording import constants
from hdrmetrics.picture.pixels import check_light

Channel = Literal["red", "green", "blue"]
"""Which channel is compared; of a grey image its only one."""

CHANNEL = Parameter(
    "channel", "green", None, "", "what is compared; of a grey image its only channel", "choice",
    get_args(Channel),
)  # fmt: skip
SOFTNESS = Parameter(
    "softness", 0.0, (0.0, 1e6), "radians", "of the comparison of phases; above 0 it has gradients"
)

_BANDWIDTH = 0.65
_FINE, _COARSE = (2.0, 4.0), (8.0, 64.0)  # px: wavelengths of both scales of a filter bank
_ONE_BANK_PIXELS = 2**18
_ROUNDING = 1e-12  # of the largest value: responses under it are rounding of the transform

INFO = MetricInfo(
    name="fsitm",
    title="Feature similarity index for tone-mapped images",
    domain="tonemapped",
    reference=True,
    higher_is_better=True,
    range=(0.0, 1.0),
    unit="",
    differentiable=False,
    map_kind="similarity",
    minimum_size=4,
    citation="Ziaei Nafchi, Shahkolaei, Farrahi Moghaddam and Cheriet, IEEE SPL 22(8), 2015",
    version="1",
)
COMBINED = dataclasses.replace(
    INFO,
    name="fsitm-tmqi",
    title="Mean of FSITM and TMQI",
    minimum_size=TMQI.info.minimum_size,
)


def coarse_share(height: int, width: int) -> float:
    """Return the weight of the coarse filter bank: 0 up to 2¹⁹ pixels, then 1 − 1/⌊pixels/2¹⁸⌋."""
    banks = height * width // _ONE_BANK_PIXELS
    return 1 - 1 / banks if banks > 1 else 0.0


def fsitm(
    test: Tensor,
    reference: Tensor,
    *,
    channel: Channel = "green",
    softness: float = 0.0,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the share of pixels whose local phase has the same sign in both images.

    The sign says whether a place is brighter or darker than its surroundings, which a tone
    mapping should not turn round.

    Parameters
    ----------
    test
        Tone-mapped, display-encoded in [0, 1], ``(N, C, H, W)``, C = 1 or 3.
    reference
        The HDR image, same shape: linear RGB or luminance in any unit, not negative.
    channel
        Compared alone, as in the paper, which reports all three; of a grey image its only one.
    softness
        0 counts signs, which has no useful gradient. Above it, the test's phase φ (radians, −π/2
        to π/2) counts (1 ± tanh(φ / softness)) / 2, the sign being that of the reference: this
        is differentiable, and tends to the count as it goes to 0. 0.1 is a good start.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    Returns
    -------
    Tensor
        ``(N,)``, 0 to 1; about 0.5 for unrelated images.

    Raises
    ------
    ShapeError
        If the shapes differ, or a side is under 4 pixels.
    OptionError
        For an unknown channel or a softness that is negative.
    PixelValueError, DomainError
        For NaN or infinity, negative light, or a test image that is not display-encoded in
        [0, 1].

    Notes
    -----
    As in the authors' code, the reference's logarithm is rounded to 8 bits; above half a million
    pixels, phases of both images (the reference's not in the logarithm) at wavelengths of 8 and 64
    pixels are mixed in, the more the larger the image.

    References
    ----------
    H. Ziaei Nafchi, A. Shahkolaei, R. Farrahi Moghaddam, M. Cheriet, "FSITM: a feature similarity
    index for tone-mapped images", IEEE Signal Processing Letters 22(8), 2015.

    P. Kovesi, "Image features from phase congruency", Videre 1(3), 1999.
    """
    check_light(reference, "reference")
    value: Tensor = _made(channel, softness)(test, reference, mask=mask)
    return value


def fsitm_tmqi(
    test: Tensor,
    reference: Tensor,
    *,
    channel: Channel = "green",
    softness: float = 0.0,
    window: Window = "same",
    mask: Tensor | None = None,
) -> Tensor:
    """Return the mean of :func:`fsitm` and :func:`hdrmetrics.functional.tmqi`, ``(N,)``, 0 to 1.

    The paper found it to agree better with people than either. Parameters, errors and references
    are theirs.
    """
    metric = _combined(channel, softness, window)
    check_light(reference, "reference")
    value: Tensor = metric(test, reference, mask=mask)
    return value


@functools.lru_cache(16)
def _made(channel: Channel, softness: float) -> FSITM:
    return FSITM(channel=channel, softness=softness)


@functools.lru_cache(16)
def _combined(channel: Channel, softness: float, window: Window) -> FSITMTMQI:
    return FSITMTMQI(channel=channel, softness=softness, window=window)


@METRICS.add
class FSITM(Metric):
    """Feature similarity index for tone-mapped images; see :func:`fsitm`.

    Parameters
    ----------
    channel, softness
        See :func:`fsitm`. Only with a softness is there a gradient, and a loss.
    """

    info = INFO
    option_parameters = (CHANNEL, SOFTNESS)

    def __init__(self, *, channel: Channel = "green", softness: float = 0.0) -> None:
        super().__init__()
        CHANNEL.check(channel)
        self.channel: Channel = channel
        self.softness = float(SOFTNESS.check(softness))
        self.info = dataclasses.replace(INFO, differentiable=softness > 0)

    def as_loss(self, *, reduction: Reduction = "mean") -> MetricLoss:
        """Return one minus the index, for an optimiser; needs a softness."""
        _need_softness(self.softness, self.info.name)
        return super().as_loss(reduction=reduction)

    def features(self, reference: Tensor) -> Tensor:
        """Return where the phase of the reference is above zero, ``(N, 1, H, W)`` boolean."""
        light = self._plane(reference).clamp_min(0)
        height, width = light.shape[-2:]
        share = coarse_share(height, width)
        angle = (1 - share) * phase(_eight_bit_log(light), _FINE, sign_only=share == 0)
        if share > 0:
            angle = angle + share * phase(light, _COARSE)
        return angle > 0

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the share of equal signs."""
        agreement = self._agreement(test, features)
        weights = None if mask is None else mask.to(agreement.dtype)
        return masked_mean(agreement, weights).to(test.dtype)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return 1 where the signs agree, 0 where not (between, with a softness)."""
        return self._agreement(test, features).to(test.dtype)

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return channel and softness; for an image, the weight of the coarse filters too."""
        found: dict[str, Any] = {"channel": self.channel, "softness": self.softness}
        if reference is not None:
            found["coarse_share"] = coarse_share(reference.shape[-2], reference.shape[-1])
        return found

    def _plane(self, image: Tensor) -> Tensor:
        index = 0 if image.shape[1] == 1 else get_args(Channel).index(self.channel)
        return image[:, index : index + 1].double()

    def _agreement(self, test: Tensor, above: Tensor) -> Tensor:
        code = self._plane(test)
        share = coarse_share(code.shape[-2], code.shape[-1])
        sign_only = share == 0 and self.softness == 0
        angle = (1 - share) * phase(code, _FINE, sign_only=sign_only)
        if share > 0:
            angle = angle + share * phase(code, _COARSE)
        if self.softness == 0:
            return ((angle > 0) == above).to(code.dtype)
        leaning = torch.tanh(angle / self.softness)
        return (1 + torch.where(above, leaning, -leaning)) / 2


class FSITMFeatures(NamedTuple):
    """What both indices keep of a reference: see their ``features``."""

    fsitm: Any
    tmqi: Any


@METRICS.add
class FSITMTMQI(Metric):
    """Mean of FSITM and TMQI; see :func:`fsitm_tmqi`.

    Parameters
    ----------
    channel, softness
        See :func:`fsitm`. Only with a softness is there a loss.
    window
        See :func:`hdrmetrics.functional.tmqi`.
    """

    info = COMBINED
    option_parameters = (CHANNEL, SOFTNESS, WINDOW)

    def __init__(
        self, *, channel: Channel = "green", softness: float = 0.0, window: Window = "same"
    ) -> None:
        super().__init__()
        self.fsitm = FSITM(channel=channel, softness=softness)
        self.tmqi = TMQI(window=window)
        self.info = dataclasses.replace(
            COMBINED,
            differentiable=self.fsitm.info.differentiable,
            minimum_size=self.tmqi.info.minimum_size,
        )

    def as_loss(self, *, reduction: Reduction = "mean") -> MetricLoss:
        """Return the mean of both losses, for an optimiser; needs a softness."""
        _need_softness(self.fsitm.softness, self.info.name)
        return super().as_loss(reduction=reduction)

    def settings(self) -> dict[str, Any]:
        """Return the options of both."""
        return self.fsitm.settings() | self.tmqi.settings()

    def prepare(self, reference: Tensor) -> PreparedMetric:
        """Do the work on the reference once, for both indices."""
        prepared = super().prepare(reference)
        kept: FSITMFeatures = prepared.features
        prepared.features = kept._replace(tmqi=with_statistics(kept.tmqi, self.tmqi.window))
        return prepared

    def features(self, reference: Tensor) -> FSITMFeatures:
        """Return what both keep of the reference."""
        return FSITMFeatures(self.fsitm.features(reference), self.tmqi.features(reference))

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean of both."""
        first = self.fsitm.compare(test, features.fsitm, mask)
        return (first + self.tmqi.compare(test, features.tmqi, mask)) / 2

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean of both losses."""
        first = self.fsitm.compare_loss(test, features.fsitm, mask)
        return (first + self.tmqi.compare_loss(test, features.tmqi, mask)) / 2

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the mean of both maps."""
        first = self.fsitm.compare_map(test, features.fsitm)
        return (first + self.tmqi.compare_map(test, features.tmqi)) / 2

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return the conditions of both."""
        return self.fsitm.conditions(reference) | self.tmqi.conditions(reference)


def phase(image: Tensor, waves: tuple[float, ...], *, sign_only: bool = False) -> Tensor:
    """Return the locally weighted mean phase angle of log-Gabor filters, in radians.

    Parameters
    ----------
    image
        ``(N, 1, H, W)`` float64, in any unit.
    waves
        Wavelengths of the filters in pixels; there are two orientations of each.
    sign_only
        Return any value of the same sign instead, at a third of the work.

    Returns
    -------
    Tensor
        ``(N, 1, H, W)``: π/2 on a bright line, 0 on an edge and where nothing varies, −π/2 on a
        dark line.
    """
    height, width = image.shape[-2:]
    even_filter, odd_filters = _filters(height, width, waves, image.device)
    noise = image.detach().abs().amax(dim=(2, 3), keepdim=True) * _ROUNDING
    spectrum = torch.fft.rfft2(image)

    def respond(rotated: Tensor) -> Tensor:
        response: Tensor = torch.fft.irfft2(rotated, s=(height, width))
        return response

    even = respond(spectrum * even_filter)
    even = even.masked_fill(even.abs() <= noise, 0)
    if sign_only:
        return even
    odd = respond(torch.complex(spectrum.imag, -spectrum.real) * odd_filters)  # −i · spectrum
    strength = safe_sqrt(odd.square().sum(dim=1, keepdim=True))
    # Where there is neither, the angle is that of an edge: zero, with no slope.
    return torch.atan2(even, strength.masked_fill(strength <= noise, 0) + (even == 0))


def _eight_bit_log(light: Tensor) -> Tensor:
    """Return the logarithm of each plane ``(N, 1, H, W)``, rounded to 0 … 255.

    Zeros count as the smallest value above zero; a plane without range becomes zero.
    """
    least = light.masked_fill(light == 0, float("inf")).amin(dim=(2, 3), keepdim=True)
    logs = torch.log(torch.maximum(light, least))
    low, high = logs.amin(dim=(2, 3), keepdim=True), logs.amax(dim=(2, 3), keepdim=True)
    usable = torch.isfinite(low) & (high > low)
    scaled = (logs - low) / torch.where(usable, high - low, 1.0)
    # MATLAB rounds halves up, PyTorch to even
    return torch.where(usable, torch.floor(scaled * 255 + 0.5), 0.0)


@constants(4)  # tens of megabytes each for large images
def _filters(
    height: int, width: int, waves: tuple[float, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return the even filter ``(H, W // 2 + 1)`` and the two odd ones ``(2, H, W // 2 + 1)``.

    Orientations are horizontal and vertical; over each the responses of all scales are summed, and
    the even ones of both orientations too, so that one filter does for all.
    """
    radius, angle = frequency_grid(height, width)
    radial = log_gabor(radius, waves, _BANDWIDTH).sum(dim=0)
    spreads = torch.stack([1 + torch.cos(angle), 1 + torch.sin(angle)]) / 2
    even, odd = split_parity(radial * spreads)
    half = width // 2 + 1
    return even.sum(dim=0)[..., :half].to(device), odd[..., :half].to(device)


def _need_softness(softness: float, name: str) -> None:
    if softness == 0:
        raise OptionError(
            f"{name} counts signs, which has no gradient: make it with a softness, as in "
            f"create_metric({name!r}, softness=0.1)"
        )
