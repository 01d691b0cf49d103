"""Wiener deblurring with an assumed Gaussian, as a filter of finite reach."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.numerics.filters import gaussian_taps, pad

_REACH = 12  # in deviations of the blur, and pixels beside: what lies beyond is below 1e-4
_GRID = 512  # of frequencies that the filter is computed on


@ENHANCERS.add
class Wiener(LocalEnhancer):
    """G = H/(H² + balance·|Λ|²) over code values: H a Gaussian blur, Λ the Laplacian.

    Noise is taken to be white and the picture to be smooth: the Laplacian holds back what the
    balance says, and leaves the mean as it is. The filter is cut at a reach of 12σ + 12 pixels, so
    that pictures are worked on in tiles; borders are repeated.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> flat = torch.full((1, 3, 16, 16), 0.25)
    >>> bool((create_enhancer("wiener")(flat) - 0.25).abs().max() < 1e-5)
    True
    """

    info = EnhancerInfo(
        name="wiener",
        title="Wiener deblurring",
        parameters=(
            Parameter("sigma", 1.0, (0.3, 8.0), "px", "standard deviation of the assumed blur"),
            Parameter("balance", 0.003, (1e-5, 10.0), "", "how much roughness is held back"),
        ),
        against=("blur",),
        citation="Hunt, The application of constrained least squares estimation to image "
        "restoration by digital computer, IEEE Trans. Computers C-22(9), 1973",
    )

    def margin(self) -> int:
        """Return the reach of the filter."""
        return math.ceil(_REACH * float(self.settings["sigma"])) + _REACH

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part deblurred."""
        reach = self.margin()
        kernel = wiener_kernel(self.settings["sigma"], self.settings["balance"], reach)
        padded = pad(image, reach, reach, "replicate")
        size = padded.shape[-2:]
        spectrum = torch.fft.rfft2(kernel.to(image), s=size)
        found: Tensor = torch.fft.irfft2(torch.fft.rfft2(padded) * spectrum, s=size)
        return found[..., 2 * reach :, 2 * reach :]


@lru_cache(maxsize=16)
def wiener_kernel(sigma: float, balance: float, reach: int) -> Tensor:
    """Return the filter ``(2·reach + 1, 2·reach + 1)``, float64, of sum 1.

    Parameters
    ----------
    sigma
        Of the assumed blur, in pixels: a Gaussian cut at 4σ.
    balance
        Of the Laplacian.
    reach
        To each side.
    """
    half = math.ceil(4 * sigma)
    taps = torch.tensor(gaussian_taps(2 * half + 1, sigma), dtype=torch.float64)
    turns = torch.fft.fftfreq(_GRID, dtype=torch.float64) * 2 * math.pi
    places = torch.arange(-half, half + 1, dtype=torch.float64)
    line = (taps * torch.cos(turns[:, None] * places)).sum(dim=1)
    blur = line[:, None] * line
    laplacian = 4 - 2 * torch.cos(turns)[:, None] - 2 * torch.cos(turns)
    inverse = blur / (blur.square() + balance * laplacian.square())
    whole = torch.fft.fftshift(torch.fft.ifft2(inverse).real)
    centre = _GRID // 2
    kernel: Tensor = whole[centre - reach : centre + reach + 1, centre - reach : centre + reach + 1]
    return kernel / kernel.sum()
