"""The photographic curve whose settings a network predicts."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.predicted import STOPS, predicted
from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values

CITATION = "Curve after E. Reinhard et al., 2002; learnt from norvdpnet-tmo"


@OPERATORS.add
class ReinhardNet(CurveOperator):
    """The photographic curve with the exposure that a network foresees to look best, in one pass.

    The network sees a small copy of the picture, with its colours, as it would look at eight
    exposures. ``reinhard_free`` with that exposure and γ = 1 is the same. What it learnt from, how
    good it is and where it fails is on the card beside its weights.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.logspace(0, 3, 48).reshape(1, 1, 6, 8).expand(1, 3, 6, 8)
    >>> code = tonemap(light, "reinhard_net")
    >>> torch.allclose(code, tonemap(1000 * light, "reinhard_net"), atol=1e-5)
    True
    """

    info = OperatorInfo(
        name="reinhard_net",
        title="Photographic curve, its exposure predicted by a network",
        kind="global",
        parameters=(STOPS,),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation=CITATION,
        own_color=True,
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the exposure of a picture without colours."""
        return self.constants_of(light, light, values)

    def constants_of(self, image: Tensor, light: Tensor, values: Values) -> Values:
        """Return the exposure of a picture, as the network says."""
        tone = predicted("reinhard_net", image, values)
        return {"exposure": torch.exp(tone.exposure - tone.centre)}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola."""
        scaled = x * c["exposure"]
        return scaled / (1 + scaled)
