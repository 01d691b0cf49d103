"""VSI, the visual saliency induced index of Zhang, Shen and Li (2014)."""

from __future__ import annotations

from typing import NamedTuple

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
    length,
    pool,
    ratio,
    real_power,
)
from hdrmetrics.metrics._plain import eight_bit_scale, on_codes
from hdrmetrics.metrics.code_metric import Measure, each_encoding
from hdrmetrics.numerics.recording import constants
from hdrmetrics.numerics.resize import imresize

# Constants of the papers, for code values of which 255 is the white of an 8-bit image.
_SALIENCY_CONSTANT = 1.27
_GRADIENT_CONSTANT = 386.0
_CHROMA_CONSTANT = 130.0
_GRADIENT_EXPONENT = 0.40
_CHROMA_EXPONENT = 0.020
_BAND_CENTRE = 0.0210  # of the log-Gabor filter, cycles per pixel
_BAND_SIGMA = 1.34
_CENTRE_SIGMA = 145.0  # px of the saliency image
_COLOUR_SIGMA = 0.001
_SALIENCY_SIZE = 256  # side of the square image that saliency is computed on

# Opponent colours: lightness, and the two chroma planes M and N.
_OPPONENT = ((0.06, 0.63, 0.27), (0.30, 0.04, -0.35), (0.34, -0.60, 0.17))

_RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.9642, 1.0, 0.8251)  # D50 on a D65 matrix, as the authors have it
_LAB_EPSILON, _LAB_KAPPA = 0.008856, 903.3


class VsiFeatures(NamedTuple):
    """What VSI keeps of an image, on the decimated grid.

    Parameters
    ----------
    saliency
        ``(N, 1, h, w)``, 0 to 1.
    gradient
        ``(N, 1, h, w)``, code values.
    chroma
        ``(N, 2, h, w)``, the opponent planes M and N, code values.
    """

    saliency: Tensor
    gradient: Tensor
    chroma: Tensor


def vsi(
    test: Tensor, reference: Tensor, *, data_range: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """Return the visual saliency induced index, one value per image.

    Parameters
    ----------
    test, reference
        Codes ``(N, 3, H, W)``; one channel counts as three equal ones. At least 3×3 pixels.
    data_range
        Code of white: 1 for display-encoded values in [0, 1], 255 for 8-bit values, 256 for PU21.
        The constants are those of 8-bit values: codes are brought to them first, but for PU21,
        which its authors take as it is.
    mask
        Weights in [0, 1], ``(N, 1, H, W)``; they multiply the saliency that pools the map.
        Saliency itself is computed on the whole picture.

    Returns
    -------
    Tensor
        ``(N,)``, 1 for identical images, lower the more they differ, above 0 in practice.

    Raises
    ------
    ShapeError
        For shapes that are no images, are too small or differ.
    PixelValueError, DomainError, OptionError
        For NaN or infinity, values that are no codes of this range, and a range or mask that
        cannot be.

    Notes
    -----
    In an image of one colour nothing stands out: its saliency is 1 everywhere. (The authors' code
    divides 0 by 0 there and ends with the same value.)

    References
    ----------
    L. Zhang, Y. Shen, H. Li, "VSI: a visual saliency-induced index for perceptual image quality
    assessment", IEEE Trans. Image Processing 23(10), 2014.

    L. Zhang, Z. Gu, H. Li, "SDSP: a novel saliency detection method by combining simple priors",
    ICIP 2013.
    """

    def compare(t: Tensor, r: Tensor, m: Tensor | None) -> Tensor:
        scale = eight_bit_scale(data_range)
        return pool(vsi_compare(t * scale, vsi_features(r * scale)), m, _size(t))

    return on_codes(compare, test, reference, data_range=data_range, mask=mask)


def vsi_features(image: Tensor) -> VsiFeatures:
    """Return what VSI compares of an image on the 8-bit scale, white at 255."""
    rgb = as_rgb(image, "input")
    factor = decimation(*rgb.shape[-2:])
    # Averaging and colour transform are both linear: decimate first, fewer pixels to transform.
    opponent = _mix(decimate(rgb, factor), _OPPONENT)
    return VsiFeatures(
        saliency=decimate(saliency(rgb), factor),
        gradient=gradient_magnitude(opponent[:, :1]),
        chroma=opponent[:, 1:],
    )


def vsi_compare(test: Tensor, features: VsiFeatures) -> LocalSimilarity:
    """Return the local similarity of ``test`` to a reference's features, with pooling weights."""
    own = vsi_features(test)
    structure = ratio(own.gradient, features.gradient, _GRADIENT_CONSTANT)
    salience = ratio(own.saliency, features.saliency, _SALIENCY_CONSTANT)
    chroma = ratio(own.chroma, features.chroma, _CHROMA_CONSTANT).prod(dim=1, keepdim=True)
    similarity = (
        real_power(structure, _GRADIENT_EXPONENT) * salience * real_power(chroma, _CHROMA_EXPONENT)
    )
    return LocalSimilarity(similarity, torch.maximum(own.saliency, features.saliency))


def saliency(image: Tensor) -> Tensor:
    """Return the SDSP saliency of an image, stretched to [0, 1].

    Three priors multiplied: energy in a band of spatial frequencies of L*a*b*, nearness to the
    centre, and warm colours.

    Parameters
    ----------
    image
        ``(N, 3, H, W)`` on the 8-bit scale.

    Returns
    -------
    Tensor
        ``(N, 1, H, W)``.
    """
    side = _SALIENCY_SIZE
    lab = _lab(imresize(image, (side, side), "bilinear"))
    log_gabor, centre = _priors(lab.dtype, lab.device)
    band = torch.fft.irfft2(torch.fft.rfft2(lab) * log_gabor, s=(side, side))
    chroma, flat = _stretch(lab[:, 1:])
    warmth = chroma.square().sum(dim=1, keepdim=True)
    colour = -torch.expm1(-warmth / _COLOUR_SIGMA**2)
    raw = imresize(length(band) * centre * colour, _size(image), "bilinear")
    return torch.where(flat.any(dim=1, keepdim=True), 1, _stretch(raw)[0])


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]


def _mix(image: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    return torch.einsum("ij,njhw->nihw", image.new_tensor(matrix), image)


def _stretch(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Map each plane linearly onto [0, 1], and tell which are flat but for rounding (0)."""
    low, high = planes.amin(dim=(2, 3), keepdim=True), planes.amax(dim=(2, 3), keepdim=True)
    # 100 is the scale of L*a*b* and of what is filtered from it.
    flat = high - low <= 100 * 64 * torch.finfo(planes.dtype).eps
    return torch.where(flat, 0, (planes - low) / torch.where(flat, 1, high - low)), flat


def _lab(image: Tensor) -> Tensor:
    encoded = image / 255
    power = ((encoded.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    linear = torch.where(encoded > 0.04045, power, encoded / 12.92)
    xyz = _mix(linear, _RGB_TO_XYZ) / image.new_tensor(_WHITE)[:, None, None]
    root = xyz.clamp_min(_LAB_EPSILON) ** (1 / 3)
    x, y, z = torch.where(xyz > _LAB_EPSILON, root, (_LAB_KAPPA * xyz + 16) / 116).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


@constants(8)
def _priors(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the band-pass filter on the half spectrum and the weight of each place."""
    side = _SALIENCY_SIZE
    rows = torch.fft.fftfreq(side, dtype=torch.float64)[:, None]
    columns = torch.fft.rfftfreq(side, dtype=torch.float64)
    radius = torch.hypot(rows, columns)
    passed = (radius > 0) & (radius <= 0.5)
    octaves = torch.log(torch.where(passed, radius, 1.0) / _BAND_CENTRE)
    log_gabor = torch.exp(-octaves.square() / (2 * _BAND_SIGMA**2)) * passed
    # The authors' centre lies on the pixel before the middle (they count from one).
    offset = torch.arange(side, dtype=torch.float64) + 1 - side / 2
    near = torch.exp(-offset.square() / _CENTRE_SIGMA**2)
    return log_gabor.to(device, dtype), torch.outer(near, near).to(device, dtype)


@each_encoding
class VSI(SimilarityMetric):
    """Visual saliency induced index; see :func:`vsi`."""

    measure = Measure(
        name="vsi",
        title="Visual saliency induced index",
        higher_is_better=True,
        range=(-1.0, 1.0),
        map_kind="similarity",
        minimum_size=MINIMUM_SIZE,
        citation="Zhang, Shen and Li, IEEE TIP 23(10), 2014",
    )

    def code_features(self, reference: Tensor) -> VsiFeatures:
        """Return the reference's saliency, gradient and chroma."""
        return vsi_features(reference)

    def local(self, test: Tensor, kept: VsiFeatures) -> LocalSimilarity:
        """Return the similarity, weighted by saliency."""
        return vsi_compare(test, kept)
