"""What a picture of any kind is shown as: a small JPEG file, of HDR pictures tone-mapped."""

from __future__ import annotations

import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.previews import jpeg_of, preview, reduced
from hdrmetrics.jobs.inputs import Units, prepare_inputs
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import holds_light
from hdrmetrics.tonemap import create_operator, operator_info, to_display

OPERATOR = "reinhard02"
"""What HDR pictures are tone-mapped by, each by itself, as where pairs are judged."""

_LARGEST = 1 << 14


@torch.no_grad()
def preview_of(image: Image, side: int) -> bytes:
    r"""Return a JPEG file of a picture in sRGB, its longer side at most ``side`` pixels.

    Parameters
    ----------
    image
        Of any kind; linear, PQ and HLG pictures are tone-mapped.
    side
        Pixels, 1 to 16384; smaller pictures keep their size.

    Raises
    ------
    OptionError
        If the side is out of range.
    PixelValueError
        For NaN or infinity in an HDR picture.

    Examples
    --------
    >>> import hdrmetrics as hm, numpy as np
    >>> preview_of(hm.as_image(np.full((40, 60), 100.0), domain="hdr"), 30)[:2]
    b'\xff\xd8'
    """
    if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= _LARGEST:
        raise OptionError(f"a preview has 1 to {_LARGEST} pixels along its longer side, not {side}")
    if not holds_light(image):
        return preview(image, side)
    light = prepare_inputs(image, None, "hdr", Units()).test.clamp(min=0.0)
    shown = create_operator(OPERATOR)(reduced(light, side))  # so that less of it has to be mapped
    return jpeg_of(to_display(shown, encoded=operator_info(OPERATOR).encoded), side)
