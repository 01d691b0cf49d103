"""Kovaleski and Oliveira's expansion: clipped areas brightened, up to their edges.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "kovaleski-oliveira14")[0, 0, 1]]
[0.0, 54.5, 1000.0]
"""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, one_number, register_expansion
from hdrmetrics.expand.signal import Signal, relight


def _expand(signal: Signal, values: Settings) -> Tensor:
    light = signal.luminance
    threshold = signal.decode(values["threshold"])
    tonal = float(signal.decode(light.new_tensor(one_number(values, "tonal"))).flatten()[0])
    clipped = (signal.light.amax(dim=1, keepdim=True) > threshold).to(light)
    near = bilateral_filter(clipped, one_number(values, "spatial"), tonal, guide=light)
    gain = (1 + (values["boost"] - 1) * near) / values["boost"]
    return relight(signal, (light * (signal.peak - values["black"]) + values["black"]) * gain)


register_expansion(
    ExpansionInfo(
        name="kovaleski-oliveira14",
        title="Kovaleski and Oliveira 2014: clipped areas brightened",
        kind="local",
        parameters=(
            Parameter(
                "threshold",
                254 / 255,
                (0.5, 1.0),
                "",
                "code value above which a pixel is clipped "
                "(the paper: 254/255 for pictures, 230/255 for video)",
            ),
            Parameter("boost", 4.0, (1.0, 20.0), "", "how much brighter clipped areas become"),
            Parameter("spatial", 150.0, (1.0, 2000.0), "px", "sigma over space, for HD pictures"),
            Parameter("tonal", 25 / 255, (0.02, 1.0), "", "sigma over luminance, a code value"),
            Parameter("black", 0.3, (0.0, 10.0), "cd/m²", "luminance of the display's black"),
        ),
        monotone=False,
        differentiable=False,
        citation='R. P. Kovaleski and M. M. Oliveira, "High-quality reverse tone mapping for a '
        'wide range of exposures", SIBGRAPI 2014',
    ),
    _expand,
)
"""(L·(peak − black) + black)·(1 + (boost − 1)·map)/boost, the map a cross bilateral filter of the
clipped pixels. As in the HDR Toolbox the filter works on linear light and its ``tonal`` sigma is
put through the transfer function."""
