"""PIQE, the perception-based no-reference quality evaluator of Venkatanath et al. (2015).

The arrangement is that of MATLAB's ``piqe``; in particular, the surround of a block's two centre
columns leaves out the first of them and the one after the second. Sides that are no multiple of the
block are continued by their mirror image, as in the ports of today. (The first MATLAB release
repeated the last pixel, whose flat edges count as artifacts: up to four points more.) The
arithmetic is in double precision, since the score jumps at thresholds. Not differentiable.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.metrics._plain import codes_alone, eight_bit_scale
from hdrmetrics.metrics.code_metric import ROUND_TO_8BIT, CodeMetric, Measure, each_encoding
from hdrmetrics.numerics.filters import gaussian_taps, pad, separable_filter
from hdrmetrics.photometry.encoding import Encoding
from hdrmetrics.picture.pixels import check_mask

_WINDOW, _WINDOW_SIGMA = 7, 7 / 6
_REACH = _WINDOW // 2
_STRIP = 1 << 18  # pixels at a time: memory stays small, and temporaries near the cache
_SEGMENT = 6  # px of a block's edge that are looked at together
_FLAT_VARIANCE = 0.1**2  # under which a segment counts as flattened
_PRIOR = 1.0  # one distorted block assumed, so that an image without active blocks scores 100
_GREY = (0.298936021293775, 0.587043074451121, 0.114020904255103)  # MATLAB's rgb2gray


class PiqeDetails(NamedTuple):
    """The score of PIQE with the blocks it comes from.

    Parameters
    ----------
    score
        ``(N,)``, 0 (best) to 100.
    active
        Boolean ``(N, 1, h, w)``, one value per block: enough is going on in it to count.
    artifacts
        Active blocks of which some edge is flattened, as by block coding.
    noise
        Active blocks that look like Gaussian noise.
    distortion
        What each block contributes, in the score's floating-point type; 0 in inactive blocks.
    """

    score: Tensor
    active: Tensor
    artifacts: Tensor
    noise: Tensor
    distortion: Tensor


def piqe(
    image: Tensor,
    *,
    data_range: float = 1.0,
    mask: Tensor | None = None,
    round_to_8bit: bool = False,
    block: int = 16,
    activity_threshold: float = 0.1,
) -> Tensor:
    """Return the PIQE score, one value per image: 0 is best, 100 worst.

    Parameters
    ----------
    image
        Grey codes ``(N, 1, H, W)``; of three channels the luma is taken.
    data_range
        Code of white: 1 for display-encoded values in [0, 1], 255 for 8-bit values, 256 for PU21.
        The constants are those of 8-bit values: codes are brought to them first, but for PU21,
        which is taken as it is.
    mask
        Weights in [0, 1], ``(N, 1, H, W)``; a block counts by its mean weight.
    round_to_8bit
        Round to whole 8-bit values first, as the original does. Off by default, since it moves the
        score of a dark picture by several points.
    block
        Side of the blocks, px, even and at least 8.
    activity_threshold
        Variance of the normalised block above which it counts.

    Returns
    -------
    Tensor
        ``(N,)``. A uniform image, having no active block, scores 100.

    Raises
    ------
    ShapeError
        For shapes that are no images.
    PixelValueError
        For NaN or infinite pixels, which would make blocks count as inactive.
    DomainError
        If the values are no codes of this range.
    OptionError
        For a range, block size or threshold that cannot be, a mask outside [0, 1] or selecting
        nothing.

    References
    ----------
    N. Venkatanath, D. Praneeth, M. Chandrasekhar, S. S. Channappayya, S. S. Medasani, "Blind image
    quality evaluation using perception based features", NCC 2015.
    """
    return piqe_details(
        image,
        data_range=data_range,
        mask=mask,
        round_to_8bit=round_to_8bit,
        block=block,
        activity_threshold=activity_threshold,
    ).score


def piqe_details(
    image: Tensor,
    *,
    data_range: float = 1.0,
    mask: Tensor | None = None,
    round_to_8bit: bool = False,
    block: int = 16,
    activity_threshold: float = 0.1,
) -> PiqeDetails:
    """Return the PIQE score with its maps of blocks; arguments and errors as for :func:`piqe`."""
    batch = codes_alone(image, data_range=data_range)
    return block_quality(
        batch * eight_bit_scale(data_range),
        mask=mask,
        round_to_8bit=round_to_8bit,
        block=block,
        activity_threshold=activity_threshold,
    )


@torch.no_grad()
def block_quality(
    batch: Tensor,
    *,
    mask: Tensor | None = None,
    round_to_8bit: bool = False,
    block: int = 16,
    activity_threshold: float = 0.1,
) -> PiqeDetails:
    """Return the details for codes ``(N, C, H, W)`` on the 8-bit scale, whatever their values."""
    if block < 8 or block % 2:
        raise OptionError(f"PIQE's block must be even and at least 8 pixels, not {block}")
    if not activity_threshold >= 0:
        raise OptionError(f"PIQE's activity threshold must be at least 0, not {activity_threshold}")
    weights = _block_weights(check_mask(mask, batch), block)

    down, across = (-(-length // block) for length in batch.shape[-2:])
    together = max(1, (_STRIP if batch.device.type == "cpu" else _STRIP << 6) // (block * block))
    rows = max(1, together // (batch.shape[0] * across))
    parts = []
    for first in range(0, down, rows):
        last = min(first + rows, down)
        grey = _grey(batch, block * first - _REACH, block * last + _REACH, block)
        grey = torch.floor(grey + 0.5) if round_to_8bit else grey
        parts.append(_judge(_normalise(grey), block, activity_threshold))
    variance, active, artifacts, noise = (torch.cat(each, -2) for each in zip(*parts, strict=True))
    distortion = artifacts * (1 - variance) + noise * variance
    total = (distortion * weights).sum(dim=(1, 2, 3))
    count = (active * weights).sum(dim=(1, 2, 3))
    score = (100 * (total + _PRIOR) / (count + _PRIOR)).clamp(0, 100)
    return PiqeDetails(score.to(batch.dtype), active, artifacts, noise, distortion.to(batch.dtype))


def _grey(batch: Tensor, first: int, last: int, block: int) -> Tensor:
    """Return rows of the luma in double precision, with sides of whole blocks and a border.

    ``first`` and ``last`` may lie outside: there the outermost row is repeated.
    """
    height = batch.shape[-2]
    places = torch.arange(first, last, device=batch.device)
    places = _mirrored(places.clamp(0, -(-height // block) * block - 1), height)
    grey = batch.index_select(-2, places).double()
    if grey.shape[1] == 3:
        grey = torch.einsum("c,nchw->nhw", grey.new_tensor(_GREY), grey)[:, None]
    return pad(_pad(grey, -1, block), 0, _REACH, "replicate")


def _pad(planes: Tensor, axis: int, block: int) -> Tensor:
    """Mirror the lower or right border to whole blocks, the border pixel repeated."""
    length = planes.shape[axis]
    if length % block == 0:
        return planes
    places = torch.arange(-(-length // block) * block, device=planes.device)
    return planes.index_select(axis, _mirrored(places, length))


def _mirrored(places: Tensor, length: int) -> Tensor:
    places = places % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)


def _block_weights(mask: Tensor | None, block: int) -> Tensor | float:
    if mask is None:
        return 1.0
    return F.avg_pool2d(_pad(_pad(mask.double(), -2, block), -1, block), block)


def _normalise(grey: Tensor) -> Tensor:
    """Subtract the local mean, divide by one plus the local standard deviation; no border left."""
    taps = gaussian_taps(_WINDOW, _WINDOW_SIGMA)
    moments = separable_filter(torch.cat([grey, grey.square()]), taps, border="valid")
    mean, mean_square = moments.chunk(2)
    deviation = (mean_square - mean.square()).abs().sqrt()
    inside = grey[..., _REACH:-_REACH, _REACH:-_REACH]
    return (inside - mean) / (deviation + 1)


def _judge(plane: Tensor, block: int, threshold: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return variance and verdicts on whole blocks of the normalised luma, ``(N, 1, h, w)``."""
    columns = _Columns.of(plane, block)
    variance = columns.variance(slice(None))
    active = variance > threshold
    artifacts = active & _has_flat_segment(plane, block)
    noise = active & _looks_like_noise(columns, variance)
    return variance, active, artifacts, noise


class _Columns(NamedTuple):
    """Sums over the columns of each block, from which follow the variances of its parts."""

    sums: Tensor  # (N, 1, h, w, block)
    square_sums: Tensor

    @classmethod
    def of(cls, plane: Tensor, block: int) -> _Columns:
        n, _, height, width = plane.shape
        rows = plane.view(n, 1, height // block, block, width)
        shape = (n, 1, height // block, width // block, block)
        return cls(rows.sum(dim=3).view(shape), rows.square().sum(dim=3).view(shape))

    def variance(self, which: slice | Tensor) -> Tensor:
        """Return the unbiased variance ``(N, 1, h, w)`` of some columns of each block."""
        sums, square_sums = self.sums[..., which], self.square_sums[..., which]
        count = sums.shape[-1] * self.sums.shape[-1]
        spread = square_sums.sum(dim=-1) - sums.sum(dim=-1).square() / count
        return spread.clamp_min(0) / (count - 1)


def _has_flat_segment(plane: Tensor, block: int) -> Tensor:
    n, _, height, width = plane.shape
    blocks = plane.view(n, height // block, block, width // block, block)
    edges = (blocks[:, :, 0], blocks[:, :, -1], blocks[..., 0].mT, blocks[..., -1].mT)
    variance = torch.stack(edges).unfold(-1, _SEGMENT, 1).var(dim=-1)  # (4, N, h, w, segments)
    return (variance < _FLAT_VARIANCE).any(dim=-1).any(dim=0)[:, None]


def _looks_like_noise(columns: _Columns, variance: Tensor) -> Tensor:
    """Tell whether the two centre columns vary as the rest of the block does."""
    side = columns.sums.shape[-1]
    first = side // 2 - 1
    index = torch.arange(side, device=variance.device)
    surround = columns.variance((index != first) & (index != first + 2))
    contrast = (columns.variance(slice(first, first + 2)) / surround).sqrt()
    contrast = contrast.nan_to_num(nan=0.0, posinf=math.inf)
    deviation = variance.sqrt()
    difference = (deviation - contrast).abs() / torch.maximum(deviation, contrast)
    return deviation > 2 * difference


@each_encoding
class PIQE(CodeMetric):
    """Perception-based no-reference quality; see :func:`piqe` for the options."""

    option_parameters = (ROUND_TO_8BIT,)
    measure = Measure(
        name="piqe",
        title="Perception-based quality evaluator",
        higher_is_better=False,
        range=(0.0, 100.0),
        reference=False,
        differentiable=False,
        map_kind="distortion",
        citation="Venkatanath et al., NCC 2015",
    )
    eight_bit = True

    round_to_8bit: bool

    def __init__(self, encoding: Encoding | None = None, **options: Any) -> None:
        super().__init__(encoding, **options)
        self.channels = self.automatic("channels")

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the score."""
        return block_quality(test, mask=mask, round_to_8bit=self.round_to_8bit).score

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return what each block of 16×16 pixels contributes."""
        return block_quality(test, round_to_8bit=self.round_to_8bit).distortion

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return encoding, luma and rounding."""
        found = super().conditions(reference) | {"round_to_8bit": self.round_to_8bit}
        if self.channels == "rgb":
            found["channels"] = "luma of RGB"
        return found
