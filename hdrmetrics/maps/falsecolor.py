"""Maps of local differences as pictures: colours, a labelled scale and the numbers behind it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageWriteError, OptionError, ShapeError
from hdrmetrics.maps.overlay import THRESHOLDS, overlay_color
from hdrmetrics.result import Score
from hdrmetrics.text.formatting import format_value, with_unit
from hdrmetrics.text.plaintext import ascii_only
from hdrmetrics.text.textfile import replacing

if TYPE_CHECKING:
    from PIL import Image as PillowImage
    from PIL import ImageDraw, ImageFont

    from hdrmetrics.jobs.scoring import ScoreMap
    from hdrmetrics.metric import MapKind

    Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

# Every sixteenth colour of matplotlib's "magma" (N. Smith and S. van der Walt, released as CC0):
# lightness rises evenly from black to white, so the picture also reads in grey.
_MAGMA = (
    "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 cf4070 e55064 f4695c fb8761 "
    "fea571 fec287 fde0a1 fcfdbf"
)
_NOT_A_NUMBER = (90, 130, 130)
_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (95, 95, 95)
_MARGIN, _TEXT, _LINE = 12, 14, 19  # px
_BAR, _LABELS = 18, 62  # widths of the scale and of its labels, px
_SMALLEST_SIDE, _SMALLEST_WIDTH = 192, 420  # px: smaller maps are enlarged, narrower ones framed


@dataclass(frozen=True, slots=True)
class MapMeaning:
    """What the numbers of a map are.

    Parameters
    ----------
    quantity
        In words, for the scale's caption.
    unit
        Of the numbers; empty where they have none.
    same
        The value where nothing is wrong: both images agree, or nothing is distorted.
    bright
        In words, what the bright end of the scale stands for.
    """

    quantity: str
    unit: str
    same: float
    bright: str = "different"


_MEANINGS: dict[MapKind, MapMeaning] = {
    "similarity": MapMeaning("similarity", "", 1.0),
    "probability": MapMeaning("probability of seeing a difference", "", 0.0),
    "distortion": MapMeaning("distortion of each block", "", 0.0, bright="distorted"),
}


def map_meaning(found: ScoreMap) -> MapMeaning:
    """Return what the numbers of a map are, for captions; an error has the metric's code unit."""
    if found.kind != "error":
        return _MEANINGS[found.kind]
    peak = found.score.conditions.get("code_peak")
    unit = "PU" if found.score.conditions.get("encoding") == "PU21" else "code values"
    white = "" if peak is None else f" (white is {peak:g})"
    return MapMeaning("error", unit + white, 0.0)


def false_color(values: NDArray[np.floating[Any]], dark: float, bright: float) -> NDArray[np.uint8]:
    """Return the colours of local values, from black over purple and orange to pale yellow.

    Parameters
    ----------
    values
        ``(H, W)``.
    dark, bright
        Values at the two ends of the scale; beyond them colours do not change. ``dark`` may be
        the larger one, as for similarity.

    Returns
    -------
    ndarray
        ``(H, W, 3)`` uint8, sRGB. Values that are no number become a grey green.

    Raises
    ------
    ShapeError
        If ``values`` has not two axes.
    OptionError
        If the ends of the scale are equal or not finite.
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ShapeError(f"a map is (H, W), not {values.shape}")
    if not (math.isfinite(dark) and math.isfinite(bright)) or dark == bright:
        raise OptionError(f"the scale of a map needs two different ends, not {dark}, {bright}")
    table = np.array([list(bytes.fromhex(colour)) for colour in _MAGMA.split()], dtype=np.float64)
    fine = np.linspace(0, len(table) - 1, 1024)
    colours = np.stack([np.interp(fine, np.arange(len(table)), c) for c in table.T], axis=1)
    with np.errstate(invalid="ignore"):
        place = np.clip((values.astype(np.float64) - dark) / (bright - dark), 0.0, 1.0)
        index = np.nan_to_num(place * 1023).round().astype(np.intp)
    picture: NDArray[np.uint8] = colours.round().astype(np.uint8)[index]
    picture[np.isnan(values)] = _NOT_A_NUMBER
    return picture


def map_limits(values: NDArray[np.floating[Any]], same: float) -> tuple[float, float]:
    """Return round ends (dark, bright) of a scale that starts where the images agree.

    The bright end is beyond the largest deviation, or beyond the 99.9th percentile where single
    pixels stand far out.
    """
    deviation = np.abs(values[np.isfinite(values)].astype(np.float64) - same)
    if deviation.size == 0 or deviation.max() == 0:
        return same, same + (-1.0 if same else 1.0)
    most, usual = float(deviation.max()), float(np.percentile(deviation, 99.9))
    span = _round_up(most if most <= 1.5 * usual or usual == 0 else usual)
    sign = -1.0 if same else 1.0  # similarity falls, errors rise
    return same, same + sign * span


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    step = next(s for s in _STEPS if s * power >= value * (1 - 1e-9))
    return step * power


def draw_map(found: ScoreMap, *, limits: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """Return the picture of a map with its title, scale and conditions.

    Parameters
    ----------
    found
        Of :func:`hdrmetrics.score_map`.
    limits
        Values at the dark and the bright end of the scale; give the same ones to compare
        pictures. Default: :func:`map_limits`. A map with a context is drawn over it by
        :func:`~hdrmetrics.maps.overlay.overlay_color`, whose scale is always the same; with limits
        it is drawn by itself.

    Returns
    -------
    ndarray
        ``(H', W', 3)`` uint8, larger than the map by its frame; one pixel of the map is one pixel
        of the picture, or a square of them where the map is small.
    """
    from PIL import Image, ImageDraw, ImageFont

    zoom = max(1, math.ceil(_SMALLEST_SIDE / max(found.values.shape)))
    height, width = (zoom * side for side in found.values.shape)
    tall = max(height, 5 * _LINE)
    scale = _scale(found, limits, tall)
    colours = scale.colours.repeat(zoom, axis=0).repeat(zoom, axis=1)

    try:
        font: Font = ImageFont.load_default(_TEXT)
    except ImportError:  # Pillow without FreeType has one small font
        font = ImageFont.load_default()
    total = max(_SMALLEST_WIDTH, width + 3 * _MARGIN + _BAR + _LABELS)
    room = total - 2 * _MARGIN
    head = [_fit(_title(found.score), font, room), _fit(_files(found.score), font, room)]
    foot = [
        *(part for line in scale.caption for part in _wrap(line, font, room, lines=2)),
        *_wrap(_conditions(found.score), font, room, lines=3),
    ]
    head = [line for line in head if line]
    top = _MARGIN + len(head) * _LINE + _MARGIN // 2
    bottom = top + tall + _MARGIN
    page = Image.new("RGB", (total, bottom + len(foot) * _LINE + _MARGIN // 2), _PAPER)
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(head):
        place = (_MARGIN, _MARGIN + index * _LINE)
        draw.text(place, line, font=font, fill=_FAINT if index else _INK)
    for index, line in enumerate(foot):
        draw.text((_MARGIN, bottom + index * _LINE), line, font=font, fill=_FAINT)
    page.paste(Image.fromarray(colours), (_MARGIN, top))
    _draw_scale(page, draw, font, (2 * _MARGIN + width, top), scale)
    return np.asarray(page, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class _Scale:
    """A map's pixels, their scale from the bright end to the dark one, and what to write there."""

    colours: NDArray[np.uint8]  # (H, W, 3)
    bar: NDArray[np.uint8]  # (its height, _BAR, 3)
    labels: list[str]  # evenly spaced, from the top
    caption: tuple[str, ...]


def _scale(found: ScoreMap, limits: tuple[float, float] | None, tall: int) -> _Scale:
    meaning = map_meaning(found)
    if found.context is not None and limits is None:
        return _steps_over_picture(found.values, found.context, meaning, tall)
    dark, bright = limits or map_limits(found.values, meaning.same)
    ramp = np.linspace(bright, dark, tall)[:, None].repeat(_BAR, axis=1)
    count = 5 if tall >= 5 * _LINE * 1.5 else 3
    labels = [f"{v:.4g}" for v in np.linspace(bright, dark, count)]
    if np.any((found.values - bright) / (bright - dark) > 1e-6):
        labels[0] = ("> " if bright > dark else "< ") + labels[0]
    quantity = with_unit(meaning.quantity, meaning.unit and f"in {meaning.unit}")
    caption = (f"Scale: {quantity}; bright = {meaning.bright}",)
    colours, bar = (false_color(values, dark, bright) for values in (found.values, ramp))
    return _Scale(colours, bar, labels, caption)


def _steps_over_picture(
    values: NDArray[np.floating[Any]],
    context: NDArray[np.floating[Any]],
    meaning: MapMeaning,
    tall: int,
) -> _Scale:
    colours = overlay_color(values, context)
    colours[np.isnan(values)] = _NOT_A_NUMBER
    ends = (0.0, *THRESHOLDS, 1.0)
    # Each step gets the same height, or the upper ones could not be told apart; across the bar
    # a colour runs from what it is in the dark of the picture to what it is in the light.
    place = np.linspace(len(ends) - 1, 0, tall)
    ramp = np.interp(place, range(len(ends)), ends)[:, None].repeat(_BAR, axis=1)
    bar = overlay_color(ramp, np.linspace(0, 1, _BAR)[None].repeat(tall, axis=0))
    shares = ", ".join(f"{t:.0%}: {_share(values, t)}" for t in THRESHOLDS)
    caption = (
        f"Scale: {meaning.quantity}, over the test picture; bright = {meaning.bright}",
        f"Share of the area at or above {shares}",
    )
    return _Scale(colours, bar, [f"{end:.0%}" for end in reversed(ends)], caption)


def _share(values: NDArray[np.floating[Any]], threshold: float) -> str:
    share = float(np.mean(values >= threshold))
    if share == 0:
        return "none"
    return "<0.1%" if share < 0.0005 else f"{share:.1%}"


def _draw_scale(
    page: PillowImage.Image,
    draw: ImageDraw.ImageDraw,
    font: Font,
    place: tuple[int, int],
    scale: _Scale,
) -> None:
    from PIL import Image

    (left, top), tall = place, len(scale.bar)
    page.paste(Image.fromarray(scale.bar), (left, top))
    draw.rectangle((left, top, left + _BAR - 1, top + tall - 1), outline=_INK)
    for index, text in enumerate(scale.labels):
        y = top + round(index / (len(scale.labels) - 1) * (tall - 1))
        draw.line((left + _BAR, y, left + _BAR + 4, y), fill=_INK)
        low, high = draw.textbbox((0, 0), text, font=font)[1::2]
        middle = min(max(y - (low + high) / 2, top - low), top + tall - high)
        draw.text((left + _BAR + 8, middle), text, font=font, fill=_INK)


def _title(score: Score) -> str:
    value = with_unit(format_value(score.value, score.unit, score.range), score.unit)
    direction = "higher" if score.higher_is_better else "lower"
    return f"{score.metric}: {value} ({direction} is better)"


def _files(score: Score) -> str:
    names = [Path(path).name for path in (score.test, score.reference) if path]
    return " against ".join(names)


def _conditions(score: Score) -> str:
    said = score.conditions
    calibration = said.get("calibration", {})
    display = calibration.get("display")
    parts = (
        f"Light: {calibration.get('rule') or calibration.get('kind', '')}",
        f"display {display['name']}" if display else "",
        f"region {said['region']}" if "region" in said else "",
        f"{said['ppd']:g} pixels per degree" if "ppd" in said else "",
        f"metric version {said.get('version', '?')}",
    )
    return "; ".join(part for part in parts if part)


def _fit(text: str, font: Font, room: float) -> str:
    text = ascii_only(text)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."


def _wrap(text: str, font: Font, room: float, lines: int) -> list[str]:
    wrapped: list[str] = []
    for word in ascii_only(text).split():
        longer = f"{wrapped[-1]} {word}" if wrapped else word
        if wrapped and font.getlength(longer) <= room:
            wrapped[-1] = longer
        else:
            wrapped.append(word)
    if len(wrapped) > lines:
        wrapped = [*wrapped[: lines - 1], " ".join(wrapped[lines - 1 :])]
    return [_fit(line, font, room) for line in wrapped]


def write_map(
    path: str | Path, found: ScoreMap, *, limits: tuple[float, float] | None = None
) -> None:
    """Write a map: as a picture to ``.png``, as plain numbers to ``.exr`` or ``.pfm``.

    Parameters
    ----------
    path
        The file; its suffix decides. A PNG carries the score and its conditions as JSON in the
        text field ``hdrmetrics``; EXR and PFM hold the local values in float32 at their own size.
    found
        Of :func:`hdrmetrics.score_map`.
    limits
        As for :func:`draw_map`; PNG only.

    Raises
    ------
    ImageWriteError
        If the file cannot be written or has another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".exr", ".pfm"):
        from hdrmetrics.io import write_image

        write_image(path, found.values, depth="float" if suffix == ".exr" else None)
        return
    if suffix != ".png":
        raise ImageWriteError(f"a map is written to .png, .exr or .pfm, not to {path.name!r}")
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_itxt("hdrmetrics", json.dumps(found.score.to_dict(), ensure_ascii=False))
    picture = Image.fromarray(draw_map(found, limits=limits))
    with replacing(path) as draft:
        picture.save(draft, format="PNG", pnginfo=text)
