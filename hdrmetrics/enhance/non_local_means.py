"""Non-local means: each pixel the mean of those whose surroundings look like its own."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.numerics.filters import pad, separable_filter

_GAUSSIAN_MEDIAN = 0.6744897501960817  # of |x| where x is normal with deviation 1
_NOTHING = 1e-4  # a fortieth of a step of eight bits


@ENHANCERS.add
class NonLocalMeans(LocalEnhancer):
    """Means over a window with weights exp(−max(d² − 2σ², 0)/h²), h = strength·σ.

    d² is the mean square of the differences of two patches, over pixels and channels. σ is the
    deviation of the noise, estimated from the picture where it is not given: the median of the
    diagonal Haar coefficients over 0.6745.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> noisy = 0.5 + 0.05 * torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> clean = create_enhancer("non_local_means")(noisy)
    >>> bool(clean.std() < 0.4 * noisy.std())
    True
    """

    info = EnhancerInfo(
        name="non_local_means",
        title="Non-local means",
        parameters=(
            Parameter(
                "sigma", None, (0.0, 0.5), "", "standard deviation of the noise, of the full range",
                automatic="from the picture",
            ),
            Parameter("strength", 0.8, (0.1, 5.0), "σ", "how unlike patches may be"),
            Parameter("patch", 2, (0, 7), "px", "reach of a patch to each side", "integer"),
            Parameter("window", 6, (1, 20), "px", "reach of the search to each side", "integer"),
        ),
        against=("noise",),
        citation="Buades, Coll and Morel, A review of image denoising algorithms, Multiscale "
        "Modeling and Simulation 4(2), 2005; Donoho and Johnstone, Ideal spatial adaptation by "
        "wavelet shrinkage, Biometrika 81(3), 1994 (the noise)",
    )  # fmt: skip
    side = 256  # its maps stay in the cache

    def margin(self) -> int:
        """Return the reach of search and patch."""
        return int(self.settings["window"] + self.settings["patch"])

    def observe(self, image: Tensor) -> float:
        """Return the noise."""
        given = self.settings["sigma"]
        return noise_level(image) if given is None else float(given)

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part denoised."""
        if observed < _NOTHING:
            return image
        reach, patch = self.settings["window"], self.settings["patch"]
        height, width = image.shape[-2:]
        padded = pad(image, reach + patch, reach + patch, "replicate")[0]
        own = padded[:, reach : reach + height + 2 * patch, reach : reach + width + 2 * patch]
        box = (1 / (2 * patch + 1),) * (2 * patch + 1)
        scale = -1.0 / (self.settings["strength"] * observed) ** 2
        total, weights = torch.zeros_like(image[0]), torch.zeros_like(image[0, 0])
        for down in range(2 * reach + 1):
            for right in range(2 * reach + 1):
                other = padded[
                    :, down : down + height + 2 * patch, right : right + width + 2 * patch
                ]
                unlike = separable_filter((own - other).square_().mean(dim=0), box)
                weight = unlike.sub_(2 * observed**2).clamp_(min=0).mul_(scale).exp_()
                total.addcmul_(weight, other[:, patch : patch + height, patch : patch + width])
                weights += weight
        return (total / weights)[None]


def noise_level(image: Tensor) -> float:
    """Return the standard deviation of white noise in a picture, as its finest details tell.

    Parameters
    ----------
    image
        ``(1, 3, H, W)``; 0 for pictures of fewer than two pixels a side.
    """
    height, width = (side // 2 * 2 for side in image.shape[-2:])
    if min(height, width) == 0:
        return 0.0
    whole = image[..., :height, :width]
    rows = whole[..., ::2, :] - whole[..., 1::2, :]
    diagonal = (rows[..., ::2] - rows[..., 1::2]).abs_() / 2
    return float(diagonal.median()) / _GAUSSIAN_MEDIAN
