"""What a browser is sent of a pair: the files themselves, or 8-bit PNGs of what it cannot show."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hdrmetrics.errors import DomainError, MissingCodecError
from hdrmetrics.improve.pairs import Pair
from hdrmetrics.io.kinds import sniff

if TYPE_CHECKING:
    from torch import Tensor

    from hdrmetrics.picture.image import Image

_SHOWN = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
_OPERATOR = "reinhard02"
_KEPT = 4  # pairs whose conversion is kept: the last, the current and the next ones


class View(NamedTuple):
    """What a browser is sent: its media type, and the file or what takes its place."""

    kind: str
    content: Path | bytes


class Views:
    """Both pictures of pairs as a browser shows them; the last conversions are kept.

    May be used by several threads: one converts at a time.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[str, tuple[View, View]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, pair: Pair) -> tuple[View, View]:
        """Return the two pictures of a pair, input first.

        Raises
        ------
        HdrMetricsError
            As :func:`browser_views`.
        """
        with self._lock:
            found = self._made.get(pair.name) or browser_views(pair)
            self._made[pair.name] = found
            self._made.move_to_end(pair.name)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            return found


def browser_views(pair: Pair) -> tuple[View, View]:
    """Return what a browser is sent of a pair, input first.

    PNG, JPEG, WebP and AVIF files go as they are, if they can be read to their end; display-encoded
    pictures of other formats as PNG with the same codes in 8 bits. Of two pictures of light
    (linear, PQ or HLG) of which one is in such a format, both are tone-mapped: by one curve, that
    of the photographic operator for the two together, so that a difference of exposure stays one.

    Parameters
    ----------
    pair
        Of any size and format that :func:`hdrmetrics.read_image` reads.

    Raises
    ------
    ImageReadError
        If a file cannot be read: it is missing, torn, or of a kind that needs a package.
    DomainError
        If one picture is light and the other display-encoded, or of another unit of light.
    ShapeError
        If two pictures of light differ in size.
    PixelValueError
        If pixels of light are NaN or infinite.

    References
    ----------
    E. Reinhard, M. Stark, P. Shirley and J. Ferwerda, "Photographic tone reproduction for digital
    images", ACM Transactions on Graphics 21(3), 2002.

    Examples
    --------
    >>> from hdrmetrics import sample_images
    >>> from hdrmetrics.improve.pairs import Pair
    >>> path = sample_images()["courtyard"]
    >>> [view.kind for view in browser_views(Pair("courtyard", path, path))]
    ['image/png', 'image/png']
    """
    paths = pair.input, pair.enhanced
    kinds = [_SHOWN.get(sniff(path) or "", "") for path in paths]
    images = [_read(path, kind) for path, kind in zip(paths, kinds, strict=True)]
    converted = [image for image, kind in zip(images, kinds, strict=True) if image and not kind]
    if any(map(_is_light, converted)):
        both = [image for image in images if image is not None and _is_light(image)]
        if len(both) < 2:
            raise DomainError(
                f"{pair.name}: one picture is light, the other display-encoded; save both alike"
            )
        first, second = _tone_mapped(both)
        return first, second
    first, second = (
        View(kind, path) if kind or image is None else _png(image)
        for kind, path, image in zip(kinds, paths, images, strict=True)
    )
    return first, second


def _read(path: Path, kind: str) -> Image | None:
    """Return a picture, also one that browsers show: of a torn file they show what there is.

    ``None`` where they can show it and reading it needs a package that is not installed.
    """
    from hdrmetrics.io import read_image

    try:
        return read_image(path)
    except MissingCodecError:
        if kind:
            return None
        raise


def _is_light(image: Image) -> bool:
    return image.calibration.linear or image.calibration.transfer in ("pq", "hlg")


def _png(image: Image) -> View:
    from hdrmetrics.io import write_image

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "view.png")
        write_image(path, image, depth=8)
        return View("image/png", path.read_bytes())


def _tone_mapped(images: Sequence[Image]) -> list[View]:
    import torch

    from hdrmetrics.jobs.inputs import Units, prepare_inputs
    from hdrmetrics.picture.image import Calibration, Image
    from hdrmetrics.tonemap import create_operator, operator_info, to_display

    # The same factor for both, chosen on the input, where files do not say what light is.
    ready = prepare_inputs(images[1], images[0], "hdr", Units())
    assert ready.reference is not None
    light: Tensor = torch.cat([ready.reference, ready.test], dim=3)
    codes = to_display(create_operator(_OPERATOR)(light), encoded=operator_info(_OPERATOR).encoded)
    calibration = Calibration("display", transfer="srgb", rule=f"tone-mapped by {_OPERATOR}")
    return [
        _png(Image(half[0].movedim(0, 2).contiguous().numpy(), calibration))
        for half in codes.chunk(2, dim=3)
    ]
