"""The curve networks that come with the package, as enhancers against bad exposure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, Enhancer, EnhancerInfo
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.curve import bend_large
from hdrmetrics.learned.curves.estimate import estimate
from hdrmetrics.learned.curves.net import Kind
from hdrmetrics.learned.curves.weights import SHIPPED, load_curves

_CITATION = (
    "Guo et al., Zero-reference deep curve estimation for low-light image enhancement, CVPR 2020; "
)
_PARAMETERS = (
    Parameter(
        "strength", 1.0, (0.0, 1.0), "", "of the curves: 0 leaves the picture as it is, 1 is what "
        "the network says",
    ),
    Parameter(
        "weights", None, None, "", "a .safetensors file with its card", "any",
        automatic="those of the package",
    ),
)  # fmt: skip


class CurveEnhancer(Configured, Enhancer):
    """Brightens what was exposed too little, and darkens what was exposed too much.

    A network sees a small copy and says how the curve F + a·F·(1 − F) runs at each place, eight
    times over; its maps are widened to the picture's size and applied in strips, so that large
    pictures cost little memory. Curves act on display codes, in the precision that the picture
    has: encode light first. They are monotone, and black and white stay: what was clipped
    stays clipped. Noise in shadows is brightened with them.

    An SDR picture becomes a better exposed HDR picture by ``curve`` first, then
    :func:`hdrmetrics.expand.expand`.

    Parameters
    ----------
    settings
        ``strength`` and ``weights`` (``python -m trainers curves`` makes such files); ``None``
        stands for the default.

    Raises
    ------
    OptionError
        For an unknown setting, a value out of bounds, or the weights of the other network.
    WeightsError
        If the weights cannot be read.
    """

    info: ClassVar[EnhancerInfo]
    kind: ClassVar[Kind]
    no_tensors = "one number for all pictures, not a tensor"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.name = self.info.name
        given = self.settings["weights"]
        if given is not None and not isinstance(given, (str, Path)):
            raise OptionError(f"weights is the path of a file, not {type(given).__name__}")
        self.net, self.card = load_curves(SHIPPED[self.kind] if given is None else given)
        if self.net.kind != self.kind:
            raise OptionError(
                f"{given} holds the network {self.net.kind}, and {self.name} is {self.kind}: use "
                "the other enhancer"
            )

    def enhance(self, image: Tensor) -> Tensor:
        """Return a checked picture ``(1, 3, H, W)`` with its curves applied."""
        maps = estimate(self.net.to(image.device), image.float(), self.card.seen)
        return bend_large(image, float(self.settings["strength"]) * maps)


@ENHANCERS.add
class Curve(CurveEnhancer):
    """The network of seven layers, whose curves differ in each of the eight iterations.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> dark = torch.rand(1, 3, 48, 64) / 8
    >>> better = create_enhancer("curve")(dark)
    >>> bool(better.mean() > 2 * dark.mean())
    True
    >>> from hdrmetrics.expand import expand
    >>> expand(better, peak=600).shape  # and to light of an HDR display, in cd/m²
    torch.Size([1, 3, 48, 64])
    """

    kind = "full"
    info = EnhancerInfo(
        name="curve",
        title="Curves for bad exposure",
        parameters=_PARAMETERS,
        against=("exposure",),
        citation=_CITATION + "US11356623B2",
        learned=True,
    )


@ENHANCERS.add
class CurveLight(CurveEnhancer):
    """The light network: one set of maps for all iterations.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> bright = 1 - torch.rand(1, 3, 48, 64) / 8
    >>> bool(create_enhancer("curve-light", strength=0)(bright).equal(bright))
    True
    """

    kind = "light"
    info = EnhancerInfo(
        name="curve-light",
        title="Curves for bad exposure, light",
        parameters=_PARAMETERS,
        against=("exposure",),
        citation=_CITATION + "Li, Guo and Loy, IEEE TPAMI 44(8), 2021; US11356623B2",
        learned=True,
    )
