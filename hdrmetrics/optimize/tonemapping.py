"""Tone-mapping operators tuned by quality, one operator at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.errors import DomainError, PixelValueError, ShapeError
from hdrmetrics.optimize.judge import Judges, Referees, judges_of
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.picture_problem import PictureProblem
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import Plan
from hdrmetrics.optimize.tuning import refuse_inference_mode, tune
from hdrmetrics.picture.pixels import check_light
from hdrmetrics.tonemap import Operator, create_operator, operator_info, to_display
from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.encode import DisplayTransfer

DOMAINS = ("tonemapped", "sdr")
TAKES = "display-encoded pictures"
JUDGE, TOLERANCE = "fsitm", 0.01
"""FSITM looks at local phase, which no curve that a search could be tempted by improves."""


class ToneMapping(PictureProblem):
    """Light and a tone-mapping operator whose settings are searched.

    Parameters
    ----------
    light
        ``(1, C, H, W)`` in cd/m², which results are compared with, too.
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
        self.color, self.saturation, self.transfer = color, saturation, transfer
        self.name, self.fixed = operator, dict(fixed)
        made = self.operator({})
        found = {name: float(value[0]) for name, value in made.settings_of(light).items()}
        info = made.info
        super().__init__(light, operator, info.parameters, info.differentiable, found, fixed, light)

    @property
    def light(self) -> Tensor:
        """The picture."""
        return self.picture

    def moved(self, only: Iterable[str] | None, /) -> Iterable[str] | None:
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

    def render_on(self, light: Tensor, settings: Mapping[str, Any], /) -> Tensor:
        """Return code values of light tone-mapped with some settings."""
        operator = self.operator(settings)
        return to_display(operator(light), transfer=self.transfer, encoded=operator.info.encoded)


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
