"""The base of metrics that compare code values, whatever encoding made them."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor

from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import MapKind, Metric, MetricInfo
from hdrmetrics.metrics.crf import crf_correction as correct_crf
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.encoding import ENCODINGS, DisplayCode, Encoding

Channels = Literal["rgb", "luminance"]

CHANNELS = Parameter(
    "channels", "rgb", None, "", "what is compared: all channels, or luminance (luma of codes)",
    "choice", ("rgb", "luminance"),
)  # fmt: skip
CHANNELS_BY_DOMAIN = dataclasses.replace(
    CHANNELS, default=None, automatic="luminance of light, rgb of display codes"
)
ROUND_TO_8BIT = Parameter(
    "round_to_8bit", False, None, "", "round to 8 bits before comparing, as the original", "flag"
)
CRF_CORRECTION = Parameter(
    "crf_correction", False, None, "",
    "fit the test's tones and colours to the reference first (SI-HDR protocol)", "flag",
)  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """What a family of metrics (one per encoding) has in common; fields as in ``MetricInfo``.

    ``unit`` may hold ``{unit}``, which becomes the encoding's unit.
    """

    name: str
    title: str
    higher_is_better: bool
    range: tuple[float, float]
    citation: str
    unit: str = ""
    reference: bool = True
    differentiable: bool = True
    map_kind: MapKind | None = None
    minimum_size: int = 1
    version: str = "1"


class CodeMetric(Metric):
    """Encodes light, then compares the code values.

    Parameters
    ----------
    encoding
        How light becomes code values; display-encoded SDR when not given.
    options
        Those of :attr:`option_parameters`.

    Raises
    ------
    OptionError
        If an option is unknown or cannot be, or CRF correction is asked of a metric of SDR images
        or without a reference.
    """

    measure: ClassVar[Measure]
    option_parameters: ClassVar[tuple[Parameter, ...]] = (CHANNELS, CRF_CORRECTION)
    eight_bit: ClassVar[bool] = False
    """Whether the constants assume that white is 255."""

    channels: Channels = "rgb"
    crf_correction: bool = False

    def __init__(self, encoding: Encoding | None = None, **options: Any) -> None:
        super().__init__()
        self.encoding = encoding or DisplayCode()
        settings = resolve(self.measure.name, self.option_parameters, options)
        for name, value in settings.items():
            setattr(self, name, self.automatic(name) if value is None else value)
        if self.crf_correction and not (self.encoding.domain == "hdr" and self.measure.reference):
            raise OptionError("crf_correction is for HDR metrics with a reference")
        self.info = self.describe(type(self.encoding))

    def automatic(self, name: str) -> Any:
        """Return the value of an option whose default is none."""
        if name == "channels":
            return "luminance" if self.encoding.domain == "hdr" else "rgb"
        return None

    @classmethod
    def describe(cls, encoding: type[Encoding]) -> MetricInfo:
        """Return the description of the metric on an encoding, with default options."""
        return measure_info(cls.measure, encoding)

    @property
    def data_range(self) -> float:
        """Code value that stands for white."""
        return 255.0 if self.eight_bit and self.encoding.peak == 1.0 else self.encoding.peak

    def encode(self, image: Tensor, anchor: Tensor | None) -> Tensor:
        """Return the code values that the metric compares, white at :attr:`data_range`."""
        if self.channels == "luminance":
            image = luminance(image)
        code = self.encoding.encode(image, anchor)
        return code if self.data_range == self.encoding.peak else code * self.data_range

    def features(self, reference: Tensor) -> Any:
        """Return the encoding's anchor, what the measure keeps, and light for the CRF fit."""
        anchor = self.encoding.anchor(reference)
        kept = self.code_features(self.encode(reference, anchor))
        return anchor, kept, reference if self.crf_correction else None

    def compare(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return the measure of each image."""
        code, kept = self._code(test, features)
        return self.code_compare(code, kept, mask)

    def compare_map(self, test: Tensor, features: Any) -> Tensor:
        """Return the local values of the measure."""
        return self.code_map(*self._code(test, features))

    def compare_loss(self, test: Tensor, features: Any, mask: Tensor | None) -> Tensor:
        """Return a finite loss of each image."""
        code, kept = self._code(test, features)
        return self.code_loss(code, kept, mask)

    def _code(self, test: Tensor, features: Any) -> tuple[Tensor, Any]:
        if features is None:
            return self.encode(test, self.encoding.anchor(test)), None
        anchor, kept, light = features
        if light is not None:
            test = correct_crf(test, light.expand_as(test))
        return self.encode(test, anchor), kept

    # -- what measures write, on code values ------------------------------------------------

    def code_features(self, reference: Tensor) -> Any:
        """Return what of the reference's code values is worth keeping."""
        return reference

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return one value per image from code values."""
        raise NotImplementedError

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return local values from code values."""
        raise NotImplementedError

    def code_loss(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return a finite loss per image from code values, 0 for identical images.

        How far the value is from the better end of its range, which those without one replace.
        """
        value = self.code_compare(test, kept, mask)
        return self.info.best - value if self.info.higher_is_better else value - self.info.best

    def settings(self) -> dict[str, Any]:
        """Return the options of the encoding and its own."""
        return dataclasses.asdict(self.encoding) | super().settings()

    def conditions(self, reference: Tensor | None = None) -> dict[str, Any]:
        """Return encoding, channels and options."""
        anchor = None if reference is None else self.encoding.anchor(reference)
        found = self.encoding.conditions(anchor)
        found |= {"code_peak": self.data_range, "channels": self.channels}
        if self.crf_correction:
            found["crf_correction"] = True
        return found


def measure_info(measure: Measure, encoding: type[Encoding]) -> MetricInfo:
    """Return the description of a measure on an encoding."""
    prefix, on = "", ""
    if encoding.prefix:
        prefix, on = f"{encoding.prefix}-", f" on {encoding.title} values"
    fields = {field.name: getattr(measure, field.name) for field in dataclasses.fields(measure)}
    fields["unit"] = measure.unit.format(unit=encoding.unit)
    fields["name"], fields["title"] = prefix + measure.name, measure.title + on
    return MetricInfo(**fields, domain=encoding.domain)


def each_encoding(metric: type[CodeMetric]) -> type[CodeMetric]:
    """Register a measure once per encoding, with the options of both; a decorator."""
    for encoding in ENCODINGS:
        own = metric.option_parameters
        if encoding.domain != "hdr" or not metric.measure.reference:
            own = tuple(one for one in own if one is not CRF_CORRECTION)
        make = functools.partial(_make, metric, encoding)
        METRICS.register(metric.describe(encoding), make, (*encoding.parameters, *own))
    return metric


def _make(metric: type[CodeMetric], encoding: type[Encoding], **options: Any) -> CodeMetric:
    of_encoding = {one.name for one in encoding.parameters}
    chosen = {name: options.pop(name) for name in of_encoding & set(options)}
    return metric(encoding(**chosen), **options)
