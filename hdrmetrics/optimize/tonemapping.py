"""Tone-mapping operators tuned by quality, one operator at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.optimize.judge import Judges, Referees, judges_of
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.problem import Tunable, reduced
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import Plan, search
from hdrmetrics.optimize.space import Space
from hdrmetrics.picture.pixels import check_light
from hdrmetrics.tonemap import Operator, create_operator, operator_info, to_display
from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.encode import DisplayTransfer

DOMAINS = ("tonemapped", "sdr")
TAKES = "display-encoded pictures"
JUDGE, TOLERANCE = "fsitm", 0.01
"""FSITM looks at local phase, which no curve that a search could be tempted by improves."""


class ToneMapping:
    """A picture and an operator whose settings are searched; see ``optimize.problem.Problem``.

    Parameters
    ----------
    light
        ``(1, C, H, W)`` in cd/m².
    operator
        Its name.
    fixed
        Settings that the user chose.
    color, saturation, transfer
        As for :func:`hdrmetrics.tonemap.tonemap`.
    """

    def __init__(
        self,
        light: Tensor,
        operator: str,
        fixed: Mapping[str, Any],
        *,
        color: ColorTreatment | None = None,
        saturation: float = 1.0,
        transfer: DisplayTransfer = "srgb",
    ) -> None:
        self.light, self.name, self.fixed = light, operator, dict(fixed)
        self.color, self.saturation, self.transfer = color, saturation, transfer
        made = self.operator({})
        self.differentiable: bool = made.info.differentiable
        self.parameters: tuple[Parameter, ...] = made.info.parameters
        found = made.settings_of(light)
        self.default = {name: float(f"{float(value[0]):.6g}") for name, value in found.items()}
        for one in self.parameters:  # six digits may lie beyond a bound that the value respects
            if one.bounds is not None:
                low, high = one.bounds
                self.default[one.name] = min(max(self.default[one.name], low), high)
        self.start = {k: v for k, v in self.default.items() if k not in self.fixed}

    @property
    def side(self) -> int:
        """The longer side, in pixels."""
        return max(self.light.shape[-2:])

    def moved(self, only: Iterable[str] | None) -> Iterable[str] | None:
        """Return the settings to move: those that were named, or those worth it."""
        if only is not None:
            return only
        worth = [name for name in operator_info(self.name).searched if name in self.start]
        return worth or None

    def operator(self, settings: Mapping[str, Any]) -> Operator:
        """Return the operator with some settings beside the fixed ones."""
        return create_operator(
            self.name, color=self.color, saturation=self.saturation, **{**self.fixed, **settings}
        )

    def render_on(self, light: Tensor, settings: Mapping[str, Any]) -> Tensor:
        """Return code values of light tone-mapped with some settings."""
        operator = self.operator(settings)
        return to_display(operator(light), transfer=self.transfer, encoded=operator.info.encoded)

    @property
    def reference(self) -> Tensor:
        """The light."""
        return self.light

    def whole(self, settings: Mapping[str, Any]) -> Tensor:
        """Return code values of the whole picture."""
        return self.render_on(self.light, settings)

    def at(self, side: int) -> ToneMappingScene:
        """Return the picture reduced to a longer side."""
        return ToneMappingScene(self, reduced(self.light, side))


class ToneMappingScene:
    """A picture at one size, to be tone-mapped; its light is what results are compared with."""

    def __init__(self, whole: ToneMapping, light: Tensor) -> None:
        self.whole, self.light = whole, light

    @property
    def reference(self) -> Tensor:
        """The light."""
        return self.light

    def render(self, settings: Mapping[str, Any]) -> Tensor:
        """Return code values."""
        return self.whole.render_on(self.light, settings)


def optimize_tonemap(
    image: Tensor,
    operator: str = "reinhard_free",
    metrics: Goals = "norvdpnet-tmo",
    *,
    plan: Plan | None = None,
    judge: Referees = JUDGE,
    tolerance: float = TOLERANCE,
    only: Iterable[str] | None = None,
    color: ColorTreatment | None = None,
    saturation: float = 1.0,
    transfer: DisplayTransfer = "srgb",
    **fixed: Any,
) -> Optimized:
    """Tune the settings of a tone-mapping operator for one picture by quality metrics.

    Parameters
    ----------
    image
        ``(1, C, H, W)`` (or ``(C, H, W)``, ``(H, W)``), linear BT.709 in cd/m².
    operator
        One of :func:`hdrmetrics.tonemap.list_operators`.
    metrics
        What is optimised: a metric of tone-mapped or SDR pictures, several, or names with weights;
        those that need a reference get the light.
    plan
        Budget, seed, restarts and method; see :class:`~hdrmetrics.optimize.search.Plan`.
    judge
        A metric that is never optimised: where it finds the tuned picture worse than the default's,
        the default is returned. Several, of which any can refuse: FSITM sees structure,
        ``chromaticity`` lost colour. ``None`` for no judge.
    tolerance
        By how much a judge may find it worse, in its unit.
    only
        Names of the settings to tune; by default those that are not fixed, but for one where two
        say the same (:attr:`~hdrmetrics.tonemap.OperatorInfo.searched`).
    color, saturation, transfer, fixed
        As for :func:`hdrmetrics.tonemap.tonemap`: settings given here are not tuned.

    Returns
    -------
    Optimized
        With the settings, the picture, and how they were found. A picture that no setting improves
        comes back as the default makes it, and :attr:`Optimized.reason` says why.

    Raises
    ------
    UnknownNameError, OptionError, DomainError
        For operators, settings and metrics that there are not, or that do not fit; under
        ``torch.inference_mode``, where no gradient can be had.
    ShapeError
        For several pictures, or one that is too small for a metric.
    PixelValueError
        For NaN, infinity, negative values, or a black picture.
    MissingPackageError
        If there is no gradient and CMA-ES is not installed.

    References
    ----------
    The curve and its tuning by a learned quality: F. Banterle, A. Artusi et al., tutorial on
    learned HDR quality; see :class:`hdrmetrics.tonemap.reinhard02.ReinhardFree`.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import Budget, Plan, optimize_tonemap
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> plan = Plan(Budget(evaluations=12))
    >>> found = optimize_tonemap(light, "reinhard_free", "tmqi", plan=plan, only=["alpha"])
    >>> found.after["tmqi"] >= found.before["tmqi"], found.evaluations <= 13
    (True, True)
    """
    light = one_picture(image)
    objective, referee = goals_and_judge(metrics, judge, tolerance)
    problem = ToneMapping(
        light, operator, fixed, color=color, saturation=saturation, transfer=transfer
    )
    return tune(problem, objective, plan or Plan(), referee, only)


def goals_and_judge(
    metrics: Goals, judge: Referees, tolerance: float = TOLERANCE
) -> tuple[Objective, Judges | None]:
    """Return what is optimised and who judges, both of tone-mapped pictures.

    Parameters
    ----------
    metrics, judge, tolerance
        As for :func:`optimize_tonemap`.

    Raises
    ------
    UnknownNameError, OptionError
        If there is no such metric, or the judge is optimised itself.
    DomainError
        For a metric of other pictures, or one whose reference is no light.
    """
    objective = Objective(metrics, DOMAINS, TAKES)
    referee = judges_of(judge, tolerance, objective, DOMAINS, TAKES)
    for metric in (*objective.metrics, *(referee.metrics if referee else ())):
        if metric.info.domain == "sdr" and metric.info.reference:
            raise DomainError(
                f"{metric.info.name} compares with a display-encoded picture, and here is light: "
                "take one of tone-mapped pictures (norvdpnet-tmo, tmqi, fsitm) or of pictures alone"
            )
    return objective, referee


def tune(
    problem: Tunable,
    objective: Objective,
    plan: Plan,
    judge: Judges | None,
    only: Iterable[str] | None = None,
    hints: Sequence[Mapping[str, Any]] = (),
) -> Optimized:
    """Search, then compare default and result at full size; arguments are checked already."""
    began = time.monotonic()
    default = dict(problem.default)
    with torch.no_grad():
        first = problem.whole(default)
    if judge is not None:
        judge.check_size(first)
    space = Space(problem.parameters, problem.start, problem.moved(only), owner=problem.name)
    found = search(problem, space, objective, plan, hints)
    chosen = {**default, **found.settings}
    with torch.no_grad():
        second = problem.whole(chosen)
        fitted = objective.at(problem.reference)
        losses = float(fitted.loss(first)), float(fitted.loss(second))
    before, reason, verdict = fitted.values(first), "", None
    if not losses[1] < losses[0]:
        reason = f"no settings were found that are better by {' and '.join(objective.names)}"
    elif judge is not None:
        verdict = judge.verdict(first, second, problem.reference)
        if verdict.worse:
            reason = (
                f"{verdict.metric} finds the tuned picture worse ({verdict.after:.4g}) than the "
                f"default's ({verdict.before:.4g})"
            )
    tuned = not reason
    return Optimized(
        name=problem.name,
        settings=chosen if tuned else default,
        default=default,
        picture=second if tuned else first,
        before=before,
        after=fitted.values(second) if tuned else before,
        tuned=tuned,
        reason=reason,
        found=chosen,
        verdict=verdict,
        trace=tuple(found.trials),
        seconds=time.monotonic() - began,
    )


def one_picture(image: Tensor) -> Tensor:
    """Return light as ``(1, C, H, W)``, checked.

    Raises
    ------
    ShapeError
        For several pictures.
    PixelValueError
        For NaN, infinity, negative values, or a black picture.
    OptionError
        Under ``torch.inference_mode``, where no gradient can be had.
    """
    refuse_inference_mode()
    light = check_light(image)
    if light.shape[0] != 1:
        raise ShapeError(f"settings are tuned for one picture at a time, not {light.shape[0]}")
    if not bool((light > 0).any()):
        raise PixelValueError("the picture is black: there is nothing to tune a tone mapping for")
    return light.detach()


def refuse_inference_mode() -> None:
    """Raise :class:`OptionError` under ``torch.inference_mode``, where no gradient can be had."""
    if torch.is_inference_mode_enabled():
        raise OptionError(
            "torch.inference_mode() takes gradients away for good: call it outside, or under "
            "torch.no_grad(), which does not"
        )
