"""The photographic curve whose settings a network predicts."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.predicted import STOPS, predicted
from hdrmetrics.numerics.pieces import pieces_pay
from hdrmetrics.tonemap.color import schlick
from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values

CITATION = (
    "Curve after E. Reinhard et al., 2002; network after M. Gharbi et al., 2017; learnt from "
    "norvdpnet-tmo"
)


@OPERATORS.add
class ReinhardNet(CurveOperator):
    """``reinhard_free`` with the exposure and γ that a network sees in a thumbnail, in one pass.

    What it learnt from, how good it is and where it fails is on the card beside its weights.

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
        title="Photographic curve, settings predicted by a network",
        kind="global",
        parameters=(STOPS,),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation=CITATION,
        own_color=True,
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return exposure and γ as the network says."""
        tone = predicted("reinhard_net", light, values)
        return {"exposure": torch.exp(tone.exposure - tone.centre), "gamma": tone.gamma}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola."""
        scaled = x * c["exposure"]
        return scaled / (1 + scaled)

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the picture with its colour ratios to the power γ."""
        constants = self.constants(light, values)

        def coloured(x: Tensor, c: Values, pixels: Tensor) -> Tensor:
            return schlick(pixels, x, self.curve(x, c), c["gamma"])

        if not pieces_pay(image, *constants.values()):
            return coloured(light, constants, image)
        return self._in_strips(light, constants, coloured, image)
