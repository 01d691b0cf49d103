"""What a score depends on besides the pictures and the metric, said once for every call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.sources import Source
from hdrmetrics.photometry.display import Display
from hdrmetrics.picture.units import Units

Region = tuple[int, int, int, int]
"""(x, y, width, height) in pixels from the top left corner."""


class Viewing(TypedDict, total=False):
    """How pictures are meant and where they are scored: keywords of every function that scores.

    Parameters
    ----------
    peak, scale
        For linear HDR files, which do not carry cd/m²: what the reference's brightest luminance
        is, or what a pixel value of 1 is, in cd/m². Default: the reference's 99.9th percentile of
        luminance is 1000 cd/m². Two such files get the same factor. Files whose light is known
        (PQ, HLG and SDR files by their display, EXR with ``whiteLuminance``, floats in memory,
        images read with ``scale=``) are taken as they are.
    display
        Display of display-encoded images, by name, file or model; for linear images the screen
        that shows them.
    test_peak, test_scale, reference_peak, reference_scale
        As ``peak`` and ``scale``, for one of the two, where their units differ.
    mask
        Weights in [0, 1], one per pixel: a file, an array or a tensor.
    region
        ``(x, y, width, height)``: score only this part. Calibration still sees the whole image.
    device
        Where to compute.
    """

    peak: float | None
    scale: float | None
    display: str | Path | Display | None
    test_peak: float | None
    test_scale: float | None
    reference_peak: float | None
    reference_scale: float | None
    mask: Source | None
    region: Region | None
    device: torch.device | str | None


@dataclass(frozen=True)
class Setting:
    """A :class:`Viewing` that was checked.

    Parameters
    ----------
    units
        How pixels relate to light.
    mask, region, device
        As in :class:`Viewing`.
    dtype
        In what precision to compute.
    """

    units: Units
    mask: Source | None = None
    region: Region | None = None
    device: torch.device | str | None = None
    dtype: torch.dtype = torch.float32

    @classmethod
    def of(
        cls,
        given: Mapping[str, Any],
        *,
        paired: bool,
        lenient: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> Setting:
        """Return the setting of keywords.

        Parameters
        ----------
        given
            A :class:`Viewing`.
        paired
            Whether there is a reference that something may be said of.
        lenient
            Whether a factor that concerns no picture is a warning only.
        dtype
            In what precision to compute.

        Raises
        ------
        OptionError
            For keywords that are not known, exclude each other, have values that cannot be, or are
            of a reference that is not there.
        """
        unknown = sorted(set(given) - Viewing.__optional_keys__)
        if unknown:
            raise OptionError(f"there is no setting {', '.join(unknown)}")
        places = {key: given[key] for key in ("mask", "region", "device") if key in given}
        units = Units(**{k: v for k, v in given.items() if k not in places}, lenient=lenient)
        about = None if paired else units.own("reference")
        if about is not None:
            raise OptionError(f"{about.option}= is of a reference, and there is none: leave it out")
        return cls(units, **places, dtype=dtype)


def separated(keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the :class:`Viewing` among keywords, and what is left: options of a metric."""
    viewing = {k: v for k, v in keywords.items() if k in Viewing.__optional_keys__}
    return viewing, {k: v for k, v in keywords.items() if k not in viewing}


def spelt_out(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function that takes ``**settings``, a :class:`Viewing` among them.

    So ``help`` and editors show each keyword; what else there is are options of the metric.
    """
    own = [
        one for one in inspect.signature(function).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    ]  # fmt: skip
    keyword = inspect.Parameter.KEYWORD_ONLY
    viewing = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation)
        for name, annotation in Viewing.__annotations__.items()
    ]
    options = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD, annotation="Any")
    return inspect.signature(function).replace(parameters=[*own, *viewing, options])
