"""The network that foresees how good a picture looks at an exposure, and says the best one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_whole
from hdrmetrics.learned.tonemapping.rendered import NUMBERS, Rendered, rendered, small_copy
from hdrmetrics.learned.tonemapping.tone import START, Tone
from hdrmetrics.metrics.tmqi.naturalness import Naturalness
from hdrmetrics.metrics.tmqi.quality import NATURALNESS_POWER, quality_of_terms

_COARSE = (-2.0, -0.5, 1.0, 2.5, 4.0)  # stops over the key
_FINE = (-0.5, 0.0, 0.5)  # around the best of them
_WIDEST = 256
_BRIGHTER, _STRONGER = 15.0, 0.5  # that codes, and the log of contrast, are corrected by at most
_FARTHEST = 4.0  # deviations that a number counts from its mean
_STRAIGHT = 1e-9  # a bend that counts as none


@dataclass(frozen=True, slots=True)
class ExposureSize:
    """How large a network of exposure is.

    Parameters
    ----------
    hidden
        Units of each of its two hidden layers.

    Raises
    ------
    OptionError
        For what no such network is.
    """

    form: ClassVar = "curve"
    hidden: int = 32

    def __post_init__(self) -> None:
        check_whole(self.hidden, "hidden of a network of exposure", 1, _WIDEST)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"form": self.form, "hidden": self.hidden}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExposureSize:
        """Return the size that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If it is none.
        """
        if set(data) != {"form", "hidden"}:
            raise OptionError("the size of a network of exposure is its form and hidden")
        return cls(data["hidden"])


class ExposureNet(nn.Module):
    """Three layers that see a picture as it would be rendered, and how natural that would be.

    TMQI's quality is a sum of terms of structure and of naturalness. Naturalness is a formula of
    mean and contrast of the codes; the network corrects both for what averaging to a small copy
    takes from them, and foresees the term of structure. Colour matters: saturated light clips, so
    that pictures of the same luminance want exposures stops apart.

    Parameters
    ----------
    size
        Its width.

    References
    ----------
    H. Yeganeh and Z. Wang, "Objective quality assessment of tone-mapped images", IEEE Trans.
    Image Processing 22(2), 2013 (naturalness, and how the terms are added).
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, size: ExposureSize | None = None) -> None:
        super().__init__()
        self.size = size or ExposureSize()
        hidden = self.size.hidden
        self.register_buffer("centre", torch.zeros(NUMBERS))
        self.register_buffer("scale", torch.ones(NUMBERS))
        self.first = nn.Linear(NUMBERS, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, 3)

    def parts(self, seen: Rendered) -> tuple[Tensor, Naturalness]:
        """Return the term of structure, 0 to 1, and mean and contrast at full size, ``(N, K)``."""
        known = ((seen.numbers - self.centre) / self.scale).clamp(-_FARTHEST, _FARTHEST)
        said = self.last(F.silu(self.second(F.silu(self.first(known)))))
        mean = seen.mean + _BRIGHTER * torch.tanh(said[..., 1])
        contrast = seen.contrast * torch.exp(_STRONGER * torch.tanh(said[..., 2]))
        # Structure is near one as a rule: so begins what is learnt.
        return torch.sigmoid(said[..., 0] + 2.5), Naturalness(mean, contrast)

    def quality(self, seen: Rendered) -> Tensor:
        """Return the foreseen quality of pictures at exposures, ``(N, K)``, 0 to 1."""
        structure, natural = self.parts(seen)
        return quality_of_terms(structure, natural.value(NATURALNESS_POWER))

    def forward(self, image: Tensor) -> Tone:
        """Return how pictures should be toned.

        Parameters
        ----------
        image
            Light ``(N, C, H, W)``, C = 1 or 3, not negative, any unit.
        """
        small, centre = small_copy(image.to(self.first.weight.dtype))
        stops = small.new_tensor(_COARSE).expand(len(small), -1)
        for _ in range(2):
            best = peak(stops, self.quality(rendered(small, START + math.log(2.0) * stops)))
            stops = best[:, None] + small.new_tensor(_FINE)
        exposure = START + math.log(2.0) * best
        return Tone(centre, exposure[:, None, None, None])


def peak(stops: Tensor, quality: Tensor) -> Tensor:
    """Return where the parabola through the best of evenly spaced stops and its neighbours peaks.

    It moves steadily with the qualities, also where another becomes the best, and lies at most one
    step beside it.

    Parameters
    ----------
    stops, quality
        ``(N, K)``, K at least 3.

    Returns
    -------
    Tensor
        ``(N,)``.

    Examples
    --------
    >>> stops = torch.tensor([[-1.0, 0.0, 1.0, 2.0]])
    >>> peak(stops, -((stops - 0.3) ** 2))
    tensor([0.3000])
    """
    best = quality.argmax(dim=1, keepdim=True).clamp(1, quality.shape[1] - 2)
    below, here, above = (quality.gather(1, best + step)[:, 0] for step in (-1, 0, 1))
    bend = (2 * here - below - above).clamp(min=_STRAIGHT)
    moved = (0.5 * (above - below) / bend).clamp(-1.0, 1.0)
    return stops.gather(1, best)[:, 0] + moved * (stops[:, 1] - stops[:, 0])


def empty_exposure_net(size: ExposureSize, device: str = "cpu") -> ExposureNet:
    """Return a network whose weights are still to be filled in; ``meta`` takes no memory."""
    with torch.device("meta"):
        net = ExposureNet(size)
    return net if device == "meta" else net.to_empty(device=device)


def fresh_exposure_net(size: ExposureSize | None = None, seed: int = 0) -> ExposureNet:
    """Return a network that corrects nothing, its other weights drawn.

    The term of structure is the same for every picture: naturalness alone decides. torch's own
    random state is neither used nor changed.

    Parameters
    ----------
    size
        Its width.
    seed
        Decides the weights.
    """
    net = empty_exposure_net(size or ExposureSize())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        net.centre.zero_()
        net.scale.fill_(1.0)
        for name, parameter in net.named_parameters():
            if name.startswith("last.") or name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.normal_(0.0, math.sqrt(2.0 / parameter.shape[1]), generator=generator)
    return net
