"""A sheet of pixels to draw on: text, boxes on the pixel grid, and smooth shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
"""sRGB codes of 8 bits."""

Point = tuple[float, float]
"""Column and row, in pixels."""

Box = tuple[int, int, int, int]
"""Left, top, width and height, in pixels."""

_FINE = 4  # masks of smooth shapes are drawn this much larger


class Sheet:
    """A sheet ``size`` (height and width) of one colour, to draw on.

    Boxes and text lie on the pixel grid as programs draw them; all other edges are anti-aliased.
    """

    def __init__(self, size: tuple[int, int], paper: Colour) -> None:
        from PIL import Image, ImageDraw

        self.height, self.width = size
        self._image = Image.new("RGB", (self.width, self.height), paper)
        self._draw = ImageDraw.Draw(self._image)

    def codes(self) -> NDArray[np.uint8]:
        """Return the sheet ``(h, w, 3)``."""
        return np.asarray(self._image, np.uint8)

    def box(self, box: Box, fill: Colour | None, edge: Colour | None = None) -> None:
        """Draw a box with an edge of one pixel."""
        left, top, width, height = box
        if width > 0 and height > 0:
            corners = (left, top, left + width - 1, top + height - 1)
            self._draw.rectangle(corners, fill=fill, outline=edge)

    def rounded(self, box: Box, fill: Colour, radius: float) -> None:
        """Draw a box with round corners."""
        left, top, width, height = box
        corner = np.linspace(0, np.pi / 2, 8)
        r = min(radius, width / 2, height / 2)
        points = [
            (x + r * np.cos(a + turn), y + r * np.sin(a + turn))
            for x, y, turn in (
                (left + width - r, top + height - r, 0.0),
                (left + r, top + height - r, np.pi / 2),
                (left + r, top + r, np.pi),
                (left + width - r, top + r, 1.5 * np.pi),
            )
            for a in corner
        ]
        self.polygon(points, fill)

    def ellipse(self, centre: Point, radii: Point, fill: Colour) -> None:
        """Draw an ellipse."""
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        self.polygon(
            [(centre[0] + radii[0] * np.cos(a), centre[1] + radii[1] * np.sin(a)) for a in angles],
            fill,
        )

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled polygon."""
        self._smooth(points, fill, None)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1.0) -> None:
        """Draw a line through points."""
        self._smooth(points, colour, width)

    def _smooth(self, points: Sequence[Point], colour: Colour, width: float | None) -> None:
        """Draw a polygon, or a line, by a mask of four times the size."""
        from PIL import Image, ImageDraw

        places = np.asarray(points, np.float64)
        margin = 2 + (width or 0)
        low = np.maximum(np.floor(places.min(0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(places.max(0) + margin), (self.width, self.height)).astype(int)
        if (high <= low).any():
            return
        extent = high - low
        mask = Image.new("L", (int(extent[0]) * _FINE, int(extent[1]) * _FINE))
        draw = ImageDraw.Draw(mask)
        fine = [(float(x), float(y)) for x, y in (places - low) * _FINE]
        if width is None:
            draw.polygon(fine, fill=255)
        else:
            draw.line(fine, fill=255, width=max(1, round(width * _FINE)), joint="curve")
        self._image.paste(colour, (int(low[0]), int(low[1])), mask.reduce(_FINE))

    def text(self, place: Point, text: str, size: float, colour: Colour) -> float:
        """Write a line of text below and right of a place; returns how wide it is."""
        font = font_of(size)
        self._draw.text(place, text, font=font, fill=colour)
        return float(font.getlength(text))

    def picture(self, place: tuple[int, int], codes: NDArray[np.uint8]) -> None:
        """Lay a picture ``(h, w, 3)`` on the sheet, its corner at column and row."""
        from PIL import Image

        self._image.paste(Image.fromarray(codes), place)


def font_of(size: float) -> FreeTypeFont:
    """Return the font of a size in pixels.

    Raises
    ------
    MissingPackageError
        If Pillow was built without FreeType, which draws its scalable font.
    """
    from PIL import ImageFont

    try:
        font = ImageFont.load_default(size)
    except ImportError as error:
        raise MissingPackageError(
            "drawn screens need Pillow with FreeType: pip install --force-reinstall pillow"
        ) from error
    return font  # type: ignore[return-value]  # with a size it is never the old bitmap font


def blend(
    rng: np.random.Generator, size: tuple[int, int], first: Colour, second: Colour
) -> NDArray[np.uint8]:
    """Return a picture ``(h, w, 3)`` that goes from one colour to the other in some direction.

    As in programs, it is rounded to 8 bits without noise: wide gradients have fine steps.
    """
    height, width = size
    y, x = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)[None]
    if rng.random() < 0.3:
        column, row = rng.uniform(-0.4, 0.4, 2)
        part = np.hypot(x - column, y - row) / 1.1
    else:
        angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
        part = x * np.cos(angle) + y * np.sin(angle)
        part = (part - part.min()) / max(float(np.ptp(part)), 1e-9)
    colours = np.array([first, second], np.float64)
    mixed = colours[0] + part.clip(0, 1)[..., None] * (colours[1] - colours[0])
    return np.asarray(np.rint(mixed), np.uint8)
