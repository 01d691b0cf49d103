"""The front end: pixels of either domain as channels on one scale."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import Front
from hdrmetrics.learned.descriptors import blur, describe, in_strips, is_whole
from hdrmetrics.learned.seams import describe_seams
from hdrmetrics.metric import Domain
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.display import get_display
from hdrmetrics.photometry.transfer import pu21_encode

Kind = Literal["light", "code"]
"""Whether pixels are cd/m² or display codes."""

_DISPLAY = "srgb-100"  # that codes are seen on, as in the labels
_PU_WHITE = 256.0  # PU21 of about 100 cd/m², the white of an SDR display
_STRIP = 1 << 16  # pixels at a time: the temporaries then stay in the cache
_DARK_LIGHT, _DARK_CODE, _GAMMA = 0.05, 0.05, 2.2
_BEND, _BEND_SCALE = 1000.0, 3.0


def kinds(domain: Domain) -> tuple[Kind, Kind]:
    """Return what the pixels of test and reference are.

    Raises
    ------
    OptionError
        For an unknown domain.
    """
    known: dict[str, tuple[Kind, Kind]] = {
        "hdr": ("light", "light"),
        "sdr": ("code", "code"),
        "tonemapped": ("code", "light"),
    }
    if domain not in known:
        raise OptionError(f"a domain is one of {', '.join(known)}; not {domain!r}")
    return known[domain]


def front_channels(image: Tensor, front: Front, kind: Kind) -> Tensor:
    """Return the channels that a network sees.

    Parameters
    ----------
    image
        ``(N, 1, H, W)`` or ``(N, 3, H, W)``: light in cd/m² (negative counts as 0) or display
        codes in [0, 1].
    front
        Which channels; see :class:`~hdrmetrics.learned.architecture.Front`.
    kind
        What the pixels are.

    Returns
    -------
    Tensor
        ``(N, C, H − 2·margin, W − 2·margin)``: the code of luminance (0 is black, 1 the white of
        an SDR display, PU21 ends at 2.3), the high-pass channels, then the two of chroma; or the
        descriptors of cells of 16 px, ``(N, C, (H − 32) // 16, (W − 32) // 16)``, and then their
        seams.
    """
    if front.descriptors:
        return in_strips(lambda parts: _described(parts[0], front, kind), [image])
    margin, width = front.margin, image.shape[-1]
    rows = max(16, _STRIP // max(width, 1))
    if is_whole(image) or image.shape[-2] <= rows + 2 * margin:
        return _channels(image, front, kind)
    height = image.shape[-2] - 2 * margin
    out = image.new_empty((image.shape[0], front.channels, height, width - 2 * margin))
    for first in range(0, height, rows):
        last = min(first + rows, height)
        for index in range(image.shape[0]):
            one = slice(index, index + 1)
            part = image[one, :, first : last + 2 * margin]
            out[one, :, first:last] = _channels(part, front, kind)
    return out


def picture_code(image: Tensor, front: Front, kind: Kind) -> Tensor:
    """Return the code of luminance ``(N, 1, H, W)``: 0 is black, 1 an SDR display's white."""
    if kind == "code":
        return luminance(image)
    grey = luminance(image.clamp(min=0.0))
    return pu21_encode(grey) / _PU_WHITE if front.light == "pu21" else torch.log10(1.0 + grey)


def picture_light(image: Tensor, kind: Kind) -> Tensor:
    """Return luminance ``(N, 1, H, W)`` in cd/m²; codes are shown on an sRGB display of 100."""
    rows = max(16, _STRIP // max(image.shape[-1], 1))
    if is_whole(image) or image.shape[-2] <= rows:
        return _light(image, kind)
    return torch.cat([_light(part, kind) for part in torch.split(image, rows, dim=-2)], dim=-2)


def bent_difference(test: Tensor, reference: Tensor, front: Front) -> Tensor:
    """Return ±log(1 + 1000·|d|)/3 of the differences d of the channels of two pictures.

    Near-lossless codecs differ by less than a thousandth, poor ones by the whole range: bent, the
    network sees both. High-pass channels are taken back to their scale before the gain.
    """
    gains = [1.0, *(item.gain for item in front.high_pass)] + [1.0, 1.0] * front.chroma
    slope = torch.tensor([_BEND / gain for gain in gains], dtype=test.dtype, device=test.device)
    bent = (test - reference) * slope[:, None, None]
    # Like asinh, which takes ten times longer.
    return torch.copysign(bent.abs().log1p() / _BEND_SCALE, bent)


def _light(image: Tensor, kind: Kind) -> Tensor:
    if kind == "light":
        return luminance(image.clamp(min=0.0))
    return luminance(get_display(_DISPLAY).forward(image))


def _described(image: Tensor, front: Front, kind: Kind) -> Tensor:
    image = image.clamp(min=0.0) if kind == "light" else image
    chroma = _chroma(image, luminance(image), kind) if front.chroma else None
    code = picture_code(image, front, kind)
    described = describe(code, chroma)
    return torch.cat([described, describe_seams(code)], dim=1) if front.seams else described


def _channels(image: Tensor, front: Front, kind: Kind) -> Tensor:
    margin = front.margin
    image = image.clamp(min=0.0) if kind == "light" else image
    code = picture_code(image, front, kind)
    blurred = {0: code}
    for order in range(2, 2 * margin + 1, 2):
        blurred[order] = blur(blurred[order - 2])
    found = [_inside(code, margin)]
    for item in front.high_pass:
        inner, outer = (_inside(blurred[o], margin - o // 2) for o in item.orders)
        detail = (inner - outer) * item.gain
        found.append(detail / (1.0 + detail.abs() / item.limit))
    if front.chroma:
        found.append(_inside(_chroma(image, luminance(image), kind), margin))
    return torch.cat(found, dim=1)


def _inside(x: Tensor, margin: int) -> Tensor:
    return x if margin == 0 else x[..., margin:-margin, margin:-margin]


def _chroma(image: Tensor, grey: Tensor, kind: Kind) -> Tensor:
    """Red and blue against luminance, in [-1, 1]; codes are stretched to agree with light."""
    if image.shape[1] == 1:
        return torch.zeros_like(grey).expand(-1, 2, -1, -1)
    dark = _DARK_LIGHT if kind == "light" else _DARK_CODE
    pair = image[:, 0::2]
    ratio = (pair - grey) / (pair + grey + dark)
    return ratio if kind == "light" else (_GAMMA * ratio).clamp(-1.0, 1.0)
