"""FSIM, the feature similarity index of Zhang, Zhang, Mou and Zhang (2011), grey or in colour."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from hdrmetrics.metrics._local_similarity import (
    MINIMUM_SIZE,
    LocalSimilarity,
    SimilarityMetric,
    as_rgb,
    decimate,
    decimation,
    gradient_magnitude,
    pool,
    ratio,
    real_power,
    safe_sqrt,
)
from hdrmetrics.metrics._log_gabor import frequency_grid, log_gabor, split_parity
from hdrmetrics.metrics._plain import eight_bit_scale, on_codes
from hdrmetrics.metrics.code_metric import Measure, each_encoding
from hdrmetrics.numerics.recording import constants

# Constants of the paper, for code values of which 255 is the white of an 8-bit image.
_CONGRUENCY_CONSTANT = 0.85
_GRADIENT_CONSTANT = 160.0
_CHROMA_CONSTANT = 200.0
_CHROMA_EXPONENT = 0.03

# Phase congruency as Kovesi's phasecong2 with the settings of FSIM.
_SCALES, _ORIENTATIONS = 4, 4
_SHORTEST_WAVE = 6.0  # px, doubling from scale to scale
_BANDWIDTH = 0.55
_ANGLE_SIGMA = math.pi / _ORIENTATIONS / 1.2
_NOISE_SIGMAS = 2.0
_NOISE_OVERESTIMATE = 1.7
_ENERGY_FLOOR = 1e-4

_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


class FsimFeatures(NamedTuple):
    """What FSIM keeps of an image, on the decimated grid.

    Parameters
    ----------
    congruency
        Phase congruency ``(N, 1, h, w)``, 0 to 1.
    gradient
        ``(N, 1, h, w)``, code values.
    chroma
        ``(N, 2, h, w)``, the I and Q planes, code values.
    """

    congruency: Tensor
    gradient: Tensor
    chroma: Tensor


def fsim(
    test: Tensor,
    reference: Tensor,
    *,
    data_range: float = 1.0,
    chromatic: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the feature similarity index, one value per image.

    Parameters
    ----------
    test, reference, data_range
        As for :func:`~hdrmetrics.functional.vsi`.
    chromatic
        Compare the I and Q planes too (FSIMc); otherwise only Y (FSIM). The same for grey images.
    mask
        Weights in [0, 1], ``(N, 1, H, W)``; they multiply the phase congruency that pools the
        map. Phase congruency itself is computed on the whole picture.

    Returns
    -------
    Tensor
        ``(N,)``, 1 for identical images, lower the more they differ.

    Raises
    ------
    ShapeError
        For shapes that are no images, are too small or differ.
    PixelValueError, DomainError, OptionError
        For NaN or infinity, values that are no codes of this range, and a range or mask that
        cannot be.

    Notes
    -----
    Phase congruency is 0/0 in the authors' code where nothing varies (a black image); here it is
    zero, and a pair of such images is averaged with equal weights.

    References
    ----------
    L. Zhang, L. Zhang, X. Mou, D. Zhang, "FSIM: a feature similarity index for image quality
    assessment", IEEE Trans. Image Processing 20(8), 2011.

    P. Kovesi, "Image features from phase congruency", Videre 1(3), 1999.
    """

    def compare(t: Tensor, r: Tensor, m: Tensor | None) -> Tensor:
        scale = eight_bit_scale(data_range)
        local = fsim_compare(t * scale, fsim_features(r * scale), chromatic=chromatic)
        return pool(local, m, (t.shape[-2], t.shape[-1]))

    return on_codes(compare, test, reference, data_range=data_range, mask=mask)


def fsimc(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the feature similarity index with chroma: :func:`fsim` with ``chromatic=True``."""
    return fsim(test, reference, data_range=data_range, chromatic=True, mask=mask)


def fsim_features(image: Tensor) -> FsimFeatures:
    """Return what FSIM compares of an image on the 8-bit scale, white at 255."""
    rgb = as_rgb(image, "input")
    small = decimate(rgb, decimation(*rgb.shape[-2:]))
    yiq = torch.einsum("ij,njhw->nihw", small.new_tensor(_YIQ), small)
    return FsimFeatures(
        congruency=phase_congruency(yiq[:, 0])[:, None],
        gradient=gradient_magnitude(yiq[:, :1]),
        chroma=yiq[:, 1:],
    )


def fsim_compare(test: Tensor, features: FsimFeatures, *, chromatic: bool) -> LocalSimilarity:
    """Return the local similarity of ``test`` to a reference's features, with pooling weights."""
    own = fsim_features(test)
    similarity = ratio(own.gradient, features.gradient, _GRADIENT_CONSTANT) * ratio(
        own.congruency, features.congruency, _CONGRUENCY_CONSTANT
    )
    if chromatic:
        chroma = ratio(own.chroma, features.chroma, _CHROMA_CONSTANT).prod(dim=1, keepdim=True)
        similarity = similarity * real_power(chroma, _CHROMA_EXPONENT)
    return LocalSimilarity(similarity, torch.maximum(own.congruency, features.congruency))


def phase_congruency(image: Tensor) -> Tensor:
    """Return how far the Fourier components of an image agree in phase, from 0 to 1.

    Parameters
    ----------
    image
        ``(N, H, W)``, at least 3×3 pixels. The noise threshold assumes noise that is visible at
        the smallest scale; the floor of the energy, 1e-4, assumes code values near 0 to 255.

    Returns
    -------
    Tensor
        ``(N, H, W)``; zero where nothing varies.
    """
    height, width = image.shape[-2:]
    filters = _filters(height, width, image.dtype, image.device)
    spectrum = torch.view_as_real(torch.fft.rfft2(image))[:, None]
    quadrature = torch.stack([spectrum[..., 1], -spectrum[..., 0]], dim=-1)  # −i · spectrum

    def respond(rotated: Tensor, kernels: Tensor) -> Tensor:
        filtered = torch.view_as_complex(rotated * kernels[..., None])
        response: Tensor = torch.fft.irfft2(filtered, s=(height, width))
        return response

    energy, amplitude = [], []
    for even_filter, odd_filter, noise in zip(
        filters.even, filters.odd, filters.noise, strict=True
    ):
        even, odd = respond(spectrum, even_filter), respond(quadrature, odd_filter)
        power = even.square() + odd.square()
        even_sum, odd_sum = even.sum(dim=1), odd.sum(dim=1)
        resultant = even_sum.square() + odd_sum.square()
        # The sum over scales of amplitude · (cos φ − |sin φ|), φ the angle to the mean direction.
        across = (even * odd_sum[:, None] - odd * even_sum[:, None]).abs().sum(dim=1)
        agreement = (resultant - across) / (safe_sqrt(resultant) + _ENERGY_FLOOR)
        threshold = noise * safe_sqrt(_median(power[:, 0]))
        energy.append((agreement - threshold[:, None, None]).clamp_min(0))
        amplitude.append(safe_sqrt(power).sum(dim=1))
    total = torch.stack(amplitude).sum(dim=0)
    return torch.stack(energy).sum(dim=0) / torch.where(total == 0, 1, total)


def _median(planes: Tensor) -> Tensor:
    """Return the median of each plane ``(N, H, W)``; of the middle two values, the mean."""
    values = planes.flatten(1)
    count = values.shape[1]
    upper = values.kthvalue(count // 2 + 1, dim=1).values
    if count % 2:
        return upper
    return (values.kthvalue(count // 2, dim=1).values + upper) / 2


class _Filters(NamedTuple):
    """Log-Gabor filters of one image size, split for real transforms.

    Each filter passes one half of the frequency plane, so its response is complex: the real part
    comes from the filter's even half, the imaginary part from its odd half.
    """

    even: Tensor  # (orientations, scales, H, W // 2 + 1)
    odd: Tensor
    noise: tuple[Tensor, ...]  # per orientation: threshold over the root of the median energy


@constants(4)  # tens of megabytes each for panoramas
def _filters(height: int, width: int, dtype: torch.dtype, device: torch.device) -> _Filters:
    radius, angle = frequency_grid(height, width)
    waves = [_SHORTEST_WAVE * 2.0**scale for scale in range(_SCALES)]
    radial = log_gabor(radius, waves, _BANDWIDTH)

    even, odd, noise = [], [], []
    for orientation in range(_ORIENTATIONS):
        turn = angle - orientation * math.pi / _ORIENTATIONS
        distance = torch.atan2(turn.sin(), turn.cos())
        kernels = radial * torch.exp(-distance.square() / (2 * _ANGLE_SIGMA**2))
        halves = split_parity(kernels)
        even.append(halves[0])
        odd.append(halves[1])
        noise.append(_noise_gain(kernels, even[-1]))
    half = width // 2 + 1
    return _Filters(
        torch.stack(even)[..., :half].to(device, dtype),
        torch.stack(odd)[..., :half].to(device, dtype),
        tuple(noise),
    )


def _noise_gain(kernels: Tensor, even: Tensor) -> Tensor:
    """Return the noise threshold over the root of the median energy at the smallest scale.

    With white Gaussian noise that energy is χ² distributed with two degrees of freedom, which
    gives the noise power; the energy summed over scales is then Rayleigh distributed, and the
    threshold lies some standard deviations above its mean.
    """
    noise_power = 1 / math.log(2) / kernels[0].square().sum()
    rayleigh = torch.sqrt(noise_power * even.sum(dim=0).square().sum())
    spread = math.sqrt(math.pi / 2) + _NOISE_SIGMAS * math.sqrt(2 - math.pi / 2)
    return rayleigh * spread / _NOISE_OVERESTIMATE


@each_encoding
class FSIM(SimilarityMetric):
    """Feature similarity index on luma; see :func:`fsim`."""

    measure = Measure(
        name="fsim",
        title="Feature similarity index",
        higher_is_better=True,
        range=(0.0, 1.0),
        map_kind="similarity",
        minimum_size=MINIMUM_SIZE,
        citation="Zhang, Zhang, Mou and Zhang, IEEE TIP 20(8), 2011",
    )
    chromatic: ClassVar[bool] = False

    def code_features(self, reference: Tensor) -> FsimFeatures:
        """Return the reference's phase congruency, gradient and chroma."""
        return fsim_features(reference)

    def local(self, test: Tensor, kept: FsimFeatures) -> LocalSimilarity:
        """Return the similarity, weighted by phase congruency."""
        return fsim_compare(test, kept, chromatic=self.chromatic)


@each_encoding
class FSIMc(FSIM):
    """Feature similarity index with chroma; see :func:`fsim`."""

    measure = dataclasses.replace(
        FSIM.measure,
        name="fsimc",
        title="Feature similarity index with chroma",
        range=(-1.0, 1.0),
    )
    chromatic = True
