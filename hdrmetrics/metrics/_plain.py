"""What the plain functions have in common: how images are checked before a formula sees them."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from hdrmetrics.errors import CalibrationWarning, DomainError, OptionError
from hdrmetrics.numerics.recording import visible
from hdrmetrics.picture.pixels import (
    as_batch,
    called,
    check_light,
    check_mask,
    check_pair,
    value_range,
)

Compare = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""``compare(test, reference, mask)`` on batches that were checked."""

EIGHT_BIT_WHITES = (255.0, 256.0)
_LEAST, _MOST = -0.5, 2.5
"""What codes may span, in data ranges: overshoots of filters and noise, and PU21 up to 10 000 cd/m²
(596 of 256)."""


def eight_bit_scale(data_range: float) -> float:
    """Return the factor that brings codes to the 8-bit scale, for which constants were made.

    1 for a white of 255, and for the 256 of PU21, whose authors feed its values to 8-bit metrics
    as they are.
    """
    return 1.0 if data_range in EIGHT_BIT_WHITES else EIGHT_BIT_WHITES[0] / data_range


def on_codes(
    compare: Compare,
    test: Tensor,
    reference: Tensor,
    *,
    data_range: float,
    mask: Tensor | None,
) -> Tensor:
    """Return ``compare`` of two images of codes, autocast off.

    Raises
    ------
    ShapeError, PixelValueError, OptionError
        For shapes that are no images or differ, NaN or infinity, a range or mask that cannot be.
    DomainError
        If the values cannot be codes of which ``data_range`` is white.
    """
    check_data_range(data_range)
    batch, other = as_batch(test, "test"), as_batch(reference, "reference")
    check_pair(batch.shape, other.shape)
    spans = [value_range(batch, "test"), value_range(other, "reference")]
    for span, role in zip(spans, ("test", "reference"), strict=True):
        check_code_range(span, data_range, role)
    _warn_of_small(spans, (batch, other), data_range)
    with torch.autocast(batch.device.type, enabled=False):
        return compare(batch, other.to(batch.dtype), check_mask(mask, batch))


def codes_alone(image: Tensor, *, data_range: float) -> Tensor:
    """Return an image of codes without a reference as a batch; errors as for :func:`on_codes`."""
    check_data_range(data_range)
    batch = as_batch(image)
    span = value_range(batch)
    check_code_range(span, data_range, "image")
    _warn_of_small([span], (batch,), data_range)
    return batch


def on_light(
    compare: Compare, test: Tensor, reference: Tensor, *, mask: Tensor | None = None
) -> Tensor:
    """Return ``compare`` of two images of light, autocast off.

    Raises
    ------
    ShapeError, PixelValueError, OptionError
        For shapes that are no images or differ, NaN, infinity or negative light, and a mask that
        cannot be.
    """
    batch, other = as_batch(test, "test"), as_batch(reference, "reference")
    check_pair(batch.shape, other.shape)
    for image, role in ((batch, "test"), (other, "reference")):
        check_light(image, role)
    with torch.autocast(batch.device.type, enabled=False):
        return compare(batch, other.to(batch.dtype), check_mask(mask, batch))


def check_data_range(data_range: float) -> None:
    """Raise :class:`OptionError` unless the code of white is a positive number."""
    if not (isinstance(data_range, numbers.Real) and 0 < data_range < math.inf):
        raise OptionError(f"data_range must be positive, not {data_range}")


def check_code_range(span: tuple[float, float] | None, data_range: float, role: str) -> None:
    """Raise :class:`DomainError` if values cannot be codes of which ``data_range`` is white.

    Parameters
    ----------
    span
        Their smallest and largest value, where they are known.
    data_range
        Code of white.
    role
        Which image, for the message: ``"test"``, ``"reference"`` or ``"image"``.
    """
    if span is None:
        return
    low, high = span[0] / data_range, span[1] / data_range
    if low >= _LEAST and high <= _MOST:
        return
    raise DomainError(
        f"{called(role)} spans {span[0]:.4g} to {span[1]:.4g}, which are no codes with a white "
        f"of {data_range:g}: {_advice(*span, data_range)}"
    )


def _advice(low: float, high: float, data_range: float) -> str:
    if low < _LEAST * data_range:
        if low >= -1.001 and high <= 1.001:
            return "for values in [-1, 1] give (x + 1) / 2"
        return "codes start at 0; clamp or shift them first"
    if high <= 255:
        return "these look like 8-bit values: give data_range=255"
    if high <= _MOST * 256:
        return "for 8-bit values give data_range=255, for PU21 data_range=256"
    if high <= 65535:
        return (
            "for 10, 12 or 16-bit values give data_range=1023, 4095 or 65535; light in cd/m² is "
            "encoded first, as in pu21_encode(x) with data_range=256"
        )
    return "light in cd/m² is encoded first, as in pu21_encode(x) with data_range=256"


def _warn_of_small(
    spans: list[tuple[float, float] | None], images: tuple[Tensor, ...], data_range: float
) -> None:
    """Warn of codes in [0, 1] with an 8-bit range: so dark a picture has no detail between codes.

    Whole numbers, and what is all but black, may be such a picture.
    """
    if data_range < 100 or any(s is None or s[1] > 1 for s in spans):
        return
    if max(s[1] for s in spans if s is not None) <= 0.1:
        return
    for image in images:
        values = visible(image)
        if values is not None and bool((values != values.round()).double().mean() > 0.5):
            warnings.warn(
                f"no pixel is above 1, with a white of {data_range:g} that is next to black: for "
                "codes in [0, 1] leave data_range=1.0",
                CalibrationWarning,
                stacklevel=4,
            )
            return
