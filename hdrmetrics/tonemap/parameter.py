"""The settings of tone-mapping operators: numbers, or tensors with one value per image."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError, ShapeError

Value = float | Tensor
"""A setting: a number for all images, or a tensor with one value (``()``) or one per image."""

Values = dict[str, Tensor]
"""Settings as tensors ``(N, 1, 1, 1)`` or ``(1, 1, 1, 1)``; those left to the image are absent."""


def setting(
    name: str,
    default: float | None,
    low: float,
    high: float,
    unit: str,
    meaning: str,
    automatic: str = "",
    *,
    search: tuple[float, float] | None = None,
) -> Parameter:
    """Return the description of a real number between ``low`` and ``high``.

    Raises
    ------
    OptionError
        If there is neither a default nor a rule that derives one, or there are both.
    """
    if (default is None) != bool(automatic):
        raise OptionError(f"{name}: say how it is derived where there is no default, only")
    return Parameter(name, default, (low, high), unit, meaning, search=search, automatic=automatic)


PEAK = setting("peak", 100.0, 1.0, 1e4, "cd/m²", "the display's peak")
WORLD = setting(
    "world", None, 1e-6, 1e8, "cd/m²", "L_wa: eye's adaptation to the scene",
    "the log mean of the luminance",
)  # fmt: skip


def as_values(settings: Mapping[str, Value | None], image: Tensor) -> Values:
    """Return the settings that have a value as tensors that broadcast with ``(N, C, H, W)``.

    Raises
    ------
    ShapeError
        If a tensor holds neither one value nor one per image.
    """
    found: Values = {}
    for name, value in settings.items():
        if value is None:
            continue
        if not isinstance(value, Tensor):
            found[name] = image.new_full((1, 1, 1, 1), float(value))
            continue
        if value.ndim > 1 and value.numel() != value.shape[0]:
            raise ShapeError(f"{name} has one value per image, (N,), not {tuple(value.shape)}")
        if value.numel() not in (1, image.shape[0]):
            raise ShapeError(f"{value.numel()} values of {name} for {image.shape[0]} images")
        found[name] = value.to(image).reshape(-1, 1, 1, 1)
    return found
