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
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.optimize.filling import BEST, Filled, fill
from hdrmetrics.optimize.judge import Judge, Verdict
from hdrmetrics.optimize.layers import LIGHT, SHOWN, Layers, LayersObjective
from hdrmetrics.optimize.objective import Goals, as_metric
from hdrmetrics.optimize.problem import reduced
from hdrmetrics.optimize.search import Plan, search
from hdrmetrics.optimize.space import Space
from hdrmetrics.optimize.tonemapping import ToneMapping, one_picture
from hdrmetrics.optimize.trace import Trial
from hdrmetrics.tonemap.color import ColorTreatment

OPERATOR = "reinhard_free"
BASE_GOALS: Mapping[str, float] = {"norvdpnet-tmo": 1.0}
LIGHT_GOALS: Mapping[str, float] = {"pu21-psnr": 0.04}
"""A decibel counts as much as four points of a hundred."""

JUDGES: Mapping[str, float] = {"fsitm": 0.01, "pu21-ms-ssim": 0.005}
"""Metrics that are never optimised, with their tolerances: of the base picture, of the light."""

_SMALL = 64
"""Longer side of the picture on which is seen whether a setting does anything, in pixels."""

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
    color: ColorTreatment | None = "per-channel",
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
    that fill ``size`` with the whole. Where a judge refuses what was found, the same curve is tried
    with the bytes shared more evenly, before the codec as it is is returned.

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
    color
        As for :func:`hdrmetrics.tonemap.tonemap`. One curve for each channel is what an inverse
        curve in the file undoes best, by up to 2 dB; ``None`` for operators that have none.
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
    referees = _Referees(judges or {}, objective)
    referees.check_size(min(original.shape[-2:]))
    whole = _Files(original, codec, operator, color, fixed, size)
    space = Space(whole.parameters, whole.start, whole.moved, owner=f"{codec} with {operator}")
    found = search(whole, space, objective, plan or Plan())
    chosen = {**whole.start, **found.settings}
    fitted = objective.at(original)
    first = whole.default
    before = Layers.of(first)
    values = after = fitted.values(before.stacked)
    loss = float(fitted.loss(before.stacked))
    kept, picture = first, before
    reason = f"no settings were found that are better by {' and '.join(objective.names)}"
    verdicts: tuple[Verdict, ...] = ()
    refusals: list[str] = []
    for lead in dict.fromkeys((chosen[LEAD.name], chosen[LEAD.name] // 2, 0)):
        settings = {**chosen, LEAD.name: lead}
        second = whole.filled(original, size, settings)
        if second is None:
            continue
        layers = Layers.of(second)
        if not float(fitted.loss(layers.stacked)) < loss:
            continue
        verdicts = referees(before, layers, original)
        refusals += [_told(one, lead) for one in verdicts if one.worse]
        if not any(one.worse for one in verdicts):
            chosen, kept, picture, reason = settings, second, layers, ""
            after = fitted.values(layers.stacked)
            break
        reason = "; ".join(refusals)
    return OptimizedBaseLayer(
        codec=kept.codec,
        data=kept.data,
        base=picture.base,
        light=picture.light,
        before=values,
        after=after,
        default=first.codec,
        tuned=not reason,
        reason=reason,
        found=chosen,
        verdicts=verdicts,
        trace=tuple(found.trials),
        seconds=time.monotonic() - began,
    )


def _told(verdict: Verdict, lead: int) -> str:
    return (
        f"{verdict.metric} finds the tuned file of lead {lead} worse ({verdict.after:.4g}) than "
        f"the default's ({verdict.before:.4g})"
    )


class _Files:
    """A picture and a codec whose base picture is searched; see ``optimize.problem.Problem``."""

    differentiable = False

    def __init__(
        self,
        light: Tensor,
        codec: str,
        operator: str,
        color: ColorTreatment | None,
        fixed: Mapping[str, Any],
        size: int,
    ) -> None:
        self.light, self.name, self.operator, self.size = light, codec, operator, size
        self.own: dict[str, Any] = {} if color is None else {"color": color}
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
        toned = ToneMapping(light, operator, {}, color=color)
        self.parameters = (*toned.parameters, LEAD)
        self.start = {**toned.start, LEAD.name: 0}
        self.moved = (*_effective(toned), LEAD.name)
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
        curve = {k: float(v) for k, v in settings.items() if k != LEAD.name} | self.own
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


def _effective(toned: ToneMapping) -> list[str]:
    """Return the settings worth searching that change the picture: a treatment can idle some."""
    scene = toned.at(_SMALL)
    space = Space(toned.parameters, toned.start, toned.moved(None), owner=toned.name)
    plain = scene.render({})
    found = []
    for index, name in enumerate(space.names):
        for place in (0.25, 0.75):
            point = space.start.clone()
            point[index] = place
            if not torch.equal(scene.render({name: space.values(point)[name]}), plain):
                found.append(name)
                break
    return found


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


class _Referees:
    """The judges of the base picture, and those of the light."""

    def __init__(self, judges: Mapping[str, float], objective: LayersObjective) -> None:
        self.base: list[Judge] = []
        self.light: list[Judge] = []
        for name, tolerance in judges.items():
            if as_metric(name).info.domain in SHOWN[0]:
                self.base.append(Judge(name, tolerance, objective.base, *SHOWN))
            else:
                self.light.append(Judge(name, tolerance, objective.light, *LIGHT))

    def check_size(self, side: int) -> None:
        """Refuse, before any work, a picture that is too small for a judge."""
        for judge in (*self.base, *self.light):
            info = judge.metric.info
            if side < info.minimum_size:
                raise ShapeError(
                    f"{info.name}, which judges, needs {info.minimum_size} pixels a side, not "
                    f"{side}: choose other judges"
                )

    def __call__(self, before: Layers, after: Layers, original: Tensor) -> tuple[Verdict, ...]:
        """Return what all say of two files."""
        found = [judge.verdict(before.base, after.base, original) for judge in self.base]
        found += [judge.verdict(before.light, after.light, original) for judge in self.light]
        return tuple(found)
