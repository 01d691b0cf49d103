"""Distributions of opinions over ten scores: their mean, their spread, and how far two differ."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError

SCORES = 10
"""Opinions are whole numbers from 1, the worst, to 10."""

_ROUNDS, _ENOUGH = 60, 1e-10
_STEEPEST = 60.0  # beyond which all of a distribution lies in one score


def scores(like: Tensor) -> Tensor:
    """Return 1 to 10, in the type and on the device of another tensor."""
    return torch.arange(1, SCORES + 1, dtype=like.dtype, device=like.device)


def mean_score(distribution: Tensor) -> Tensor:
    """Return the mean score of distributions ``(…, 10)``, in [1, 10].

    Examples
    --------
    >>> import torch
    >>> float(mean_score(torch.full((10,), 0.1)))
    5.5
    """
    return _checked(distribution) @ scores(distribution)


def score_spread(distribution: Tensor) -> Tensor:
    """Return the standard deviation of distributions ``(…, 10)``, in [0, 4.5].

    Examples
    --------
    >>> import torch
    >>> round(float(score_spread(torch.full((10,), 0.1))), 4)
    2.8723
    """
    away = scores(distribution) - mean_score(distribution)[..., None]
    return (distribution * away.square()).sum(dim=-1).clamp(min=0.0).sqrt()


def earth_movers_distance(p: Tensor, q: Tensor, *, r: float = 2.0) -> Tensor:
    """Return the normalised earth mover's distance of distributions ``(…, 10)``, in [0, 1].

    (mean over the scores of |CDF_p − CDF_q|^r)^(1/r): of opinions, where 3 is nearer to 4 than to
    9. With r = 2, the usual loss, its gradient is finite at p = q too.

    Parameters
    ----------
    p, q
        Of one shape, each adding up to one along the last axis.
    r
        At least 1; 2 in training, 1 to compare.

    Raises
    ------
    ShapeError
        If the shapes differ or the last axis has another length than ten.
    OptionError
        For an r below 1.

    References
    ----------
    H. Talebi, P. Milanfar, "NIMA: neural image assessment", IEEE Trans. Image Processing 27(8),
    2018; L. Hou et al., "Squared earth mover's distance-based loss for training deep neural
    networks", 2016.

    Examples
    --------
    >>> import torch
    >>> first, last = torch.eye(10)[0], torch.eye(10)[9]
    >>> round(float(earth_movers_distance(first, last)), 4)
    0.9487
    """
    if p.shape != q.shape:
        raise ShapeError(f"distributions of one shape, not {tuple(p.shape)} and {tuple(q.shape)}")
    if not r >= 1:
        raise OptionError(f"r is at least 1, not {r!r}")
    apart = (_checked(p) - q).cumsum(dim=-1)
    if r == 2.0:
        # The root's slope is kept finite where nothing differs.
        return (apart.square().mean(dim=-1) + 1e-12).sqrt()
    return apart.abs().pow(r).mean(dim=-1).pow(1 / r)


@torch.no_grad()
def likeliest_distribution(mean: Tensor, spread: Tensor) -> Tensor:
    """Return the distributions of most entropy with given means and spreads, ``(…, 10)``.

    Of a mean and a standard deviation alone, which is what most sets of opinions publish, this
    assumes least. A spread that no distribution over ten scores with that mean can have becomes
    the nearest that one can.

    Parameters
    ----------
    mean
        In [1, 10], of any shape.
    spread
        Standard deviations of that shape, positive.

    Raises
    ------
    ShapeError
        If means and spreads are of two shapes.
    OptionError
        If a mean or a spread is out of range, or NaN.

    References
    ----------
    H. Talebi, P. Milanfar, "NIMA", 2018, section III.A; E. T. Jaynes, "Information theory and
    statistical mechanics", Phys. Rev. 106, 1957.

    Examples
    --------
    >>> import torch
    >>> found = likeliest_distribution(torch.tensor([3.0]), torch.tensor([1.5]))
    >>> round(float(mean_score(found)), 3), round(float(score_spread(found)), 3)
    (3.0, 1.5)
    """
    if mean.shape != spread.shape:
        raise ShapeError(f"a spread for each mean: {tuple(spread.shape)}, {tuple(mean.shape)}")
    if not bool(((mean >= 1) & (mean <= SCORES)).all() and (spread > 0).all()):
        raise OptionError("means of opinions lie in [1, 10], and spreads are positive")
    kind = mean.dtype
    # Half a hundredth inside, where the multipliers stay finite.
    m = mean.double().clamp(1.005, SCORES - 0.005)
    below = m.floor()
    least = (m - below) * (below + 1 - m)  # of all distributions of that mean
    most = (m - 1) * (SCORES - m)
    wanted = torch.maximum(torch.minimum(spread.double().square(), 0.98 * most), least + 0.02)
    grid = torch.arange(1, SCORES + 1, dtype=torch.float64, device=mean.device)
    z = (grid - 5.5) / 4.5  # near to one, as Newton's method likes it
    moments = torch.stack([z, z.square()])
    centre = (m - 5.5) / 4.5
    target = torch.stack([centre, wanted / 4.5**2 + centre.square()], dim=-1)
    # Of the normal distribution with these moments, whose logarithm has such a form.
    tight = 4.5**2 / wanted
    multipliers = torch.stack([centre * tight, -0.5 * tight], dim=-1)
    for _ in range(_ROUNDS):
        p = torch.softmax(multipliers @ moments, dim=-1)
        now = p @ moments.T
        gap = target - now
        if float(gap.abs().max()) < _ENOUGH:
            break
        spread_out = torch.einsum("...k,ik,jk->...ij", p, moments, moments)
        slope = spread_out - now[..., :, None] * now[..., None, :]
        slope = slope + 1e-9 * torch.eye(2, dtype=slope.dtype, device=slope.device)
        step = torch.linalg.solve(slope, gap[..., None])[..., 0]
        length = step.norm(dim=-1, keepdim=True)
        multipliers = multipliers + step * (_STEEPEST / 6 / length.clamp(min=_STEEPEST / 6))
    return torch.softmax(multipliers @ moments, dim=-1).to(kind)


def _checked(distribution: Tensor) -> Tensor:
    if distribution.ndim < 1 or distribution.shape[-1] != SCORES:
        raise ShapeError(
            f"a distribution has {SCORES} parts along its last axis: {tuple(distribution.shape)}"
        )
    return distribution
