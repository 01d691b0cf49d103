"""From images to calibrated tensors for a metric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import PixelValueError, ShapeError
from hdrmetrics.jobs.sources import Source as Source
from hdrmetrics.jobs.sources import as_image as as_image
from hdrmetrics.picture.calibration import Pair, Ready
from hdrmetrics.picture.codes import codes_of
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import light_of
from hdrmetrics.picture.units import Role
from hdrmetrics.picture.units import Units as Units


@dataclass(frozen=True)
class Inputs:
    """Tensors ready for a metric, and what was done to get them.

    Parameters
    ----------
    test, reference
        ``(1, C, H, W)`` in the unit of the metric's domain; no reference for some.
    conditions
        What the values depend on, JSON-ready.
    warnings
        What looks wrong.
    """

    test: Tensor
    reference: Tensor | None
    conditions: dict[str, Any]
    warnings: tuple[str, ...]


def prepare_inputs(
    test: Image,
    reference: Image | None,
    domain: Domain,
    units: Units,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Inputs:
    """Bring test and reference to the unit of a metric's domain.

    Two relative (uncalibrated) HDR images get the same factor, chosen on the reference; without
    ``peak``, ``scale`` or ``display`` its 99.9th percentile of luminance becomes 1000 cd/m². A
    relative one beside one of known light needs a factor from the caller; see
    :func:`hdrmetrics.picture.calibration.factors_of`. SDR images of two codings are compared in the
    reference's.

    Raises
    ------
    DomainError
        If an image is of another domain, or the two do not relate to light in the same way.
    PixelValueError
        For NaN or infinity, or a black image where a factor has to be found.
    ShapeError
        If the sizes or channels differ.
    OptionError
        For ``peak`` or ``scale`` that concern no image.
    """
    pair: dict[Role, Image] = {"test": test}
    if reference is not None:
        pair["reference"] = reference
    for role, image in pair.items():
        _check_finite(image, role)
    if reference is not None and test.pixels.shape != reference.pixels.shape:
        raise ShapeError(
            f"test and reference differ: {test.width}×{test.height} pixels with {test.channels} "
            f"channel(s), {reference.width}×{reference.height} with {reference.channels}"
        )
    if domain == "tonemapped":
        ready = _tonemapped(pair, units)
    else:
        ready = codes_of(pair, units) if domain == "sdr" else light_of(pair, units)
    moved = {role: value.to(device=device, dtype=dtype) for role, value in ready.tensors.items()}
    notes = [f"{role}: {note}" for role, image in pair.items() for note in image.notes]
    conditions = {"size": [test.width, test.height], "calibration": ready.record}
    conditions |= _reduced(pair)
    return Inputs(moved["test"], moved.get("reference"), conditions, (*notes, *ready.warnings))


def _reduced(pair: Pair) -> dict[str, str]:
    """Return at which part of its size a picture was decoded, where that is not all of it."""
    found = {role: image.origin.details.get("decoded_at") for role, image in pair.items()}
    names: dict[Role, str] = {"test": "decoded_at", "reference": "reference_decoded_at"}
    return {names[role]: scale for role, scale in found.items() if scale}


def _tonemapped(pair: Pair, units: Units) -> Ready:
    warnings: list[str] = []
    given = units.own("test")
    if given is not None:
        units.refuse(given, "the test image is a tone-mapped one", warnings)
    codes = codes_of({"test": pair["test"]}, Units())
    if "reference" not in pair:
        return Ready(codes.tensors, codes.record, warnings)
    light = light_of({"reference": pair["reference"]}, units)
    warnings += light.warnings
    if pair["reference"].calibration.transfer not in (None, "pq", "hlg"):
        warnings.append(
            "reference: it is a display-encoded SDR image; a tone-mapped image is compared "
            "with the HDR image that it was made from"
        )
    return Ready(codes.tensors | light.tensors, light.record, warnings)


def _extremes(image: Image) -> tuple[float, float]:
    planes = np.moveaxis(image.pixels, 2, 0)
    if planes.flags.c_contiguous and planes.flags.writeable:
        low, high = torch.aminmax(torch.from_numpy(planes))  # both in one pass
        return float(low), float(high)
    with np.errstate(invalid="ignore"):
        return float(planes.min()), float(planes.max())


def _check_finite(image: Image, role: Role) -> None:
    # The extremes are infinite or NaN where any pixel is, and need no mask of the whole picture.
    if all(map(math.isfinite, _extremes(image))):
        return
    bad = int(image.pixels.size - np.count_nonzero(np.isfinite(image.pixels)))
    raise PixelValueError(
        f"the {role} image has {bad} pixel values that are NaN or infinite; "
        "give them values, as numpy.nan_to_num does, and save the picture again (a mask or region "
        "does not leave them out)"
    )
