"""The base picture of a backward-compatible file, tuned for itself and for the decoded light."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.backward import BackwardCompatible
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import Metric
from hdrmetrics.optimize.filling import BEST, Filled, fill
from hdrmetrics.optimize.judge import Judge, Verdict
from hdrmetrics.optimize.layers import LIGHT, SHOWN, Layers, LayersObjective
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.problem import reduced
from hdrmetrics.optimize.search import Plan, search
from hdrmetrics.optimize.space import Space
from hdrmetrics.optimize.tonemapping import ToneMapping, one_picture
from hdrmetrics.optimize.trace import Trial

OPERATOR = "reinhard_free"
BASE_GOALS: Mapping[str, float] = {"norvdpnet-tmo": 1.0}
LIGHT_GOALS: Mapping[str, float] = {"pu21-psnr": 0.02}
"""A decibel counts as much as two points of a hundred."""

JUDGES: Mapping[str, float] = {"fsitm": 0.01, "pu21-ms-ssim": 0.005}
"""Metrics that are never optimised, with their tolerances: of the base picture, of the light."""

LEAD = Parameter(
    "lead", 0, (1 - BEST, BEST - 1), "",
    "by how much the quality of what restores the light is above that of the base picture",
    "integer", search=(-40, 40),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OptimizedBaseLayer:
    """A backward-compatible file whose base picture was chosen, and how that was found.

    Parameters
    ----------
    codec
        With all its settings: given the picture it writes :attr:`data` again.
    data
        The file.
    base
        What ordinary readers show of it, ``(1, C, H, W)`` in [0, 1].
    light
        What readers of HDR decode, ``(1, C, H, W)`` in cd/m².
    before, after
        What the metrics say of the file of the codec as it is, and of this one.
    default
        The codec as it is, with the qualities that give the size.
    tuned
        Whether the file is another than the default's.
    reason
        Why it is not; empty where it is.
    found
        The settings that the search ended with, also where they were refused.
    verdicts
        Of the judges on them.
    trace
        Every evaluation.
    seconds
        Of the whole.
    """

    codec: BackwardCompatible
    data: bytes
    base: Tensor
    light: Tensor
    before: Mapping[str, float]
    after: Mapping[str, float]
    default: BackwardCompatible
    tuned: bool
    reason: str
    found: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    trace: tuple[Trial, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without pictures."""
        return {
            "codec": self.codec.info.name,
            "settings": dict(self.codec.settings),
            "default": dict(self.default.settings),
            "bytes": len(self.data),
            "before": dict(self.before),
            "after": dict(self.after),
            "tuned": self.tuned,
            "reason": self.reason,
            "found": dict(self.found),
            "judges": [verdict.to_dict() for verdict in self.verdicts],
            "seconds": round(self.seconds, 3),
            "trace": [trial.to_dict() for trial in self.trace],
        }


def optimize_base_layer(
    image: Tensor,
    codec: str = "jpegxt-c",
    *,
    size: int,
    operator: str = OPERATOR,
    base: Goals = BASE_GOALS,
    light: Goals = LIGHT_GOALS,
    plan: Plan | None = None,
    judges: Mapping[str, float] | None = JUDGES,
    **fixed: Any,
) -> OptimizedBaseLayer:
    """Choose the base picture of a backward-compatible HDR file for a size in bytes.

    The settings of a tone-mapping operator, and how the bytes are shared between the base picture
    and what restores the light, are searched for the quality of both: every evaluation writes and
    reads real files, whose qualities are raised until they are as large as allowed. On copies of a
    large picture, a file may have the bytes that the codec as it is needs for them at the qualities
    that fill ``size`` with the whole.

    Parameters
    ----------
    image
        ``(1, C, H, W)`` (or ``(C, H, W)``, ``(H, W)``), linear BT.709 in cd/m².
    codec
        ``jpegxt-a``, ``jpegxt-b``, ``jpegxt-c`` or ``gainmap``.
    size
        The most bytes that the file may have.
    operator
        Whose settings are tuned; one of :func:`hdrmetrics.tonemap.list_operators`.
    base
        What is optimised of the base picture, metrics of tone-mapped or SDR pictures.
    light
        What is optimised of the decoded light, metrics of HDR pictures. Those that need a reference
        get the original light, of both.
    plan
        Budget, seed and restarts; see :class:`~hdrmetrics.optimize.search.Plan`. Files have no
        gradient: the method is evolution.
    judges
        Metrics that are never optimised, with the losses that they may find: where one finds more,
        the file of the codec as it is is returned. ``None`` for no judge.
    fixed
        Other settings of the codec, such as ``subsampling`` or ``scale``.

    Returns
    -------
    OptimizedBaseLayer
        With the codec, the file and both pictures.

    Raises
    ------
    UnknownNameError, OptionError, DomainError
        For codecs, operators, settings and metrics that there are not, or that do not fit; for a
        size that no file of the picture can have.
    ShapeError, PixelValueError
        For several pictures, sizes that the file cannot hold, NaN, infinity, negative values, or a
        black picture.
    MissingPackageError
        If CMA-ES is not installed.

    References
    ----------
    F. Banterle, A. Artusi et al., tutorial on learned HDR quality; A. Artusi, R. K. Mantiuk,
    T. Richter et al., "Overview and evaluation of the JPEG XT HDR image compression standard",
    Journal of Real-Time Image Processing 16, 2019.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import Budget, Plan, optimize_base_layer
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> found = optimize_base_layer(
    ...     light, "gainmap", size=6000, base="tmqi", plan=Plan(Budget(8)), judges=None
    ... )
    >>> len(found.data) <= 6000, found.base.shape
    (True, torch.Size([1, 3, 96, 96]))
    """
    began = time.monotonic()
    original = one_picture(image).float()
    objective = LayersObjective(base, light)
    referees = _referees(judges or {}, objective)
    whole = _Files(original, codec, operator, fixed, size)
    space = Space(whole.parameters, whole.start, whole.moved, owner=f"{codec} with {operator}")
    found = search(whole, space, objective, plan or Plan())
    chosen = {**whole.start, **found.settings}
    first = whole.default
    second = whole.filled(original, size, chosen)
    fitted = objective.at(original)
    before = Layers.of(first)
    values = [fitted.values(before.stacked)]
    after, reason = before, ""
    verdicts: tuple[Verdict, ...] = ()
    if second is not None:
        after = Layers.of(second)
        values.append(fitted.values(after.stacked))
        losses = [float(fitted.loss(one.stacked)) for one in (before, after)]
    if second is None or not losses[1] < losses[0]:
        reason = f"no settings were found that are better by {' and '.join(objective.names)}"
    else:
        pairs = zip(referees, ((before.base, after.base), (before.light, after.light)), strict=True)
        verdicts = tuple(
            judge.verdict(*pictures, original) for several, pictures in pairs for judge in several
        )
        reason = "; ".join(
            f"{one.metric} finds the tuned file worse ({one.after:.4g}) than the default's "
            f"({one.before:.4g})"
            for one in verdicts
            if one.worse
        )
    kept, picture = (first, before) if reason or second is None else (second, after)
    return OptimizedBaseLayer(
        codec=kept.codec,
        data=kept.data,
        base=picture.base,
        light=picture.light,
        before=values[0],
        after=values[0] if reason else values[-1],
        default=first.codec,
        tuned=not reason,
        reason=reason,
        found=chosen,
        verdicts=verdicts,
        trace=tuple(found.trials),
        seconds=time.monotonic() - began,
    )


class _Files:
    """A picture and a codec whose base picture is searched; see ``optimize.problem.Problem``."""

    differentiable = False

    def __init__(
        self, light: Tensor, codec: str, operator: str, fixed: Mapping[str, Any], size: int
    ) -> None:
        self.light, self.name, self.operator, self.size = light, codec, operator, size
        plain = create_codec(codec, **fixed)
        if not isinstance(plain, BackwardCompatible):
            raise OptionError(f"{codec} has no base picture: take gainmap or jpegxt-c")
        clash = {"quality", plain.second, "base", "base_settings"} & set(fixed)
        if clash:
            raise OptionError(f"{', '.join(sorted(clash))} is what is searched: leave it out")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise OptionError(f"size is a whole number of bytes above 0, not {size!r}")
        self.plain, self.fixed = plain, dict(fixed)
        plain.check_sides(*light.shape[-2:])
        toned = ToneMapping(light, operator, {})
        self.parameters = (*toned.parameters, LEAD)
        self.start = {**toned.start, LEAD.name: 0}
        moved = toned.moved(None)
        self.moved = None if moved is None else (*moved, LEAD.name)
        default = fill(plain, self.held(light), size)
        if default is None:
            least = plain.with_qualities(1, 1)
            needed = len(least.encode(self.held(light)))
            raise OptionError(f"{codec} needs {needed} bytes for this picture at least, not {size}")
        self.default = default

    @property
    def side(self) -> int:
        """The longer side, in pixels."""
        return max(self.light.shape[-2:])

    def held(self, light: Tensor) -> Tensor:
        """Return the light that a file can hold."""
        return light if self.plain.info.peak is None else light.clamp(max=self.plain.info.peak)

    def filled(self, light: Tensor, size: int, settings: Mapping[str, Any]) -> Filled | None:
        """Return the file of some settings."""
        curve = {k: float(v) for k, v in settings.items() if k != LEAD.name}
        codec = create_codec(self.name, base=self.operator, base_settings=curve, **self.fixed)
        assert isinstance(codec, BackwardCompatible)
        return fill(codec, self.held(light), size, int(settings[LEAD.name]))

    def at(self, side: int) -> _Scene:
        """Return the picture reduced to a longer side, with the bytes that go with it."""
        light = reduced(self.light, side)
        size = self.size
        if light is not self.light:
            size = len(self.default.codec.encode(self.held(light)))
        return _Scene(self, light, size)


class _Scene:
    """A picture at one size, to be coded; its light is what results are compared with."""

    def __init__(self, whole: _Files, light: Tensor, size: int) -> None:
        self.whole, self.light, self.size = whole, light, size

    @property
    def reference(self) -> Tensor:
        """The light."""
        return self.light

    def render(self, settings: Mapping[str, Any]) -> Tensor:
        """Return base picture and light, stacked; infinite where no file is small enough."""
        # Settings that the search left alone are those of the whole picture.
        filled = self.whole.filled(self.light, self.size, {**self.whole.start, **settings})
        if filled is None:
            return torch.full((2, *self.light.shape[1:]), torch.inf)
        return Layers.of(filled).stacked


def _referees(
    judges: Mapping[str, float], objective: LayersObjective
) -> tuple[list[Judge], list[Judge]]:
    """Return the judges of the base picture, and those of the light."""
    found: tuple[list[Judge], list[Judge]] = ([], [])
    for name, tolerance in judges.items():
        place, kind = (0, SHOWN) if _of_base(name) else (1, LIGHT)
        part: Objective = objective.base if place == 0 else objective.light
        found[place].append(Judge(name, tolerance, part, *kind))
    return found


def _of_base(name: str | Metric) -> bool:
    from hdrmetrics.optimize.objective import as_metric

    return as_metric(name).info.domain in SHOWN[0]
