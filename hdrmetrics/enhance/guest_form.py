"""What a net wants pictures to be like, and which part of its answer is the picture."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.enhance.checking import as_pixels
from hdrmetrics.enhance.tiles import in_tiles
from hdrmetrics.errors import (
    DomainError,
    EnhancerError,
    PixelValueError,
    PixelValueWarning,
    ShapeError,
)

UNIT, SIGNED = "0..1", "-1..1"
SDR, HDR = "sdr", "hdr"

GUEST_PARAMETERS = (
    Parameter("multiple", 1, (1, 1024), "px", "sides are padded to multiples of it", "integer"),
    Parameter("values", UNIT, None, "", "what black and white are to it, in and out (of SDR)",
              "choice", (UNIT, SIGNED)),
    Parameter("channels", "rgb", None, "", "their order", "choice", ("rgb", "bgr")),
    Parameter("pick", None, None, "", "which of several outputs: a number from 0, or a key", "any",
              automatic="the only one"),
    Parameter("tile", 0, (0, 32768), "px", "side of the tiles that large pictures are worked on "
              "in; 0 for whole pictures", "integer"),
    Parameter("margin", 32, (0, 4096), "px", "what is seen around a tile to each side", "integer"),
    Parameter("output", SDR, None, "", "what it returns: code values, or light", "choice",
              (SDR, HDR)),
)  # fmt: skip
"""The settings of a guest; those of :func:`hdrmetrics.enhance.from_module`."""

_FAR, _CUT = 1.0, 0.05  # how far a code may lie outside [0, 1]; what clipping may take on average
_ROUNDING = 1e-3
_DARK = 1e-3  # of the brightest: light below zero that is rounding


@dataclass(frozen=True, slots=True)
class GuestForm:
    """How pictures are handed to a guest.

    Parameters
    ----------
    multiple, values, channels, pick, tile, margin, output
        As :data:`GUEST_PARAMETERS` says.
    """

    multiple: int = 1
    values: str = UNIT
    channels: str = "rgb"
    pick: int | str | None = None
    tile: int = 0
    margin: int = 32
    output: str = SDR

    @classmethod
    def of(cls, name: str, settings: Mapping[str, Any]) -> GuestForm:
        """Return the form that some settings stand for.

        Raises
        ------
        OptionError
            If a setting is unknown or cannot be.
        """
        return cls(**resolve(name, GUEST_PARAMETERS, settings))

    def settings(self) -> dict[str, Any]:
        """Return all settings by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def codes(self, guest: Callable[[Tensor], Any], image: Tensor, name: str) -> Tensor:
        """Return what a guest that makes code values makes of a picture ``(1, 3, H, W)``.

        Values just outside [0, 1] are clipped, as everybody does who saves a picture.

        Warns
        -----
        PixelValueWarning
            If they are.

        Raises
        ------
        EnhancerError
            If it fails or returns no picture.
        ShapeError, PixelValueError, DomainError
            If it returns another size, NaN, or values that are no codes.
        """
        found = self._answer(guest, image, name)
        found = (found + 1) / 2 if self.values == SIGNED else found
        low, high = _range(found, name)
        cut = float((found - found.clamp(0, 1)).abs().mean())
        if low < -_FAR or high > 1 + _FAR or cut > _CUT:
            raise DomainError(
                f"{name} returned values from {low:.4g} to {high:.4g} where black is 0 and white "
                f"1: say values={SIGNED} of a net of that range, output={HDR} of one that returns "
                "light, and divide 8-bit values by 255 in it"
            )
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            # Without numbers, so that it is told once of many pictures.
            warnings.warn(
                f"{name} returned values outside [0, 1], which were clipped",
                PixelValueWarning,
                stacklevel=2,
            )
        return found.clamp(0.0, 1.0)

    def light(
        self, guest: Callable[[Tensor], Any], image: Tensor, name: str, peak: float
    ) -> Tensor:
        """Return the light in cd/m² that a guest makes of a picture ``(1, 3, H, W)``.

        Parameters
        ----------
        guest, image, name
            As for :meth:`codes`.
        peak
            Luminance in cd/m² that the value 1 of its answer stands for.

        Raises
        ------
        EnhancerError, ShapeError, PixelValueError
            As :meth:`codes`; also for light below zero.
        """
        found = self._answer(guest, image, name)
        low, high = _range(found, name)
        if low < -_DARK * max(high, 0.0):
            raise PixelValueError(
                f"{name} returned light below zero ({low:.4g}, where the brightest is {high:.4g}): "
                "a guest whose output is hdr returns linear light; decode logarithms in it"
            )
        return found.clamp(min=0.0) * peak

    def _answer(self, guest: Callable[[Tensor], Any], image: Tensor, name: str) -> Tensor:
        def once(part: Tensor) -> Tensor:
            return self._padded(guest, part, name)

        if not self.tile:
            return once(image)
        return in_tiles(
            once, image, margin=self.margin, multiple=self.multiple, side=self.tile
        )  # fmt: skip

    def _padded(self, guest: Callable[[Tensor], Any], part: Tensor, name: str) -> Tensor:
        height, width = part.shape[-2:]
        given = part.flip(1) if self.channels == "bgr" else part.clone()
        given = 2 * given - 1 if self.values == SIGNED else given
        sides = (0, -width % self.multiple, 0, -height % self.multiple)
        if any(sides):
            given = F.pad(given, sides, mode="replicate")
        wanted = given.shape
        found = self._picked(_called(guest, given.contiguous(), name), name)
        if found.shape != wanted:
            raise ShapeError(
                f"{name} made {tuple(found.shape)} of {tuple(wanted)}: an enhancer keeps the size"
                + ("" if self.multiple > 1 else "; if it needs sides of a multiple, say multiple=8")
            )
        found = found.detach().to(part.device, torch.float32)[..., :height, :width]
        return found.flip(1) if self.channels == "bgr" else found

    def _picked(self, found: Any, name: str) -> Tensor:
        if isinstance(found, (tuple, list, Mapping)):
            found = _one_of(found, self.pick, name)
        elif self.pick is not None:
            raise EnhancerError(f"{name} returned one picture: there is nothing to pick from")
        return as_pixels(found, name)


def _called(guest: Callable[[Tensor], Any], given: Tensor, name: str) -> Any:
    try:
        return guest(given)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise EnhancerError(
            f"{name} ran out of memory with {tuple(given.shape)}: work in tiles (tile=1024)"
        ) from error
    except (Exception, SystemExit) as error:  # whatever it is, it is the guest's
        size = f"{given.shape[-1]}×{given.shape[-2]} pixels"
        raise EnhancerError(f"{name} failed on {size}: {error!r}") from error


def _one_of(found: Any, pick: int | str | None, name: str) -> Any:
    keys = list(found) if isinstance(found, Mapping) else list(range(len(found)))
    if pick is None and len(keys) == 1:
        pick = keys[0]
    if pick not in keys or isinstance(pick, bool):
        what = "say which is the picture" if pick is None else f"there is no {pick!r}"
        raise EnhancerError(
            f"{name} returned {len(keys)} things ({', '.join(map(str, keys)) or 'none'}): {what}, "
            "as pick=" + (str(keys[0]) if keys else "0")
        )
    return found[pick]


def _range(found: Tensor, name: str) -> tuple[float, float]:
    low, high = (float(one) for one in torch.aminmax(found))
    if not bool(found.isfinite().all()):
        raise PixelValueError(f"{name} returned values that are NaN or infinite")
    return low, high
