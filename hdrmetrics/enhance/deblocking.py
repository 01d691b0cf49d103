"""A deblocking filter: steps between blocks of 8×8 made ramps, as far as they come from coding."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, EnhancerInfo
from hdrmetrics.enhance.local import LocalEnhancer

_BLOCK = 8
_FIRM = 2.0  # times the steps that are too many on the grid: measured on files of quality 20
_STEPS = 255.0


@ENHANCERS.add
class Deblocking(LocalEnhancer):
    """The deblocking filter of H.263, Annex J, over the grid of a JPEG file.

    Of the pixels A B | C D to both sides of a border, d = (A − 4B + 4C − D)/8 is bent to
    d₁ = sign(d)·max(0, |d| − max(0, 2(|d| − S))), so that steps beyond 2S, which are edges, stay.
    Then B + d₁, C − d₁, and A and D move by at most half as much. S is the strength. Where it is
    not given it follows from the picture: how much larger steps are on the grid than elsewhere, so
    that a picture without blocks is hardly touched. The grid begins at the first pixel: a picture
    that was cut after coding has to be cut to multiples of 8.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import create_enhancer
    >>> blocks = torch.full((1, 3, 8, 16), 0.5)
    >>> blocks[..., 8:] = 0.52
    >>> smooth = create_enhancer("deblocking", strength=4)(blocks)
    >>> round(float(smooth[0, 0, 0, 8] - smooth[0, 0, 0, 7]), 4)
    0.005
    """

    info = EnhancerInfo(
        name="deblocking",
        title="Deblocking filter",
        parameters=(
            Parameter(
                "strength", None, (0.0, 60.0), "of 255",
                "steps between blocks up to this become ramps, those beyond twice it stay",
                automatic="from the steps on the grid and elsewhere",
            ),
        ),
        against=("compression",),
        citation="ITU-T H.263 (2005), Annex J",
    )  # fmt: skip
    multiple = _BLOCK

    def margin(self) -> int:
        """Return two filters' reach, rounded to a block."""
        return _BLOCK

    def observe(self, image: Tensor) -> float:
        """Return the strength, in units of 255."""
        given = self.settings["strength"]
        if given is not None:
            return float(given)
        return _FIRM * blockiness(image)

    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part with its block borders filtered: columns first, then rows."""
        if observed == 0:
            return image
        out = image.clone()
        _soften(out, observed / _STEPS)
        _soften(out.transpose(-1, -2), observed / _STEPS)
        return out


def blockiness(image: Tensor) -> float:
    """Return how much larger steps are on the grid of 8 than elsewhere, in units of 255, or 0.

    Parameters
    ----------
    image
        ``(1, 3, H, W)`` in [0, 1].
    """
    found = []
    for turned in (image, image.transpose(-1, -2)):
        steps = (turned[..., 1:] - turned[..., :-1]).abs().mean(dim=(0, 1, 2), dtype=torch.float64)
        on = torch.arange(len(steps)) % _BLOCK == _BLOCK - 1
        if bool(on.any()):
            found.append(_STEPS * float(steps[on].mean() - steps[~on].mean()))
    return max(0.0, sum(found) / len(found)) if found else 0.0


def _soften(image: Tensor, strength: float) -> None:
    """Filter across the borders between columns of blocks, in place."""
    width = image.shape[-1]
    if width < _BLOCK + 2:
        return
    borders = torch.arange(_BLOCK, width - 1, _BLOCK)
    a, b, c, d = (image[..., borders + shift] for shift in (-2, -1, 0, 1))
    step = (a - 4 * b + 4 * c - d) / 8
    size = step.abs()
    bent = step.sign() * (size - (2 * (size - strength)).clamp(min=0)).clamp(min=0)
    most = bent.abs() / 2
    outer = ((a - d) / 4).clamp(-most, most)
    for shift, value in ((-2, a - outer), (-1, b + bent), (0, c - bent), (1, d + outer)):
        image[..., borders + shift] = value
