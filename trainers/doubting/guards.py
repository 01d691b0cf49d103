"""The guards of both kinds of pixels, fitted to real scenes and to what they may be taken for."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from datasets.framing.calibration import calibrate
from datasets.framing.frames import cut_frame, draw_frame, fits
from datasets.scenes.scene_files import FileScene
from hdrmetrics.distort import distort
from hdrmetrics.expand import get_expansion
from hdrmetrics.learned.fronts.pixels import Kind
from hdrmetrics.learned.guard import Guard, Rule
from hdrmetrics.learned.traits import Traits, measure
from hdrmetrics.photometry.transfer import srgb_decode
from hdrmetrics.tonemap import create_operator
from trainers.doubting import strange
from trainers.doubting.rules import fit_rule

REAL, DAMAGED, MADE, EMPTY, DRAWN, SCALE = "real", "damaged", "made", "empty", "drawn", "scale"
"""Kinds of pictures: scenes as the sets have them, damaged, brought over from the other kind of
pixels; and what the guard is to find. Those of the wrong kind are called as the suspicion is."""

RULES: dict[Kind, tuple[str, ...]] = {
    "light": ("drawn", "codes"),
    "code": ("drawn", "linear", "pq"),
}
"""In the order in which they are asked."""

LIGHT, EMPTY_PART = (25.0, 40_000.0), 0.9
"""cd/m² and part of cells: beyond what training pictures show."""

_FALSE = {"codes": 0.015, "drawn": 0.01, "linear": 0.03, "pq": 0.02}
_BLACK = 0.01  # cd/m² of a screen
_SIZES = (384, 512), (768, 1024)
_WIDENED, _RENDERED = "kovaleski-oliveira14", "reinhard02"
_DAMAGE = ("gaussian_noise", "gaussian_blur", "quantisation", "motion_blur")
_EVERY = 4  # photographs of which one is made empty, drawn and scaled, and damaged


class Seen(NamedTuple):
    """A picture that a guard is fitted to or judged by.

    Parameters
    ----------
    pixels, kind, detail
        What its pixels are, of which kind it is, and what was done.
    traits
        Measured.
    group, split
        Of its scene.
    """

    pixels: Kind
    kind: str
    detail: str
    traits: Traits
    group: str
    split: str


def fit_guards(seen: Sequence[Seen]) -> dict[Kind, Guard]:
    """Return the guards from pictures of training and validation scenes."""
    found: dict[Kind, Guard] = {}
    parts: dict[tuple[Kind, str], list[Traits]] = defaultdict(list)
    for one in seen:
        if one.split != "test":
            parts[one.pixels, one.kind].append(one.traits)
    for pixels, names in RULES.items():
        real = [each for kind in (REAL, DAMAGED, MADE) for each in parts[pixels, kind]]
        rules: dict[str, Rule] = {
            name: fit_rule(parts[pixels, name], real, false_alarms=_FALSE[name]) for name in names
        }
        low, high = LIGHT if pixels == "light" else (0.0, 1e6)
        found[pixels] = Guard(low, high, EMPTY_PART, rules)
    return found


@torch.no_grad()
def look_at(scenes: Sequence[FileScene]) -> Iterator[Seen]:
    """Yield pictures of scenes: as they are, damaged, and as what the guard is to find."""
    for index, scene in enumerate(scenes):
        pixels = scene.load()
        size = (pixels.shape[-2], pixels.shape[-1])
        if not fits(size, scene.panorama):
            continue
        rng = np.random.default_rng(zlib.crc32(scene.name.encode()))
        frame = draw_frame(size, scene.panorama, rng, frame_size=_SIZES[index % 3 == 0])
        cut = cut_frame(pixels, frame, panorama=scene.panorama, kind=scene.kind)
        views = _of_light(cut, rng, index) if scene.kind == "hdr" else _of_codes(cut, rng, index)
        for kind, what, detail, picture in views:
            yield Seen(kind, what, detail, measure(picture, kind), scene.group, scene.split)


_View = tuple[Kind, str, str, Tensor]


def _of_codes(cut: Tensor, rng: np.random.Generator, index: int) -> Iterator[_View]:
    yield "code", REAL, "photograph", cut
    yield "code", REAL, "photograph of 8 bits", (cut * 255).round() / 255
    for detail, picture in strange.misread_photograph(cut, rng):
        yield "code", "pq" if "PQ" in detail else "linear", detail, picture
    for detail, picture in strange.misread_as_light(cut, rng):
        yield "light", "codes", detail, picture
    light = get_expansion(_WIDENED)(cut[None], peak=1000.0)[0]
    yield "light", MADE, "photograph made HDR", calibrate(light, strange.draw(rng, *strange.PEAKS))
    if index % _EVERY == 0:
        name = _DAMAGE[index // _EVERY % len(_DAMAGE)]
        worse = distort(cut[None], name, strength=rng.uniform(0.1, 0.9), domain="sdr", seed=index)
        yield "code", DAMAGED, name, worse[0].clamp(0, 1)
        for what, found in (
            (EMPTY, strange.empty(cut, rng)),
            (DRAWN, strange.drawn(cut.shape[-2], cut.shape[-1], rng)),
        ):
            for detail, picture in found:
                yield "code", what, detail, picture
                shown = srgb_decode(picture) * strange.draw(rng, *strange.PEAKS) + _BLACK
                yield "light", what, detail, shown


def _of_light(cut: Tensor, rng: np.random.Generator, index: int) -> Iterator[_View]:
    for _ in range(2):
        light = calibrate(cut, strange.draw(rng, *strange.PEAKS))
        yield "light", REAL, "HDR scene", light
    name = _DAMAGE[index % len(_DAMAGE)]
    worse = distort(light[None], name, strength=rng.uniform(0.1, 0.9), domain="hdr", seed=index)
    yield "light", DAMAGED, name, worse[0]
    one = calibrate(cut, 1000.0)
    for detail, picture in strange.misread_as_codes(one, rng):
        yield "code", "pq" if "PQ" in detail else "linear", detail, picture
    rendered = create_operator(_RENDERED)(one[None])[0].clamp(0, 1)
    yield "code", MADE, "HDR scene tone-mapped", rendered
    for detail, picture in strange.wrong_scale(one / 1000, rng):
        yield "light", SCALE, detail, picture
    for detail, picture in strange.empty((one / 1000).clamp(0, 1), rng):
        yield "light", EMPTY, detail, picture * strange.draw(rng, *strange.PEAKS) + _BLACK
