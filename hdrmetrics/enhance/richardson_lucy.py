"""Richardson–Lucy deblurring with an assumed Gaussian."""

from __future__ import annotations

import math

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter

_SIGMAS = 4
_TINY = 1e-6


@ENHANCERS.add
class RichardsonLucy(LocalEnhancer):
    """e ← e·(G ∗ (y / (G ∗ e))) from e = y over code values, G a Gaussian; borders are repeated.

    Each step brings out more detail, and more noise.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> edge = torch.full((1, 3, 1, 8), 0.25)
    >>> edge[..., 4:] = 0.75
    >>> sharp = create_enhancer("richardson_lucy", iterations=2)(edge)
    >>> bool((sharp[..., 4] > 0.75).all() and (sharp[..., 3] < 0.25).all())
    True
    """

    info = EnhancerInfo(
        name="richardson_lucy",
        title="Richardson–Lucy deblurring",
        parameters=(
            Parameter("iterations", 5, (1, 50), "", "steps", "integer"),
            Parameter("sigma", 1.0, (0.3, 8.0), "px", "standard deviation of the assumed blur"),
        ),
        against=("blur",),
        citation="Richardson, JOSA 62(1), 1972; Lucy, Astronomical Journal 79(6), 1974",
    )

    def margin(self) -> int:
        """Return the reach of two blurs in each step."""
        return 2 * self._reach() * int(self.settings["iterations"])

    def _reach(self) -> int:
        return math.ceil(_SIGMAS * float(self.settings["sigma"]))

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part deblurred."""
        taps = gaussian_taps(2 * self._reach() + 1, self.settings["sigma"])
        found = image.clamp(min=_TINY)
        for _ in range(self.settings["iterations"]):
            seen = separable_filter(found, taps, border="replicate")
            wrong = image / seen.clamp_(min=_TINY)
            found = found * separable_filter(wrong, taps, border="replicate")
        return found
