"""Contact sheets: references and tests side by side with their labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import ImageWriteError, OptionError, ShapeError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_encode
from hdrmetrics.text.plaintext import ascii_only, one_line

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

Kind = Literal["hdr", "sdr"]
"""``hdr``: linear BT.709 in cd/m²; ``sdr``: display-encoded in [0, 1]."""

EXPOSURE_QUANTILE, EXPOSURE_LEVEL = 0.95, 0.8
"""This quantile of the reference's luminance is shown at this part of the screen's white."""

_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (95, 95, 95)
_NOT_A_NUMBER = (255, 0, 255)
_MARGIN, _GAP, _BETWEEN = 12, 4, 18  # px: border of the page, inside a pair, between pairs
_TEXT, _LINE, _HEAD = 14, 18, 22  # px
_WRAPPED = 2  # lines that one line of a caption may take


@dataclass(frozen=True, slots=True, eq=False)
class SheetEntry:
    """One pair of crops on a sheet.

    Parameters
    ----------
    reference
        ``(3, h, w)``; ``None`` shows the test alone.
    test
        ``(3, h, w)``.
    kind
        What the test's values are, and the reference's unless ``reference_kind`` says otherwise.
    caption
        Lines under the pair, the first in black. A line goes on in a second one, and is cut there.
    reference_kind
        Where it differs, as for tone mapping.

    Raises
    ------
    ShapeError
        If a picture is not ``(3, h, w)``, or the two differ in size.
    OptionError
        For an unknown kind.
    """

    reference: Tensor | None
    test: Tensor
    kind: Kind
    caption: Sequence[str] = ()
    reference_kind: Kind | None = None

    def __post_init__(self) -> None:
        if not {self.kind, self.reference_kind or self.kind} <= {"hdr", "sdr"}:
            raise OptionError(
                f"a crop is 'hdr' or 'sdr', not {self.kind!r}, {self.reference_kind!r}"
            )
        for crop in (self.reference, self.test):
            if crop is not None and (crop.ndim != 3 or crop.shape[0] != 3 or not crop.numel()):
                raise ShapeError(f"a crop on a sheet is (3, h, w), not {tuple(crop.shape)}")
        if self.reference is not None and self.reference.shape != self.test.shape:
            raise ShapeError(
                f"reference and test differ in size: {tuple(self.reference.shape)}, "
                f"{tuple(self.test.shape)}"
            )


def contact_sheet(
    entries: Sequence[SheetEntry], *, columns: int = 3, title: str = ""
) -> NDArray[np.uint8]:
    """Return a page of pairs, each reference to the left of its test.

    Light is shown by one mapping that depends on the reference only, so a pair can be compared:
    the factor that brings the 0.95 quantile of the reference's luminance to 0.8, then the sRGB
    curve; beyond 1 it clips. Display-encoded crops are shown as they are. Pixels that are no
    number are magenta.

    Parameters
    ----------
    entries
        In reading order.
    columns
        Pairs side by side.
    title
        On top of the page.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8, sRGB; one pixel of a crop is one pixel of the page.

    Raises
    ------
    OptionError
        If there are no entries, or ``columns`` is not positive.
    """
    from PIL import Image, ImageDraw

    if not entries:
        raise OptionError("a contact sheet needs at least one pair of crops")
    if columns < 1:
        raise OptionError(f"a contact sheet has at least one column, not {columns}")
    columns = min(columns, len(entries))
    pictures = [_pair(entry) for entry in entries]
    tall, wide = (max(picture.shape[side] for picture in pictures) for side in (0, 1))
    font = _font(_TEXT)
    captions = [_caption(entry.caption, font, wide) for entry in entries]
    lines = max(len(caption) for caption in captions)
    cell = (wide + _BETWEEN, tall + lines * _LINE + _BETWEEN)
    top = _MARGIN + (_HEAD + _GAP if title else 0)
    rows = math.ceil(len(entries) / columns)
    size = (2 * _MARGIN + columns * cell[0] - _BETWEEN, top + rows * cell[1] - _BETWEEN + _MARGIN)
    page = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(page)
    if title:
        head = _font(_TEXT + 4)
        shown = _fit(_plain(title), head, size[0] - 2 * _MARGIN)
        draw.text((_MARGIN, _MARGIN), shown, _INK, head)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(index, columns)
        x, y = _MARGIN + column * cell[0], top + row * cell[1]
        page.paste(Image.fromarray(picture), (x, y))
        for number, (text, colour) in enumerate(caption):
            draw.text((x, y + picture.shape[0] + 2 + number * _LINE), text, colour, font)
    return np.asarray(page, dtype=np.uint8)


def save_sheet(path: Path, entries: Sequence[SheetEntry], *, title: str = "") -> None:
    """Write a contact sheet; the suffix says as what (``.png``, ``.jpg``, ``.webp``).

    Raises
    ------
    OptionError
        As for :func:`contact_sheet`.
    ImageWriteError
        If the format is not known or the file cannot be written.
    """
    from PIL import Image

    sheet = Image.fromarray(contact_sheet(entries, title=title))
    try:
        if path.suffix.lower() == ".png":
            sheet.save(path, optimize=True)
        else:
            sheet.save(path, quality=92)
    except (OSError, ValueError) as error:
        raise ImageWriteError(f"{path}: cannot be written ({error})") from error


def exposure(crop: Tensor) -> float:
    """Return the factor from cd/m² to parts of the screen's white for a reference ``(3, h, w)``.

    1 for a crop without light.
    """
    light = luminance(crop[None].detach().double()).flatten()
    light = light[torch.isfinite(light)]
    level = float(light.quantile(EXPOSURE_QUANTILE)) if light.numel() else 0.0
    return EXPOSURE_LEVEL / level if level > 0 else 1.0


def show(crop: Tensor, kind: Kind, factor: float = 1.0) -> NDArray[np.uint8]:
    """Return a crop ``(3, h, w)`` as it looks on a screen, ``(h, w, 3)`` uint8.

    Parameters
    ----------
    crop
        In the unit of its kind.
    kind
        See :data:`Kind`.
    factor
        Of :func:`exposure`, for light; codes are not exposed.
    """
    values = crop.detach().double()
    code = srgb_encode((values * factor).clamp(0.0, 1.0)) if kind == "hdr" else values
    picture = (code.nan_to_num(0.0).clamp(0.0, 1.0) * 255).round().to(torch.uint8)
    shown: NDArray[np.uint8] = picture.permute(1, 2, 0).contiguous().numpy()
    shown[~torch.isfinite(values).all(dim=0).numpy()] = _NOT_A_NUMBER
    return shown


def _pair(entry: SheetEntry) -> NDArray[np.uint8]:
    reference_kind = entry.reference_kind or entry.kind
    if entry.reference is None:
        return show(entry.test, entry.kind, exposure(entry.test))
    # A display-encoded reference says nothing about the exposure of light.
    guide = entry.reference if reference_kind == "hdr" else entry.test
    factor = exposure(guide)
    left = show(entry.reference, reference_kind, factor)
    right = show(entry.test, entry.kind, factor)
    gap = np.full((left.shape[0], _GAP, 3), 255, dtype=np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _caption(
    caption: Sequence[str], font: Font, room: int
) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the lines of a caption that fit, each with its colour."""
    return [
        (line, _FAINT if number else _INK)
        for number, text in enumerate(caption)
        for line in _wrap(text, font, room)
    ]


def _font(size: int) -> Font:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size)
    except ImportError:  # Pillow without FreeType has one small font
        return ImageFont.load_default()


def _wrap(text: str, font: Font, room: int) -> list[str]:
    """Return the text on as many lines as it needs, :data:`_WRAPPED` at most."""
    lines = [""]
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or len(lines) == _WRAPPED or font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [_fit(line, font, room) for line in lines]


def _plain(text: str) -> str:
    return ascii_only(one_line(text))  # the font lacks ² and others


def _fit(text: str, font: Font, room: int) -> str:
    """Return the text, cut with an ellipsis where it is wider than ``room``."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."
