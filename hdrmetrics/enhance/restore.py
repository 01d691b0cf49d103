"""The network that comes with the package, as an enhancer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.restoring.net import MULTIPLE, RestorationNet
from hdrmetrics.learned.restoring.weights import SHIPPED, load_restoration

_LAYOUT = torch.channels_last  # twice as fast as contiguous on a CPU


@ENHANCERS.add
class Restore(LocalEnhancer):
    """One network against blur of motion and lens, noise and compression.

    It is not told what is wrong. What it was made of, how good it is and where it fails is on its
    card, the attribute ``card``. Weights of one's own (``python -m trainers restore``) are given
    as ``weights``.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> restore = create_enhancer("restore")
    >>> restore(torch.full((1, 3, 20, 30), 0.5)).shape
    torch.Size([1, 3, 20, 30])
    """

    info = EnhancerInfo(
        name="restore",
        title="Restoration network",
        parameters=(
            Parameter(
                "weights", None, None, "", "a .safetensors file with its card", "any",
                automatic="those of the package",
            ),
        ),
        against=("blur", "noise", "compression"),
        citation="a U-Net of residual blocks: Ronneberger, Fischer and Brox, MICCAI 2015; Lim et "
        "al., CVPR workshops 2017",
        learned=True,
    )  # fmt: skip
    multiple = MULTIPLE

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        given = self.settings["weights"]
        if given is not None and not isinstance(given, (str, Path)):
            raise OptionError(f"weights is the path of a file, not {type(given).__name__}")
        net, self.card = load_restoration(SHIPPED if given is None else given)
        self._net: RestorationNet = net.to(memory_format=_LAYOUT)  # type: ignore[call-overload]

    def margin(self) -> int:
        """Return how far the network sees."""
        return self._net.reach

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part restored."""
        height, width = image.shape[-2:]
        whole = F.pad(image, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        net = self._net.to(image.device)
        restored: Tensor = net(whole.contiguous(memory_format=_LAYOUT))
        return restored[..., :height, :width]
