"""How far a tone mapping moves the colours of a scene, on the CIE 1976 u′v′ diagram."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.metric import Metric, MetricInfo
from hdrmetrics.metrics._local_similarity import safe_sqrt
from hdrmetrics.numerics.recording import constants
from hdrmetrics.photometry.color import CHROMATICITIES, rgb_to_xyz_matrix
from hdrmetrics.photometry.transfer import srgb_decode

INFO = MetricInfo(
    name="chromaticity",
    title="Mean shift of chromaticity on the CIE 1976 u′v′ diagram",
    domain="tonemapped",
    reference=True,
    higher_is_better=False,
    range=(0.0, 0.46),  # from red to blue of BT.709
    unit="",
    differentiable=True,
    map_kind="distortion",
    minimum_size=1,
    citation="CIE 15:2018, Colorimetry, 8.2.1",
    version="1",
)


@METRICS.add
class Chromaticity(Metric):
    """Mean distance between the chromaticities of what a display shows and of the scene.

    A tone mapping has to change luminance; hue and saturation it can keep. Indices of structure
    (TMQI, FSITM) do not see whether it does: a model of adaptation that turns evening light grey
    stands well with them. The distance of each pixel counts as much as the light that the display
    emits there: where it shows black it shows no colour, and rounding of dark codes is no shift.

    The test's codes are sRGB, on a display without ambient light; only ratios of the reference's
    channels count, so that its unit does not matter. On six scenes five operators that keep colour
    (``reinhard02``, ``drago03``, ``ward_histogram97`` among them) lay at 0.007 and below, rounding
    to 8 bits included, and ``kuang07``, which adapts to the light, at 0.017 to 0.044. Grey pictures
    have the value 0. So has a black one, which shows no colour that could be wrong: it takes
    another metric to see that.

    References
    ----------
    CIE 15:2018, Colorimetry, 4th edition, 8.2.1 (the CIE 1976 uniform chromaticity scale diagram).

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics import create_metric
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.rand(1, 3, 32, 32) * torch.tensor([900.0, 500.0, 200.0])[:, None, None]
    >>> metric = create_metric("chromaticity")
    >>> kept, adapted = (float(metric(tonemap(light, o), light)) for o in ("drago03", "kuang07"))
    >>> kept < 0.02 < adapted
    True
    """

    info = INFO

    def features(self, reference: Tensor) -> Tensor:
        """Return u′v′ of the reference, ``(N, 2, H, W)``; of black pixels those of white."""
        return _coordinates(reference.double().clamp_min(0))[0]

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the mean of the distances, weighted by the light shown."""
        distance, luminance = self._shift(test, features)
        weight = luminance if mask is None else luminance * mask
        total = weight.sum(dim=(1, 2, 3))
        shown = total > 0
        mean = (distance * weight).sum(dim=(1, 2, 3)) / torch.where(shown, total, 1)
        return mean.to(test.dtype)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the distances, 0 where the display shows black."""
        distance, luminance = self._shift(test, features)
        return (distance * (luminance > 0)).to(test.dtype)

    def _shift(self, test: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Return distances on the diagram and relative luminances, ``(N, 1, H, W)`` each."""
        here, luminance = _coordinates(srgb_decode(test.double()))
        return safe_sqrt((here - reference).square().sum(dim=1, keepdim=True)), luminance


def _coordinates(light: Tensor) -> tuple[Tensor, Tensor]:
    """Return u′v′ ``(N, 2, H, W)`` of linear BT.709, and its luminance ``(N, 1, H, W)``."""
    xyz = torch.einsum("ij,njhw->nihw", _to_xyz(light.device), light.expand(-1, 3, -1, -1))
    x, y, z = torch.chunk(xyz, 3, dim=1)
    total = x + 15 * y + 3 * z
    lit = total > 0
    white = _to_xyz(light.device).sum(dim=1)
    white = white / (white[0] + 15 * white[1] + 3 * white[2])
    safe = torch.where(lit, total, 1)
    u, v = (
        torch.where(lit, factor * part / safe, factor * white[index])
        for factor, part, index in ((4, x, 0), (9, y, 1))
    )
    return torch.cat([u, v], dim=1), y


@constants(8)
def _to_xyz(device: torch.device) -> Tensor:
    return torch.as_tensor(
        rgb_to_xyz_matrix(CHROMATICITIES["bt709"]), dtype=torch.float64, device=device
    )
