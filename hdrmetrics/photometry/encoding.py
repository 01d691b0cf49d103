"""Encodings: how light becomes the code values that SDR metrics expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.recording import visible
from hdrmetrics.photometry import transfer


@dataclass(frozen=True)
class Encoding:
    """Base of the encodings.

    Attributes
    ----------
    prefix
        First part of a metric's name: ``pu21`` in ``pu21-psnr``; empty for SDR.
    peak
        Code value that stands for white, the ``L`` of PSNR and SSIM.
    unit
        Unit of a difference of code values.
    """

    prefix: ClassVar[str]
    title: ClassVar[str]
    domain: ClassVar[Domain] = "hdr"
    peak: ClassVar[float] = 1.0
    unit: ClassVar[str] = "of peak"
    parameters: ClassVar[tuple[Parameter, ...]] = ()

    def anchor(self, reference: Tensor) -> Tensor | None:
        """Return what the encoding takes from the reference ``(N, C, H, W)``, if anything."""
        return None

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return the code values of an image in the unit of :attr:`domain`."""
        raise NotImplementedError

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name and options, as JSON-ready values."""
        return {"encoding": self.title, "code_peak": self.peak}


@dataclass(frozen=True)
class DisplayCode(Encoding):
    """Display-encoded values as they are: the encoding of plain SDR metrics."""

    prefix: ClassVar[str] = ""
    title: ClassVar[str] = "display-encoded values"
    domain: ClassVar[Domain] = "sdr"

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return the image unchanged."""
        return image


@dataclass(frozen=True)
class PU21(Encoding):
    """Perceptually uniform units (Mantiuk and Azimi 2021), with their authors' peak of 256."""

    prefix: ClassVar[str] = "pu21"
    title: ClassVar[str] = "PU21"
    peak: ClassVar[float] = 256.0
    unit: ClassVar[str] = "PU"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "encoder", "banding_glare", None, "", "what the curve was fitted to", "choice",
            tuple(transfer.PU21_PARAMETERS),
        ),
    )  # fmt: skip

    encoder: transfer.PU21Variant = "banding_glare"

    def __post_init__(self) -> None:
        self.parameters[0].check(self.encoder)

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return PU21 values of luminance in cd/m²."""
        return transfer.pu21_encode(image, self.encoder)

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name and options."""
        return {**super().conditions(anchor), "encoder": self.encoder}


@dataclass(frozen=True)
class PQ(Encoding):
    """The PQ signal of SMPTE ST 2084, whose peak is 10 000 cd/m²."""

    prefix: ClassVar[str] = "pq"
    title: ClassVar[str] = "PQ"

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return the PQ signal of luminance in cd/m²."""
        return transfer.pq_encode(image)

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name and peak."""
        return {**super().conditions(anchor), "peak_luminance": transfer.PQ_PEAK}


@dataclass(frozen=True)
class _PeakEncoding(Encoding):
    """Base of the encodings that are relative to a peak luminance.

    ``peak_luminance`` is in cd/m²; ``None`` takes the largest pixel value of each reference.
    """

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "peak_luminance", None, (1e-6, 1e9), "cd/m²", "light of the code 1",
            automatic="the largest pixel value of each reference",
        ),
    )  # fmt: skip

    peak_luminance: float | None = None

    def __post_init__(self) -> None:
        if self.peak_luminance is not None and not self.peak_luminance > 0:
            raise OptionError(f"peak_luminance must be positive, not {self.peak_luminance}")

    def anchor(self, reference: Tensor) -> Tensor | None:
        """Return the peak of each reference ``(N, 1, 1, 1)`` in cd/m²."""
        if self.peak_luminance is not None:
            return reference.new_full((1, 1, 1, 1), self.peak_luminance)
        peak = reference.detach().amax(dim=(1, 2, 3), keepdim=True)
        seen = visible(peak)
        if seen is not None and not bool((seen > 0).all()):
            raise OptionError(
                f"the reference is black, so {self.title} has no peak: give peak_luminance"
            )
        return peak

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name, the peak in cd/m², and who chose it."""
        rule = "given" if self.peak_luminance is not None else "largest value of the reference"
        found = super().conditions(anchor) | {"peak_luminance_rule": rule}
        if anchor is not None and anchor.numel() == 1:
            found["peak_luminance"] = float(anchor)
        return found


@dataclass(frozen=True)
class MuLaw(_PeakEncoding):
    """The µ-law on luminance over its peak, as papers on HDR reconstruction report it."""

    prefix: ClassVar[str] = "mu"
    title: ClassVar[str] = "µ-law"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *_PeakEncoding.parameters,
        Parameter("mu", 5000.0, (1e-6, 1e9), "", "how steeply the curve begins"),
    )

    mu: float = 5000.0

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return µ-law values, 1 at the peak."""
        assert anchor is not None
        return transfer.mu_law_encode(image, peak=anchor, mu=self.mu)

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name and options."""
        return {**super().conditions(anchor), "mu": self.mu}


@dataclass(frozen=True)
class Log10(_PeakEncoding):
    """The logarithm of luminance between a floor (0) and the peak (1)."""

    prefix: ClassVar[str] = "log"
    title: ClassVar[str] = "log10"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *_PeakEncoding.parameters,
        Parameter("floor", transfer.PU21_RANGE[0], (1e-12, 1e9), "cd/m²", "light of the code 0"),
    )

    floor: float = transfer.PU21_RANGE[0]

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return log values, 0 at the floor and 1 at the peak."""
        assert anchor is not None
        return transfer.log_encode(image, peak=anchor, floor=self.floor)

    def conditions(self, anchor: Tensor | None) -> dict[str, Any]:
        """Return the encoding's name and options."""
        return {**super().conditions(anchor), "floor": self.floor}


@dataclass(frozen=True)
class Linear(_PeakEncoding):
    """Luminance over its peak, with no model of vision: to show how it misleads."""

    prefix: ClassVar[str] = "linear"
    title: ClassVar[str] = "linear"

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return luminance over its peak."""
        assert anchor is not None
        return image / anchor


ENCODINGS: tuple[type[Encoding], ...] = (DisplayCode, PU21, PQ, MuLaw, Log10, Linear)
