"""Pixels of either domain on one scale: codes of luminance, colour against it, light."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.fronts.cells import CHROMA_DARK, CHROMA_GAIN
from hdrmetrics.numerics.pieces import pieces_pay
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.display import get_display
from hdrmetrics.photometry.transfer import pu21_encode

Kind = Literal["light", "code"]
"""Whether pixels are cd/m² or display codes."""

_DISPLAY = "srgb-100"  # that codes are seen on, as in the labels
_PU_WHITE = 256.0  # PU21 of about 100 cd/m², the white of an SDR display
_STRIP = 1 << 16  # pixels at a time: the temporaries then stay in the cache


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


def picture_code(image: Tensor, kind: Kind) -> Tensor:
    """Return the code of luminance ``(N, 1, H, W)``: 0 is black, 1 an SDR display's white.

    Of light it is PU21 over 256, on whose scale a display of 100 cd/m² ends at 1, like display
    codes, which are taken as they are; PU21 ends at 2.3.
    """
    if kind == "code":
        return luminance(image)
    return pu21_encode(luminance(image.clamp(min=0.0))) / _PU_WHITE


def code_and_chroma(image: Tensor, kind: Kind) -> tuple[Tensor, Tensor]:
    """Return the :func:`picture_code`, and red and blue against luminance, ``(N, 2, H, W)``.

    Both lie in [-1, 1]; those of codes are stretched to agree with light.
    """
    image = image.clamp(min=0.0) if kind == "light" else image
    grey = luminance(image)
    code = grey if kind == "code" else pu21_encode(grey) / _PU_WHITE
    return code, _chroma(image, grey, kind)


def picture_light(image: Tensor, kind: Kind) -> Tensor:
    """Return luminance ``(N, 1, H, W)`` in cd/m²; codes are shown on an sRGB display of 100."""
    rows = max(16, _STRIP // max(image.shape[-1], 1))
    if not pieces_pay(image) or image.shape[-2] <= rows:
        return _light(image, kind)
    return torch.cat([_light(part, kind) for part in torch.split(image, rows, dim=-2)], dim=-2)


def full(image: Tensor) -> Tensor:
    """Return pictures of half precision in float32, others as they are."""
    return image.float() if image.dtype in (torch.float16, torch.bfloat16) else image


def _light(image: Tensor, kind: Kind) -> Tensor:
    if kind == "light":
        return luminance(image.clamp(min=0.0))
    return luminance(get_display(_DISPLAY).forward(image))


def _chroma(image: Tensor, grey: Tensor, kind: Kind) -> Tensor:
    if image.shape[1] == 1:
        return torch.zeros_like(grey).expand(-1, 2, -1, -1)
    pair = image[:, 0::2]
    ratio = (pair - grey) / (pair + grey + CHROMA_DARK[kind])
    return ratio if kind == "light" else (CHROMA_GAIN * ratio).clamp(-1.0, 1.0)
