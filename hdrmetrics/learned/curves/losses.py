"""What a well exposed picture has, as losses that need none to compare with."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError

Form = Literal["patent", "public"]
"""``patent``: as US11356623B2 and the paper have it; ``public``: as the authors' code has it."""

EXPOSED = 0.6
"""The mean code of a well exposed region, as patent and paper have it."""

_SIGNS = ((0, -1), (0, 1), (-1, 0), (1, 0))


def spatial_consistency(
    enhanced: Tensor, image: Tensor, *, region: int = 4, form: Form = "patent"
) -> Tensor:
    """Return by how much differences between neighbouring regions changed.

    The mean over regions of Σ (|Yᵢ − Yⱼ| − |Iᵢ − Iⱼ|)² over the four neighbours j of a region i, of
    means over RGB and region of the enhanced picture (Y) and the picture as it was (I).

    Parameters
    ----------
    enhanced, image
        ``(N, 3, H, W)`` in [0, 1], at least one region large.
    region
        Pixels a side; what is left over at the lower and right borders does not count.
    form
        ``"patent"``: regions at the border have fewer neighbours. ``"public"``: differences keep
        their signs, and beyond the border everything is 0.

    Returns
    -------
    Tensor
        A number from 0 upwards, the mean over the batch; differentiable.

    Raises
    ------
    ShapeError
        If the shapes differ, are no RGB, or are smaller than a region.
    OptionError
        For another form.

    References
    ----------
    C. Guo et al., "Zero-reference deep curve estimation for low-light image enhancement", CVPR
    2020, equation 4; US11356623B2: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> picture = torch.rand(1, 3, 32, 32)
    >>> float(spatial_consistency(picture, picture))
    0.0
    """
    _check_form(form)
    if enhanced.shape != image.shape:
        raise ShapeError(f"{tuple(enhanced.shape)} and {tuple(image.shape)} are not of one size")
    y, i = (_regions(one, region) for one in (enhanced, image))
    if form == "public":
        y, i = (F.pad(one, (1, 1, 1, 1)) for one in (y, i))
        height, width = y.shape[-2] - 2, y.shape[-1] - 2

        def part(x: Tensor, down: int, right: int) -> Tensor:
            return x[..., 1 + down : 1 + down + height, 1 + right : 1 + right + width]

        terms = [
            ((part(i, 0, 0) - part(i, *s)) - (part(y, 0, 0) - part(y, *s))).square() for s in _SIGNS
        ]
        return torch.stack(terms).sum(dim=0).mean()
    # Each pair of neighbours is seen from both sides.
    across = (y.diff(dim=-1).abs() - i.diff(dim=-1).abs()).square().sum()
    down = (y.diff(dim=-2).abs() - i.diff(dim=-2).abs()).square().sum()
    return 2 * (across + down) / y.numel()


def exposure(
    enhanced: Tensor, *, target: float | Tensor = EXPOSED, region: int = 16, form: Form = "patent"
) -> Tensor:
    """Return how far regions are from being well exposed: the mean of |Y − E|.

    Parameters
    ----------
    enhanced
        ``(N, 3, H, W)`` in [0, 1], at least one region large.
    target
        E, in [0, 1]: the mean display code that is wanted; a number, or ``(N,)``, one for each
        picture, as a camera's meter might tell.
    region
        Pixels a side, of which Y is the mean over RGB; what is left over at the lower and right
        borders does not count. The larger, the less shadows and lights are pulled together.
    form
        ``"public"``: (Y − E)².

    Returns
    -------
    Tensor
        A number in [0, 1], the mean over the batch; differentiable.

    Raises
    ------
    ShapeError
        If the shape is no RGB or smaller than a region.
    OptionError
        For another form, or a target outside [0, 1] or of another number of pictures.

    References
    ----------
    C. Guo et al., CVPR 2020, equation 5; US11356623B2: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> round(float(exposure(torch.full((1, 3, 32, 32), 0.5))), 6)
    0.1
    """
    _check_form(form)
    wanted = torch.as_tensor(target, dtype=enhanced.dtype, device=enhanced.device)
    if not bool(((wanted >= 0) & (wanted <= 1)).all()):
        raise OptionError(f"the target is a display code in [0, 1], not {target}")
    if wanted.ndim > 1 or wanted.numel() not in (1, len(enhanced)):
        raise OptionError(f"{tuple(wanted.shape)} targets for {len(enhanced)} pictures")
    away = _regions(enhanced, region) - wanted.reshape(-1, 1, 1, 1)
    return (away.square() if form == "public" else away.abs()).mean()


def colour_constancy(enhanced: Tensor, *, form: Form = "patent") -> Tensor:
    """Return how far a picture is from grey on average: Σ (Jᵖ − J^q)² over pairs of channels.

    Parameters
    ----------
    enhanced
        ``(N, 3, H, W)`` in [0, 1], of which J are the means of the channels.
    form
        ``"public"``: the root of the sum of fourth powers.

    Returns
    -------
    Tensor
        A number from 0 to 2, the mean over the batch; differentiable.

    Raises
    ------
    ShapeError
        If the shape is no RGB.
    OptionError
        For another form.

    References
    ----------
    C. Guo et al., CVPR 2020, equation 6, after G. Buchsbaum, "A spatial processor model for object
    colour perception", 1980; US11356623B2: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> float(colour_constancy(torch.rand(1, 1, 8, 8).expand(1, 3, 8, 8)))
    0.0
    """
    _check_form(form)
    means = _rgb(enhanced).flatten(2).mean(dim=2)
    squares = (means - means.roll(1, dims=1)).square()
    if form == "patent":
        return squares.sum(dim=1).mean()
    # The root of 0 has no gradient: a grey picture would end a training.
    return squares.square().sum(dim=1).clamp(min=1e-24).sqrt().mean()


def illumination_smoothness(maps: Tensor, *, iterations: int = 1, form: Form = "patent") -> Tensor:
    """Return how rough the maps of a curve are: the mean over iterations of Σ (|∇ₓa| + |∇ᵧa|)².

    Parameters
    ----------
    maps
        ``(N, C·iterations, H, W)``, of any size.
    iterations
        How many of them there are for each channel: 8 of the full network, 1 of the light one.
    form
        ``"patent"``: the mean over pixels, the sum over channels. ``"public"``: twice the sum of
        the two means of squares, over all maps of a picture.

    Returns
    -------
    Tensor
        A number from 0 upwards, the mean over the batch; differentiable.

    Raises
    ------
    ShapeError
        If these are no maps, or not so many iterations.
    OptionError
        For another form.

    References
    ----------
    C. Guo et al., CVPR 2020, equation 7; US11356623B2: check before commercial use.

    Examples
    --------
    >>> import torch
    >>> float(illumination_smoothness(torch.full((1, 24, 8, 8), 0.3), iterations=8))
    0.0
    """
    _check_form(form)
    if maps.ndim != 4 or 0 in maps.shape or iterations < 1 or maps.shape[1] % iterations:
        raise ShapeError(f"{tuple(maps.shape)} are no maps of {iterations} iterations")
    down, across = maps.diff(dim=-2), maps.diff(dim=-1)
    if form == "public":
        count, height, width = maps.shape[0], maps.shape[-2], maps.shape[-1]
        each = down.square().sum() / max(1, (height - 1) * width)
        return 2 * (each + across.square().sum() / max(1, height * (width - 1))) / count
    # Beyond the last row and column the maps go on as they are.
    rough = F.pad(down.abs(), (0, 0, 0, 1)) + F.pad(across.abs(), (0, 1))
    return rough.square().mean() * (maps.shape[1] // iterations)


def _check_form(form: str) -> None:
    if form not in get_args(Form):
        raise OptionError(f"a loss is of the form {' or '.join(get_args(Form))}, not {form!r}")


def _rgb(image: Tensor) -> Tensor:
    if image.ndim != 4 or image.shape[1] != 3 or 0 in image.shape:
        raise ShapeError(f"a loss takes pictures (N, 3, H, W), not {tuple(image.shape)}")
    return image


def _regions(image: Tensor, region: int) -> Tensor:
    """Return the means of regions, ``(N, 1, H/region, W/region)``."""
    if region < 1 or min(_rgb(image).shape[-2:]) < region:
        raise ShapeError(
            f"a region has 1 pixel a side at least, and no more than the picture's "
            f"{tuple(image.shape[-2:])}; not {region}"
        )
    return F.avg_pool2d(image.mean(dim=1, keepdim=True), region)
