"""A metric of the catalogue as a loss that is hard to deceive: it sees another view each time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hdrmetrics.catalogue.metrics import create_metric
from hdrmetrics.errors import OptionError, ShapeError


class JudgedLoss(nn.Module):
    """What a metric that needs no reference lacks of its best: ``loss(enhanced, generator)``.

    What learns from a learned metric finds its blind spots, patterns that it likes and nobody
    else. They depend on where its pixels lie: so it sees each time another part of the picture, or
    its mirror image, with a little noise.

    Parameters
    ----------
    name
        Of a differentiable metric of display codes without a reference: ``"nima"``,
        ``"norvdpnet-sdr"``, ``"improvability"`` …
    part
        Of each side that a view shows at least, in (0, 1]; 1 for always all.
    noise
        Standard deviation of normal noise, in codes.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    OptionError
        If it is not differentiable, needs a reference or takes light; or for another part or
        noise.

    Examples
    --------
    >>> import torch
    >>> loss = JudgedLoss("improvability")
    >>> view = torch.rand(1, 3, 64, 64, requires_grad=True)
    >>> loss(view, torch.Generator().manual_seed(0)).backward()
    >>> bool(view.grad.isfinite().all())
    True
    """

    def __init__(self, name: str, *, part: float = 0.8, noise: float = 0.005) -> None:
        super().__init__()
        if not 0 < part <= 1 or not 0 <= noise < 1:
            raise OptionError(f"a view shows (0, 1] of a side, noise is in [0, 1): {part}, {noise}")
        metric = create_metric(name)
        if metric.info.reference or metric.info.domain != "sdr":
            raise OptionError(
                f"{name} does not judge display codes by themselves: name nima, norvdpnet-sdr, "
                "improvability or the like"
            )
        self.loss = metric.as_loss()
        self.least = metric.info.minimum_size
        self.part, self.noise = part, noise

    def forward(self, enhanced: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss of pictures ``(N, 3, H, W)`` in [0, 1], each in a view of its own.

        Parameters
        ----------
        enhanced
            At least as large as the metric asks.
        generator
            Decides the views.

        Returns
        -------
        Tensor
            The mean over the batch, from 0 upwards; differentiable.

        Raises
        ------
        ShapeError
            If the pictures are too small.
        """
        if enhanced.ndim != 4 or min(enhanced.shape[-2:]) < self.least:
            raise ShapeError(f"{tuple(enhanced.shape)}: at least {self.least} pixels a side")
        sides = [max(self.least, round(self.part * side)) for side in enhanced.shape[-2:]]
        views = [_view(one, sides, generator) for one in torch.split(enhanced, 1)]
        seen = torch.cat(views)
        if self.noise:
            grain = torch.randn(seen.shape, generator=generator).to(seen)
            seen = (seen + self.noise * grain).clamp(0, 1)
        found: Tensor = self.loss(seen)
        return found


def _view(image: Tensor, sides: list[int], generator: torch.Generator) -> Tensor:
    """Return a part of a picture, mirrored or not."""

    def below(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    height, width = sides
    top, left = (below(all_ - own + 1) for all_, own in zip(image.shape[-2:], sides, strict=True))
    seen = image[..., top : top + height, left : left + width]
    return seen.flip(-1) if below(2) else seen
