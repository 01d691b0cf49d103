"""The picture that travels through the package: pixels and what is known about their units."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.photometry.color import CHROMATICITIES, LUMINANCE_WEIGHTS, Primaries

if TYPE_CHECKING:
    import torch

CalibrationKind = Literal["absolute", "scaled", "relative", "display"]
"""How pixel values relate to light.

``absolute``
    Linear, in cd/m², because the file or the caller said so.
``scaled``
    Linear, in cd/m², after multiplication by a factor that the caller or a documented rule chose.
``relative``
    Linear, in unknown units: proportional to luminance, nothing more.
``display``
    Display-encoded code values in [0, 1]; a display model turns them into cd/m².
"""

Transfer = Literal["srgb", "bt1886", "gog", "pq", "hlg"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known about the unit of the pixels.

    Parameters
    ----------
    kind
        See :data:`CalibrationKind`.
    factor
        What the stored values were multiplied by to reach cd/m² (``scaled`` only).
    transfer
        The transfer function of display-encoded values (``display`` only).
    rule
        One sentence: who decided, and how.
    stated
        Whether ``factor`` is the unit of the stored values as someone stated it (``scale=``), not
        one found from the picture's own light (``peak=``): pictures of different stated units may
        be compared, pictures each made as bright as the other may not.
    """

    kind: CalibrationKind
    factor: float | None = None
    transfer: Transfer | None = None
    rule: str = ""
    stated: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(CalibrationKind):
            raise OptionError(
                f"a calibration kind is one of {', '.join(get_args(CalibrationKind))}; "
                f"not {self.kind!r}"
            )
        if self.transfer is not None and self.transfer not in get_args(Transfer):
            raise OptionError(
                f"a transfer function is one of {', '.join(get_args(Transfer))}; "
                f"not {self.transfer!r}"
            )
        if (self.transfer is not None) != (self.kind == "display"):
            raise OptionError("a transfer function goes with the calibration kind 'display', only")
        if (self.factor is not None) != (self.kind == "scaled"):
            raise OptionError("a factor goes with the calibration kind 'scaled', only")

    @property
    def linear(self) -> bool:
        """Whether values are proportional to luminance."""
        return self.kind != "display"

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as JSON-ready values, without the fields that are not set.

        Without ``stated``, too: the rule says it in words.
        """
        fields = dataclasses.asdict(self)
        del fields["stated"]
        return {k: v for k, v in fields.items() if v not in (None, "")}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where pixels came from, as read from the file.

    Parameters
    ----------
    path
        The file, or ``None`` for pixels made in memory.
    format
        Name of the file format: ``"exr"``, ``"hdr"``, ``"png"``, …
    depth
        Sample type in the file: ``"uint8"``, ``"uint10"``, ``"float16"``, ``"rgbe8"``, …
    primaries
        Primaries in the file, before any conversion, in words.
    details
        Anything else the reader learnt (part and layer names, exposure, compression).
    """

    path: str | None = None
    format: str = "memory"
    depth: str = ""
    primaries: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture with its units.

    Parameters
    ----------
    pixels
        Array ``(H, W, C)``, float32 or float64, C = 1 (luminance or grey) or 3 (RGB).
        Linear images are in cd/m² or relative to it; display-encoded ones are in [0, 1].
        A two-dimensional array is taken as one channel.
    calibration
        What the numbers mean.
    primaries
        Primaries of ``pixels``: linear images are BT.709 after reading.
    origin
        Where the pixels came from.
    notes
        What the reader changed or dropped, in sentences for the user.

    Raises
    ------
    ShapeError
        If ``pixels`` is not ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``, or holds no pixel.
    OptionError
        If the primaries are not known.
    """

    pixels: NDArray[np.floating[Any]]
    calibration: Calibration
    primaries: Primaries = "bt709"
    origin: Origin = field(default_factory=Origin)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.ndim == 2:
            pixels = pixels[..., None]
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.size == 0:
            raise ShapeError(
                f"an image is (H, W), (H, W, 1) or (H, W, 3) with at least one pixel, "
                f"not {np.shape(self.pixels)}"
            )
        if pixels.dtype not in (np.float32, np.float64):
            raise ShapeError(
                f"an image holds float32 or float64 pixels, not {pixels.dtype}: "
                "use hdrmetrics.as_image() for uint8 and uint16 arrays, and give others with "
                ".astype(numpy.float32)"
            )
        if self.primaries not in CHROMATICITIES:
            raise OptionError(
                f"primaries are one of {', '.join(CHROMATICITIES)}; not {self.primaries!r}"
            )
        object.__setattr__(self, "pixels", pixels)

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Number of channels, 1 or 3."""
        return int(self.pixels.shape[2])

    def luminance(self) -> NDArray[np.floating[Any]]:
        """Return the luminance ``(H, W)`` of a linear image, in the unit of its pixels.

        Raises
        ------
        OptionError
            If the image is display-encoded: a display model has to come first.
        """
        if not self.calibration.linear:
            raise OptionError(
                "luminance() needs linear pixels; apply a display model to this image first, as in "
                'get_display("srgb-100").forward(image.tensor())'
            )
        if self.channels == 1:
            return self.pixels[..., 0]
        weights = np.asarray(LUMINANCE_WEIGHTS[self.primaries], dtype=self.pixels.dtype)
        luminance: NDArray[np.floating[Any]] = self.pixels @ weights
        return luminance

    def tensor(
        self, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> torch.Tensor:
        """Return the pixels as a tensor ``(1, C, H, W)``, float32 unless ``dtype`` is given."""
        import torch

        return pixel_tensor(self).to(device=device, dtype=dtype or torch.float32)

    def scaled_by(self, factor: float, rule: str, *, stated: bool = False) -> Image:
        """Return the same picture in cd/m² after multiplication by ``factor``.

        Parameters
        ----------
        factor
            Positive, finite: cd/m² per unit of the present pixels.
        rule
            One sentence for the result: who chose the factor.
        stated
            Whether it is the unit of the pixels as someone stated it; see :class:`Calibration`.

        Raises
        ------
        OptionError
            If the factor is not positive and finite in the type of the pixels, or the image is
            display-encoded.
        """
        calibration = self.calibration_scaled_by(factor, rule, stated=stated)
        pixels = self.pixels * self.pixels.dtype.type(factor)
        return dataclasses.replace(self, pixels=pixels, calibration=calibration)

    def calibration_scaled_by(
        self, factor: float, rule: str, *, stated: bool = False
    ) -> Calibration:
        """Return the calibration that :meth:`scaled_by` gives, without touching the pixels."""
        with np.errstate(all="ignore"):  # what does not fit is refused in words
            typed = self.pixels.dtype.type(factor)
        if not (np.isfinite(typed) and typed > 0):
            raise OptionError(
                f"a luminance scale is a positive number that {self.pixels.dtype} holds, "
                f"not {factor!r}"
            )
        if not self.calibration.linear:
            raise OptionError(
                "display-encoded pixels cannot be scaled; use a display model, as in "
                'get_display("srgb-100").forward(image.tensor())'
            )
        total = float(factor) * (self.calibration.factor or 1.0)
        return Calibration("scaled", factor=total, rule=rule, stated=stated)

    def replace(self, **changes: Any) -> Image:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def pixel_tensor(image: Image) -> torch.Tensor:
    """Return the pixels as a tensor ``(1, C, H, W)`` of their own precision."""
    import torch

    array = np.ascontiguousarray(np.moveaxis(image.pixels, 2, 0)[None])
    # torch warns of memory that it could write to, and must not.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
