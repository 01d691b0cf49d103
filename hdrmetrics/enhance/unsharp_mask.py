"""The unsharp mask: what a blur takes away, added once more."""

from __future__ import annotations

import math

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter

_SIGMAS = 4


@ENHANCERS.add
class UnsharpMask(LocalEnhancer):
    """x + amount·(x − G∗x) of code values, G a Gaussian; borders are repeated.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> edge = torch.full((1, 3, 1, 8), 0.25)
    >>> edge[..., 4:] = 0.75
    >>> sharp = create_enhancer("unsharp_mask", amount=0.5)(edge)
    >>> bool((sharp[..., 4] > 0.75).all() and (sharp[..., 3] < 0.25).all())
    True
    """

    info = EnhancerInfo(
        name="unsharp_mask",
        title="Unsharp mask",
        parameters=(
            Parameter("amount", 0.6, (0.0, 5.0), "", "of what a blur takes away that is added"),
            Parameter("sigma", 1.0, (0.3, 20.0), "px", "standard deviation of the blur"),
        ),
        against=("blur",),
        citation="the darkroom's unsharp mask, as in Gonzalez and Woods, Digital Image Processing, "
        "section 3.6",
    )

    def margin(self) -> int:
        """Return the reach of the blur."""
        return math.ceil(_SIGMAS * float(self.settings["sigma"]))

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part sharpened."""
        taps = gaussian_taps(2 * self.margin() + 1, self.settings["sigma"])
        blurred = separable_filter(image, taps, border="replicate")
        return image + float(self.settings["amount"]) * (image - blurred)
