"""The photographic curve with exposures over place and brightness that a network predicts."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.learned.tonemapping.predicted import STOPS, predicted
from hdrmetrics.learned.tonemapping.reinhard_net import CITATION
from hdrmetrics.tonemap.exposure_grid import map_by_grid
from hdrmetrics.tonemap.operator import OPERATORS, LuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values


@OPERATORS.add
class ReinhardGrid(LuminanceOperator):
    """A grid of exposures that a network sees in a thumbnail, read along edges of light.

    See :func:`~hdrmetrics.tonemap.exposure_grid.tone_by_grid`, which takes such a grid of one's
    own. What the network learnt from, how good it is and where it fails is on the card beside its
    weights.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.logspace(0, 3, 48).reshape(1, 1, 6, 8).expand(1, 3, 6, 8)
    >>> code = tonemap(light, "reinhard_grid")
    >>> torch.allclose(code, tonemap(1000 * light, "reinhard_grid"), atol=1e-5)
    True
    """

    info = OperatorInfo(
        name="reinhard_grid",
        title="Photographic curve, a grid of exposures predicted by a network",
        kind="local",
        parameters=(STOPS,),
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation=CITATION
        + "; network after M. Gharbi et al., 2017; grid after J. Chen et al., 2007",
    )

    def map_light(self, light: Tensor, values: Values) -> Tensor:
        """Return each pixel compressed by the exposure of its place and brightness."""
        tone = predicted("reinhard_grid", light, values)
        return map_by_grid(light, tone.exposure, tone.centre)
