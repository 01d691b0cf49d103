"""The kinds of steps that make a distorted frame of a reference frame, one after the other."""

from __future__ import annotations

import dataclasses
import functools
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from datasets.framing.calibration import HIGHEST
from datasets.framing.places import region
from datasets.item import Step
from hdrmetrics.assembly import best_exposure, capture
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.codecs import Codec, create_codec
from hdrmetrics.distort import create_distortion
from hdrmetrics.errors import DomainError, HdrMetricsWarning, OptionError, PixelValueError
from hdrmetrics.expand import expand
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import tonemap


@dataclass(frozen=True, slots=True)
class State:
    """A frame on its way from the reference to the test.

    Parameters
    ----------
    pixels
        ``(1, 3, h, w)``, cd/m² if ``domain`` is ``hdr``, display-encoded in [0, 1] if ``sdr``.
    domain
        See above.
    reference
        The reference frame, cd/m² or codes.
    peak
        Of the reference frame, cd/m².
    bits_per_pixel
        Of the last codec; NaN before one.
    codec_seconds
        Spent in codecs so far.
    """

    pixels: Tensor
    domain: PixelDomain
    reference: Tensor
    peak: float
    bits_per_pixel: float = float("nan")
    codec_seconds: float = 0.0


def run_steps(state: State, steps: tuple[Step, ...]) -> State:
    """Return the frame after the steps.

    Raises
    ------
    OptionError, DomainError
        For an unknown kind of step, or one that takes the other domain.
    HdrMetricsError
        Whatever a distortion, codec or operator raises.
    """
    for step in steps:
        if step.kind not in _KINDS:
            raise OptionError(f"unknown kind of step {step.kind!r}; there are {', '.join(_KINDS)}")
        state = _KINDS[step.kind](state, step)
        if not bool(torch.isfinite(state.pixels).all()):
            raise PixelValueError(f"{step.kind} {step.name} made NaN or infinite pixels".strip())
    return state


def _needs(state: State, step: Step, domain: PixelDomain) -> None:
    if state.domain != domain:
        raise DomainError(
            f"step {step.kind} {step.name} takes {domain} frames, not {state.domain}".strip()
        )


def _light(state: State, pixels: Tensor, **changes: Any) -> State:
    """Return the state with HDR pixels, kept to what PQ, PU21 and displays can tell."""
    return _replace(state, pixels.clamp(0.0, HIGHEST), "hdr", **changes)


def _replace(state: State, pixels: Tensor, domain: PixelDomain, **changes: Any) -> State:
    return dataclasses.replace(state, pixels=pixels.float(), domain=domain, **changes)


def _distort(state: State, step: Step) -> State:
    distortion = create_distortion(step.name, **step.settings)
    strength = 0.0 if step.strength is None else step.strength
    pixels = distortion(
        state.pixels,
        strength=strength,
        domain=state.domain,
        seed=step.seed,
    )
    return _light(state, pixels) if state.domain == "hdr" else _replace(state, pixels, "sdr")


@functools.lru_cache(maxsize=64)
def _codec(name: str, settings: tuple[tuple[str, Any], ...]) -> Codec:
    return create_codec(name, **dict(settings))


def _encode(state: State, step: Step) -> State:
    codec = _codec(step.name, tuple(sorted(step.settings.items())))
    _needs(state, step, codec.info.domain)
    start = time.perf_counter()
    coded = codec(state.pixels)
    spent = state.codec_seconds + time.perf_counter() - start
    changes = {"bits_per_pixel": coded.bits_per_pixel, "codec_seconds": spent}
    if state.domain == "hdr":
        return _light(state, coded.image, **changes)
    return _replace(state, coded.image, "sdr", **changes)


def _tonemap(state: State, step: Step) -> State:
    _needs(state, step, "hdr")
    return _replace(state, tonemap(state.pixels, step.name, **step.settings), "sdr")


def _capture(state: State, step: Step) -> State:
    """Photograph the frame: the exposure that shows most pixels well, shifted by some stops."""
    _needs(state, step, "hdr")
    settings = dict(step.settings)
    stops = float(settings.pop("stops", 0.0))
    noise = float(settings.pop("noise", 0.0))
    generator = torch.Generator().manual_seed(step.seed & (2**63 - 1))
    exposure = best_exposure(state.pixels) * 2.0**stops
    codes = capture(state.pixels, exposure, noise=noise, generator=generator, **settings)
    return _replace(state, codes, "sdr")


def _expand(state: State, step: Step) -> State:
    _needs(state, step, "sdr")
    settings = {"transfer": "srgb", "peak": state.peak, **step.settings}
    with warnings.catch_warnings():
        # Settings are drawn over all an operator takes, also where it says that it gives up.
        warnings.simplefilter("ignore", HdrMetricsWarning)
        return _light(state, expand(state.pixels, step.name, **settings))


def _match_scale(state: State, step: Step) -> State:
    """Bring an expanded frame to the scale of its reference; see :func:`matching_factor`."""
    _needs(state, step, "hdr")
    return _light(state, state.pixels * matching_factor(state.pixels, state.reference))


def matching_factor(test: Tensor, reference: Tensor) -> float:
    """Return the factor that gives ``test`` the mean log luminance of ``reference``.

    An inverse operator knows nothing of absolute light, so only the shape of what it made is
    judged: over the pixels whose reference luminance lies between its 5th and 95th percentiles
    (clipped lights and lost shadows have no say), the means of the logarithm are made equal.

    Parameters
    ----------
    test, reference
        Whole frames ``(1, C, h, w)``, linear light.

    Raises
    ------
    PixelValueError
        If no pixel is left to compare.
    """
    wanted, given = luminance(reference).flatten(), luminance(test).flatten()
    ordered = wanted.sort().values
    low, high = ordered[int(0.05 * (len(ordered) - 1))], ordered[int(0.95 * (len(ordered) - 1))]
    use = (wanted >= low) & (wanted <= high) & (wanted > 0) & (given > 0)
    if not bool(use.any()):
        raise PixelValueError("the frames share no lit pixel, so their scales cannot be compared")
    ratio = wanted[use].double().log().mean() - given[use].double().log().mean()
    return float(ratio.exp())


def _round(state: State, step: Step) -> State:
    """Round codes to a number of bits, as a file holds them."""
    _needs(state, step, "sdr")
    most = 2 ** int(step.settings.get("bits", 8)) - 1
    return _replace(state, torch.floor(state.pixels * most + 0.5) / most, "sdr")


def _fill(state: State, step: Step) -> State:
    """Paint the frame in one colour: ``black``, ``white`` or ``mean``, that of the reference."""
    colours = {"black": state.reference.amin(), "white": state.reference.amax()}
    colour = step.settings.get("colour", "mean")
    if colour == "mean":
        plain = state.reference.mean(dim=(-2, -1), keepdim=True)
    elif colour in colours:
        plain = colours[colour]
    else:
        raise OptionError(f"a colour is black, white or mean, not {colour!r}")
    return _replace(state, plain.expand_as(state.pixels).clone(), state.domain)


def _shift(state: State, step: Step) -> State:
    """Move the frame by some pixels in a drawn direction; what leaves comes in on the other side.

    A thing that moved between two exposures, or a tile put at the wrong place.
    """
    pixels = int(step.settings.get("pixels", 8))
    shifts = ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels))
    return _replace(state, state.pixels.roll(shifts[step.seed % 4], (-2, -1)), state.domain)


def _place(state: State, step: Step) -> State:
    """Keep what was done in one place of the frame, and the reference elsewhere."""
    size = state.pixels.shape[-2], state.pixels.shape[-1]
    inside = region(size, seed=step.seed, **step.settings)
    return _replace(
        state, state.reference.lerp(state.pixels, inside.to(state.pixels)), state.domain
    )


_KINDS: dict[str, Callable[[State, Step], State]] = {
    "distort": _distort,
    "codec": _encode,
    "tonemap": _tonemap,
    "capture": _capture,
    "expand": _expand,
    "match_scale": _match_scale,
    "round": _round,
    "fill": _fill,
    "shift": _shift,
    "place": _place,
}
