"""The camera response correction of the SI-HDR evaluation protocol."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hdrmetrics.errors import ShapeError
from hdrmetrics.picture.pixels import as_batch, check_pair, value_range

_DEGREE = 3
_REGULARISATION = 0.01
_FLOOR = 0.005  # cd/m²; also of the scaled u', v'
_PQ_PEAK = 10000.0
# PQ with the rounding of the authors, on which the fit's domain depends.
_PQ_N, _PQ_M, _PQ_C1, _PQ_C2, _PQ_C3 = 0.1593, 78.8438, 0.8359, 18.8516, 18.6875
_RGB_TO_XYZ = (
    (0.412424, 0.357579, 0.180464),
    (0.212656, 0.715158, 0.072186),
    (0.019332, 0.119193, 0.950444),
)
_XYZ_RANGE = (1e-4, 1e8)
_CHROMATICITY_SCALE = 410 / 255  # gives u', v' a span near one, which the regularisation assumes
_CHUNK = 4096  # rows that are factored together: they fit into a core's cache


def crf_correction(test: Tensor, reference: Tensor) -> Tensor:
    """Fit the tone curve and the colours of ``test`` to those of ``reference``.

    Methods that guess an HDR image from one SDR image cannot know the camera's response; the
    SI-HDR protocol takes that global difference out before comparing. Luminance is mapped by a
    cubic in PQ values, u' and v' by a cubic with the cross term u'v', drawn towards no change.

    Parameters
    ----------
    test
        Linear BT.709 RGB in cd/m², ``(N, 3, H, W)``; raised to 0.005 cd/m² where below.
    reference
        The same shape and unit, or a batch of one for all tests.

    Returns
    -------
    Tensor
        The corrected test in cd/m², shape and dtype of ``test``. Gradients flow through the
        mapping but not through its coefficients, which count as constants.

    Raises
    ------
    ShapeError
        If an image has not three channels, or the two differ in shape.
    PixelValueError
        For NaN or infinite pixels.

    Notes
    -----
    The arithmetic is in double precision. The authors invert normal equations; here the same
    least-squares problem is solved by orthogonal factors, which agrees to about 1e-9 and is also
    defined where their matrix is singular (few different luminances): the smallest coefficients
    then. A fitted PQ value beyond that of 10⁸ cd/m², where theirs turns complex, is clamped there.

    References
    ----------
    P. Hanji, R. K. Mantiuk, G. Eilertsen, S. Hajisharif, J. Unger, "Comparison of single image HDR
    reconstruction methods: the caveats of quality assessment", SIGGRAPH 2022.
    """
    batch, target = as_batch(test, "test"), as_batch(reference, "reference")
    for image, role in ((batch, "test"), (target, "reference")):
        if image.shape[1] != 3:
            raise ShapeError(
                f"CRF correction fits colours, so it needs three channels; the {role} image has "
                f"{image.shape[1]}"
            )
        value_range(image, role)
    check_pair(batch.shape, target.shape)
    targets = target.expand(batch.shape[0], -1, -1, -1)
    return torch.stack([_correct(t, r) for t, r in zip(batch, targets, strict=True)])


def _correct(test: Tensor, reference: Tensor) -> Tensor:
    luma, chroma = _luma_chroma(test)
    tone_terms, colour_terms = _terms(luma), _terms(chroma)
    with torch.no_grad():
        wanted = _luma_chroma(reference)
        tone = _fit(tone_terms, wanted.luma, regularisation=0.0)
        colour = _fit(colour_terms, wanted.chroma, regularisation=_REGULARISATION)
    luma = (tone_terms @ tone).clamp(_pq(_FLOOR), _pq(_XYZ_RANGE[1]))
    chroma = (colour_terms @ colour).clamp_min(_FLOOR)
    return _rgb(luma, chroma).T.reshape(test.shape).to(test.dtype)


def _terms(values: Tensor) -> Tensor:
    """Return the polynomial's terms: powers, the cross term, linear, constant."""
    powers = [values**degree for degree in range(_DEGREE, 1, -1)]
    cross = [values.prod(dim=1, keepdim=True)] if values.shape[1] == 2 else []
    return torch.cat([*powers, *cross, values, torch.ones_like(values[:, :1])], dim=1)


def _fit(terms: Tensor, wanted: Tensor, regularisation: float) -> Tensor:
    """Return the least-squares coefficients ``(terms, channels)``, drawn towards the identity."""
    pixels, count = terms.shape
    channels = wanted.shape[1]
    if regularisation:
        identity = terms.new_zeros(count, channels)
        identity[-channels - 1 : -1] = torch.eye(channels, dtype=terms.dtype, device=terms.device)
        strength = math.sqrt(regularisation * pixels / count)
        pull = torch.eye(count, dtype=terms.dtype, device=terms.device)
        terms = torch.cat([terms, strength * pull])
        wanted = torch.cat([wanted, strength * identity])
    triangle = _triangle(torch.cat([terms, wanted], dim=1))[:count].cpu()
    solution: Tensor = torch.linalg.lstsq(
        triangle[:, :count], triangle[:, count:], rcond=1e-12, driver="gelsd"
    ).solution
    return solution.to(terms.device)


def _triangle(rows: Tensor) -> Tensor:
    """Return the triangular factor of a tall matrix, which holds its least-squares problem.

    Its singular values show where the data leave coefficients open, which a solver on the whole
    matrix would find out at many times the price.
    """
    while rows.shape[0] > _CHUNK:
        parts = torch.split(rows, _CHUNK)
        rows = torch.cat([torch.linalg.qr(part, mode="r").R for part in parts])
    triangle: Tensor = torch.linalg.qr(rows, mode="r").R
    return triangle


class _LumaChroma(NamedTuple):
    luma: Tensor  # PQ values (pixels, 1)
    chroma: Tensor  # scaled u', v' (pixels, 2)


def _luma_chroma(rgb: Tensor) -> _LumaChroma:
    pixels = rgb.double().clamp_min(_FLOOR).flatten(1).T
    matrix = pixels.new_tensor(_RGB_TO_XYZ)
    x, y, z = (pixels @ matrix.T).clamp(*_XYZ_RANGE).unbind(1)
    divisor = (x + 15 * y + 3 * z) / _CHROMATICITY_SCALE
    normalised = (y[:, None] / _PQ_PEAK) ** _PQ_N
    luma = ((_PQ_C1 + _PQ_C2 * normalised) / (1 + _PQ_C3 * normalised)) ** _PQ_M
    return _LumaChroma(luma, torch.stack([4 * x / divisor, 9 * y / divisor], dim=1))


def _pq(luminance: float) -> float:
    normalised: float = (luminance / _PQ_PEAK) ** _PQ_N
    encoded: float = ((_PQ_C1 + _PQ_C2 * normalised) / (1 + _PQ_C3 * normalised)) ** _PQ_M
    return encoded


def _rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """Return to linear RGB ``(pixels, 3)``, colours out of gamut clipped at zero."""
    root = luma ** (1 / _PQ_M)
    light = _PQ_PEAK * ((root - _PQ_C1) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_N)
    u, v = (chroma / _CHROMATICITY_SCALE).unbind(1)
    y = light[:, 0]
    x, z = y * 9 * u / (4 * v), y * (12 - 3 * u - 20 * v) / (4 * v)
    xyz = torch.stack([x, y, z], dim=1).clamp(*_XYZ_RANGE)
    inverse: Tensor = torch.linalg.inv(xyz.new_tensor(_RGB_TO_XYZ))
    return (xyz @ inverse.T).clamp_min(0)
