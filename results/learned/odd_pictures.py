"""Twenty-four pictures that scores without a reference find hard, and how they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from datasets.framing.calibration import calibrate
from datasets.scenes.scene import Scene, room
from datasets.scenes.scene_files import find_scenes
from datasets.scenes.screens import screen_scenes
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter

PEAK = 1000.0
_SCREENS = 300  # the made ones are among so many

_OPEN = ("CC0", "public domain", "Unsplash", "BSD", "Kodak")

Change = Callable[[Tensor], Tensor]


def letterboxed(picture: Tensor) -> Tensor:
    """Return a picture cut to 2.39:1, with black bars in place of what was cut."""
    height, width = picture.shape[-2:]
    bar = max(0, (height - round(width / 2.39)) // 2)
    inner = picture[..., bar : height - bar, :]
    return pad(inner, (0, 0, bar, bar))


def passe_partout(picture: Tensor) -> Tensor:
    """Return a picture in a white frame, wider below."""
    return pad(picture, (40, 40, 40, 110), value=1.0)


def surrounded(picture: Tensor) -> Tensor:
    """Return an upright picture before a wide, blurred, darker copy of itself, as on television."""
    height, width = picture.shape[-2:]
    wide = round(height * 16 / 9)
    rows = round(width * 9 / 16)
    top = (height - rows) // 2
    copy = interpolate(picture[..., top : top + rows, :], size=(height, wide), mode="bilinear")
    copy = 0.6 * separable_filter(copy, gaussian_taps(97, 16.0), border="replicate")
    left = (wide - width) // 2
    copy[..., left : left + width] = picture
    return copy


def upper(picture: Tensor) -> Tensor:
    """Return the upper part of a picture: mostly sky."""
    return picture[..., : max(256, round(0.6 * picture.shape[-2])), :]


@dataclass(frozen=True, slots=True)
class Odd:
    """One of the pictures.

    Parameters
    ----------
    what
        What is odd about it.
    scene
        Its name in the folder, or of a screen that is drawn.
    change
        What is done to it before it counts as untouched.
    """

    what: str
    scene: str
    change: Change | None = None


PICTURES: Sequence[Odd] = (
    Odd("black background", "deepin_kyaw_tun_k6bhlfw_jug"),
    Odd("black background", "pop_nasa_45068"),
    Odd("night, from above", "pop_nasa_53884"),
    Odd("night, neon letters", "tylor_hdr_art"),
    Odd("dark, a few lights", "tylor_hdr_keyboard"),
    Odd("snow", "feeling_gallery_example_8"),
    Odd("fog", "worksuite_clay_banks_u27rrbs9dwc"),
    Odd("macro, blurred background", "gb82_bulb"),
    Odd("macro, blurred background", "mate_twowings"),
    Odd("soft, under water", "deepin_willian_justen_de_vasconcellos_askgjaeiy"),
    Odd("near-empty sky", "elementary_viktor_forgacs"),
    Odd("white background", "gb82_girl"),
    Odd("thin lines on white", "pop_sebastien_gabriel_232361"),
    Odd("letterbox", "kodak_23", letterboxed),
    Odd("white frame", "kodak_21", passe_partout),
    Odd("blurred surround", "kodak_18", surrounded),
    Odd("page of text", "screen_text_0120"),
    Odd("screenshot", "screen_desktop_0051"),
    Odd("plot on black", "screen_plot_0062"),
    Odd("logo, near empty", "screen_logo_0109"),
    Odd("rendered graphics", "screen_solids_0205"),
    Odd("light: fog", "openexr_Fog"),
    Odd("light: candle, dark background", "openexr_CandleGlass"),
    Odd("light: sky at night", "moonless_golf", upper),
)
"""All but ``pop_sebastien_gabriel_232361`` are of the test split."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with its pixels.

    Parameters
    ----------
    odd, scene
        Where it comes from.
    pixels
        ``(1, 3, h, w)``, cd/m² or codes.
    """

    odd: Odd
    scene: Scene
    pixels: Tensor

    @property
    def domain(self) -> PixelDomain:
        """Whether it is light or codes."""
        return "hdr" if self.scene.kind == "hdr" else "sdr"

    @property
    def may_be_shown(self) -> bool:
        """Whether its licence lets a thumbnail be printed without more."""
        return is_open(self.scene.licence)


def is_open(licence: str) -> bool:
    """Return whether a licence lets a picture be printed without more."""
    return any(name in licence for name in _OPEN)


def load(folder: Path, pictures: Sequence[Odd] = PICTURES) -> Iterator[Shown]:
    """Yield the pictures.

    Raises
    ------
    OptionError
        If one is neither in the folder nor drawn.
    """
    made: Mapping[str, Scene] = {scene.name: scene for scene in screen_scenes(_SCREENS)}
    found: Mapping[str, Scene] = {scene.name: scene for scene in find_scenes(folder)}
    for odd in pictures:
        scene = made.get(odd.scene) or found.get(odd.scene)
        if scene is None:
            raise OptionError(f"there is no scene {odd.scene!r} in {str(folder)!r}")
        pixels = scene.load()
        if scene.panorama:
            top, height, width = room((pixels.shape[-2], pixels.shape[-1]), True)
            left = (width - 3 * height // 2) // 2
            pixels = pixels[:, top : top + height, left : left + 3 * height // 2]
        if scene.kind == "hdr":
            pixels = calibrate(pixels, PEAK).clamp(min=1e-3)
        picture = pixels[None] if odd.change is None else odd.change(pixels[None])
        yield Shown(odd, scene, torch.clone(picture, memory_format=torch.contiguous_format))
