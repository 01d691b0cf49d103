"""One image in, one score out: calibration, the metric and the conditions it was computed under."""

from __future__ import annotations

import dataclasses
import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Unpack, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.catalogue.metrics import create_metric, metric_options
from hdrmetrics.errors import HdrMetricsWarning, OptionError, ShapeError
from hdrmetrics.jobs.inputs import Inputs, Source, Units, as_image, prepare_inputs
from hdrmetrics.jobs.settings import Region, Setting, Viewing, separated, spelt_out
from hdrmetrics.jobs.sources import is_array
from hdrmetrics.maps.overlay import grey_view
from hdrmetrics.metric import Assessment, MapKind, Metric, cannot_explain
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.display import Display, get_display
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.units import Role
from hdrmetrics.result import Score


@dataclass(frozen=True)
class ScoreMap:
    """A score with the picture of where it comes from.

    Parameters
    ----------
    values
        ``(H, W)``: local similarity or error; smaller than the image where borders are left out.
    score
        The score of the same images.
    kind
        What the values are.
    context
        ``(H, W)``: grey view of the test image in [0, 1] under a map of probabilities; see
        :func:`hdrmetrics.maps.overlay.grey_view`. ``None`` where the map is shown by itself.

    Raises
    ------
    ShapeError
        If the context has another shape than the values.
    """

    values: NDArray[np.float32]
    score: Score
    kind: MapKind
    context: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.context is not None and self.context.shape != self.values.shape:
            raise ShapeError(
                f"the picture under a map has the map's shape {self.values.shape}, not "
                f"{self.context.shape}"
            )


@overload
def score(
    test: Source,
    metric: str | Metric,
    *,
    reference: Source | None = None,
    explain: bool = False,
    dtype: torch.dtype = torch.float32,
    **settings: Any,
) -> Score: ...


@overload
def score(
    test: Source,
    metric: list[str] | list[Metric] | list[str | Metric] | tuple[str | Metric, ...],
    *,
    reference: Source | None = None,
    explain: bool = False,
    dtype: torch.dtype = torch.float32,
    **settings: Unpack[Viewing],
) -> list[Score]: ...


def score(
    test: Source,
    metric: str | Metric | Sequence[str | Metric],
    *,
    reference: Source | None = None,
    explain: bool = False,
    dtype: torch.dtype = torch.float32,
    **settings: Any,
) -> Score | list[Score]:
    """Score one image.

    Parameters
    ----------
    test, reference
        A path, an :class:`Image`, a NumPy array ``(H, W)`` or ``(H, W, C)``, or a tensor
        ``(H, W)``, ``(C, H, W)`` or ``(1, C, H, W)``. Integer arrays are display-encoded; floats
        are cd/m² for HDR metrics and codes in [0, 1] for SDR ones.
    metric
        A name of :func:`hdrmetrics.list_metrics`, or a metric made by
        :func:`hdrmetrics.create_metric`; or a list of them, whose scores come as a list. Metrics
        without a reference see the test alone.
    explain
        Whether to say what is wrong with the image and where, in ``explanation``; of a list of
        metrics those do that can.
    dtype
        In what precision to compute.
    settings
        Those of :class:`~hdrmetrics.jobs.settings.Viewing`: ``peak``, ``scale``, ``display``,
        ``test_peak``, ``test_scale``, ``reference_peak``, ``reference_scale``, ``mask``,
        ``region``, ``device``; and the options of the metric, if it is one and named
        (:func:`hdrmetrics.metric_options`).

    Returns
    -------
    Score or list of Score
        With every condition its value depends on. What looks wrong is in ``warnings``, and issued
        as :class:`hdrmetrics.errors.HdrMetricsWarning`. For a list of metrics a list in its order.

    Raises
    ------
    HdrMetricsError
        One of its kinds: a file that cannot be read, NaN, wrong shapes, wrong domain, unknown
        names and options, an explanation that no metric can give.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.full((32, 32), 100.0)
    >>> float(score(reference * 1.1, "pu21-psnr", reference=reference)) > 30
    True
    >>> both = score(reference * 1.1, ["pu21-psnr", "pu21-mse"], reference=reference)
    >>> [one.metric for one in both]
    ['pu21-psnr', 'pu21-mse']
    """
    viewing, options = separated(settings)
    several = not isinstance(metric, (str, Metric))
    # Of several metrics one may not be concerned by a factor that another needs.
    setting = Setting.of(viewing, paired=reference is not None, lenient=several, dtype=dtype)
    if isinstance(metric, (str, Metric)):
        model = build_metric(metric, setting.units.display, options)
        check_explaining([model], explain)
        result = score_quietly(test, model, reference, setting, explain=explain).score
        _warn([result])
        return result
    models = _several(metric, setting.units.display, options, reference is not None)
    check_explaining(models, explain)
    # Files are read once for all.
    test = read_file(test)
    reference = None if reference is None else read_file(reference)
    if setting.mask is not None:
        setting = dataclasses.replace(setting, mask=read_file(setting.mask))
    results = []
    for model in models:
        other = reference if model.info.reference else None
        own = explain and model.info.explains
        results.append(score_quietly(test, model, other, setting, explain=own).score)
    _warn(results)
    return results


def score_map(
    test: Source,
    metric: str | Metric,
    *,
    reference: Source | None = None,
    dtype: torch.dtype = torch.float32,
    **settings: Any,
) -> ScoreMap:
    """Score one image and return the map of local values too; arguments as for :func:`score`.

    One metric only.

    Raises
    ------
    OptionError
        If the metric has no map; otherwise as :func:`score`.
    """
    viewing, options = separated(settings)
    setting = Setting.of(viewing, paired=reference is not None, dtype=dtype)
    model = build_metric(metric, setting.units.display, options)
    found = score_quietly(test, model, reference, setting)
    _warn([found.score])
    return make_map(found.metric, found.inputs, found.score)


_functions: tuple[Any, ...] = (score, score_map)
for _function in _functions:
    _function.__signature__ = spelt_out(_function)


def check_explaining(models: Sequence[Metric], explain: bool | None) -> None:
    """Raise :class:`OptionError` if an explanation is wanted that no metric can give."""
    if explain and not any(model.info.explains for model in models):
        names = ", ".join(model.info.name for model in models)
        raise OptionError(f"cannot explain: {names} {cannot_explain(len(models))}")


def _several(
    metrics: Sequence[str | Metric],
    display: str | Path | Display | None,
    options: dict[str, Any],
    paired: bool,
) -> list[Metric]:
    if not isinstance(metrics, (list, tuple)) or not metrics:
        raise OptionError(
            "metric is a name, a metric made by create_metric(), or a list of them, not "
            f"{'an empty list' if metrics == [] or metrics == () else type(metrics).__name__}"
        )
    if options:
        raise OptionError(
            f"options ({', '.join(options)}) are for one metric: give "
            "create_metric(name, option=value) in the list, or call score() for each"
        )
    models = [build_metric(metric, display, {}) for metric in metrics]
    if paired and not any(model.info.reference for model in models):
        names = ", ".join(model.info.name for model in models)
        raise OptionError(f"{names}: none takes a reference; leave reference= out")
    return models


def read_file(source: Source) -> Source:
    """Return the picture of a file, and everything else as it is.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    """
    return as_image(source) if isinstance(source, (str, Path)) else source


def make_map(model: Metric, inputs: Inputs, result: Score) -> ScoreMap:
    """Return the map behind a score of prepared inputs, of the metric that took them.

    Raises
    ------
    OptionError
        If the metric has no map.
    """
    with torch.no_grad():
        local = model.map(inputs.test, inputs.reference)
    kind = model.info.map_kind
    assert kind is not None, "map() raises where there is none"
    values = local[0, 0].float().cpu().numpy()
    context = None
    # Probabilities are looked at over the picture: where it is, not only how much. A map that
    # leaves out borders does not fit on it.
    if kind == "probability" and local.shape[-2:] == inputs.test.shape[-2:]:
        picture = luminance(inputs.test)[0, 0].float().cpu().numpy()
        context = grey_view(picture, encoded=model.info.domain != "hdr")
    return ScoreMap(values, result, kind, context)


class Scored(NamedTuple):
    """A score, and what it came from.

    Parameters
    ----------
    score
        Of the image.
    inputs
        As the metric took them.
    metric
        Which did: the given one may leave light, or photographs, to another.
    seen
        What its network saw, of metrics whose eyes others borrow.
    """

    score: Score
    inputs: Inputs
    metric: Metric
    seen: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """An image, with its reference if there is one, as a metric is to see it.

    Parameters
    ----------
    metric
        The one for what the image is of.
    inputs
        The part of it that is scored.
    mask
        Weights of its places.
    paths
        Of test and reference.
    """

    metric: Metric
    inputs: Inputs
    mask: Tensor | None
    paths: tuple[str | None, str | None]


def score_quietly(
    test: Source,
    model: Metric,
    reference: Source | None,
    setting: Setting,
    *,
    explain: bool = False,
) -> Scored:
    """Do the work of :func:`score` without issuing its warnings."""
    ready = ready_for(test, model, reference, setting)
    del test, reference  # pixels that the caller keeps no longer are let go
    inputs = ready.inputs
    with torch.no_grad():
        metric = ready.metric.to(inputs.test.device)
        assessed = metric.assess(inputs.test, inputs.reference, mask=ready.mask)
        found = named_score(ready, assessed)
        if explain:
            explained = metric.explain(inputs.test, inputs.reference, mask=ready.mask)
            found = dataclasses.replace(found, explanation=explained.to_dict())
    return Scored(found, inputs, metric, assessed.seen)


def ready_for(test: Source, model: Metric, reference: Source | None, setting: Setting) -> Ready:
    """Return an image as a metric is to see it, on the device of the setting.

    Raises
    ------
    HdrMetricsError
        As :func:`score`, for what the metric does not see.
    """
    info = model.info
    if info.reference != (reference is not None):
        raise OptionError(f"{info.name} {'needs a' if info.reference else 'takes no'} reference")
    if model.color_space != "bt709":
        raise OptionError(
            f"this {info.name} takes {model.color_space.upper()}, and images are BT.709 here; call "
            "the metric itself with tensors, or leave the option out"
        )
    units = setting.units
    image, other = _read(test, reference, info.domain, units)
    display = None if units.display is None else get_display(units.display)
    model = model.suited_to(image, display)
    inputs = prepare_inputs(
        image, other, model.info.domain, units, device=setting.device, dtype=setting.dtype
    )
    inputs, weights = _crop(inputs, _mask(setting.mask, image), setting.region)
    paths = image.origin.path, None if other is None else other.origin.path
    return Ready(model, inputs, weights, paths)


def _warn(results: Sequence[Score]) -> None:
    for message in dict.fromkeys(one for result in results for one in result.warnings):
        warnings.warn(message, HdrMetricsWarning, stacklevel=3)


def build_metric(
    metric: str | Metric, display: str | Path | Display | None, options: dict[str, Any]
) -> Metric:
    """Return the metric, told the display's pixels per degree where it depends on them.

    Raises
    ------
    OptionError
        For options of a metric that is made already, or what is no metric.
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(metric, Metric):
        if options:
            raise OptionError("options are for metrics named by a string; this one is made already")
        return metric.eval()
    if not isinstance(metric, str):
        raise OptionError(
            "a metric is a name or made by create_metric(), not "
            f"{getattr(metric, '__name__', type(metric).__name__)}"
        )
    if display is not None and "ppd" in metric_options(metric) and "ppd" not in options:
        options = options | {"ppd": get_display(display).ppd}
    return create_metric(metric, **options).eval()


def named_score(ready: Ready, found: Assessment) -> Score:
    """Return the score that a metric found of an image, with all conditions named.

    The image is still on the device of the metric.
    """
    inputs, info = ready.inputs, ready.metric.info
    with torch.no_grad():
        chosen = ready.metric.conditions(
            inputs.test if inputs.reference is None else inputs.reference
        )
    conditions = {"version": info.version, **inputs.conditions, **chosen}
    conditions["dtype"] = str(inputs.test.dtype).removeprefix("torch.")
    if ready.mask is not None:
        conditions["mask"] = float(ready.mask.mean())
    test, reference = ready.paths
    return Score(
        metric=info.name,
        value=float(found.value),
        unit=info.unit,
        range=info.range,
        higher_is_better=info.higher_is_better,
        conditions=conditions,
        warnings=(*inputs.warnings, *(note for one in found.warnings for note in one)),
        low=None if found.low is None else float(found.low),
        high=None if found.high is None else float(found.high),
        test=test,
        reference=reference,
    )


def _read(
    test: Source, reference: Source | None, domain: Domain, units: Units
) -> tuple[Image, Image | None]:
    """Return both pictures; what floats in memory are depends on the metric and on the units."""
    sources: dict[Role, Source] = {"test": test}
    domains: dict[Role, Domain] = {"test": domain}
    if reference is not None:
        sources["reference"] = reference
        domains["reference"] = "hdr" if domain == "tonemapped" else domain
    images = {role: as_image(one) for role, one in sources.items() if not is_array(one)}
    # A common factor is of the files without a unit, or else of the floats.
    free = all(image.calibration.kind != "relative" for image in images.values())
    for role, one in sources.items():
        if role in images:
            continue
        meant = domains[role]
        if meant == "hdr" and units.display is not None:
            # With a display model floats are its signal, unless it takes luminance itself or a
            # factor says that they are light.
            factor = units.own(role) or (units.common if free else None)
            light = factor is not None or get_display(units.display).eotf == "linear"
            meant = "hdr" if light else "sdr"
        images[role] = as_image(one, meant)
    return images["test"], images.get("reference")


def _mask(mask: Source | None, image: Image) -> Tensor | None:
    if mask is None:
        return None
    if isinstance(mask, (np.ndarray, Tensor)) and mask.dtype in (np.bool_, torch.bool):
        mask = mask.astype(np.float32) if isinstance(mask, np.ndarray) else mask.float()
    elif isinstance(mask, np.ndarray) and mask.dtype.kind in "iu" and mask.dtype.itemsize > 2:
        raise ShapeError(
            f"a mask is bool, uint8, uint16 or floats, not {mask.dtype}: give mask > 0"
        )
    weights = as_image(mask, "sdr").pixels.mean(axis=2, dtype=np.float32)
    if weights.shape != image.pixels.shape[:2]:
        raise ShapeError(
            f"the mask is {weights.shape[1]}×{weights.shape[0]}, the image "
            f"{image.width}×{image.height} (width × height)"
        )
    return torch.from_numpy(weights)[None, None]


def _crop(
    inputs: Inputs, mask: Tensor | None, region: Region | None
) -> tuple[Inputs, Tensor | None]:
    if mask is not None:
        mask = mask.to(inputs.test)
    if region is None:
        return inputs, mask
    height, width = inputs.test.shape[-2:]
    try:
        x, y, w, h = (operator.index(v) for v in region)
    except (TypeError, ValueError):
        raise OptionError(
            f"a region is (x, y, width, height) in whole pixels, not {region!r}"
        ) from None
    if not (0 <= x < x + w <= width and 0 <= y < y + h <= height):
        raise OptionError(
            f"the region x={x}, y={y}, width={w}, height={h} does not lie in {width}×{height}"
        )

    def part(image: Tensor | None) -> Tensor | None:
        return None if image is None else image[..., y : y + h, x : x + w]

    own = part(inputs.test)
    assert own is not None
    conditions = inputs.conditions | {"region": [x, y, w, h]}
    return Inputs(own, part(inputs.reference), conditions, inputs.warnings), part(mask)
