"""Inverse tone-mapping operators tuned by quality, with a reference or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.expand import get_expansion
from hdrmetrics.expand.signal import SdrTransfer
from hdrmetrics.optimize.judge import Referees, judges_of
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.picture_problem import PictureProblem
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import Plan
from hdrmetrics.optimize.tuning import refuse_inference_mode, tune
from hdrmetrics.picture.pixels import check_codes, check_light

OPERATOR = "kovaleski-oliveira14"
DOMAINS = ("hdr",)
TAKES = "HDR pictures in cd/m²"
JUDGE, TOLERANCE = "norvdpnet", 0.5
"""Of the metrics without a reference, it refused most of what HDR-VDP-2 found worse: at this
tolerance 6 of 9, in 18 trials on nine scenes (at 0: 7 of 9, and 4 of 9 that were better)."""


class Expanding(PictureProblem):
    """An SDR picture and an inverse operator whose settings are searched.

    Parameters
    ----------
    codes
        ``(1, C, H, W)`` in [0, 1].
    operator
        Its name.
    reference
        The light that is wanted, ``(1, C, H, W)``, if it is known.
    fixed
        Settings that the user chose, ``peak``, ``transfer`` and ``gamma`` among them.
    """

    def __init__(
        self, codes: Tensor, operator: str, reference: Tensor | None, fixed: Mapping[str, Any]
    ) -> None:
        fixed = {name: value for name, value in fixed.items() if value is not None}
        self.operator = get_expansion(operator)
        info, found = self.operator.info, self.operator.settings_of(codes, **fixed)
        super().__init__(
            codes, operator, info.parameters, info.differentiable, found, fixed, reference
        )

    def moved(self, only: Iterable[str] | None, /) -> Iterable[str] | None:
        """Return the settings to move: those that were named, or those worth it."""
        if only is not None:
            return only
        # Sizes in pixels would mean something else on a thumbnail.
        real = (p.name for p in self.parameters if p.kind == "real" and p.unit != "px")
        return [name for name in self.operator.info.searched or real if name in self.start]

    def render_on(self, codes: Tensor, settings: Mapping[str, Any], /) -> Tensor:
        """Return the light of code values expanded with some settings."""
        # What the default says of settings beside the fixed ones, this picture says, not its copy.
        return self.operator(codes, **{**self.default, **self.fixed, **settings})


def optimize_expansion(
    image: Tensor,
    operator: str = OPERATOR,
    metrics: Goals = "norvdpnet-itmo",
    *,
    reference: Tensor | None = None,
    plan: Plan | None = None,
    judge: Referees = JUDGE,
    tolerance: float = TOLERANCE,
    only: Iterable[str] | None = None,
    peak: float = 1000.0,
    transfer: SdrTransfer = "gamma",
    gamma: float = 2.2,
    **fixed: Any,
) -> Optimized:
    """Tune the settings of an inverse tone-mapping operator for one picture by quality metrics.

    Parameters
    ----------
    image
        ``(1, C, H, W)`` (or ``(C, H, W)``, ``(H, W)``), display-encoded in [0, 1].
    operator
        One of :func:`hdrmetrics.expand.list_expansions`.
    metrics
        What is optimised: a metric of HDR pictures, several, or names with weights.
    reference
        The light that is wanted, of the same size, in cd/m²; needed by metrics that compare.
    plan
        Budget, seed, restarts and method; see :class:`~hdrmetrics.optimize.search.Plan`.
    judge
        A metric that is never optimised: where it finds the tuned picture worse than the default's,
        the default is returned. Several, of which any can refuse, or ``None`` for no judge.
    tolerance
        By how much a judge may find it worse, in its unit.
    only
        Names of the settings to tune; by default those that the operator names as worth it
        (``searched`` of its info), or else the real ones that are no sizes in pixels; none of them
        where it is fixed.
    peak, transfer, gamma, fixed
        As for :func:`hdrmetrics.expand.expand`: settings given here are not tuned.

    Returns
    -------
    Optimized
        With the settings, the light, and how they were found. A picture that no setting improves
        comes back as the default makes it, and :attr:`Optimized.reason` says why.

    Raises
    ------
    UnknownNameError, OptionError, DomainError
        For operators, settings and metrics that there are not, or that do not fit; for code values
        outside [0, 1]; under ``torch.inference_mode``, where no gradient can be had.
    ShapeError
        For several pictures, a reference of another size, or a picture too small for a metric.
    PixelValueError
        For NaN, infinity, or a black picture.
    MissingPackageError
        If there is no gradient and CMA-ES is not installed.

    References
    ----------
    F. Banterle, A. Artusi, A. Moreo, F. Carrara and P. Cignoni, "NoR-VDPNet++: real-time
    no-reference image quality metrics", IEEE Access 11, 2023.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import Budget, Plan, optimize_expansion
    >>> code = torch.linspace(0, 1, 96).expand(1, 3, 96, 96)
    >>> wanted = 400 * code**2.2
    >>> plan = Plan(Budget(evaluations=12))
    >>> found = optimize_expansion(
    ...     code, "akyuz07", "pu21-psnr", reference=wanted, plan=plan, judge=None, peak=400
    ... )
    >>> found.name, found.after["pu21-psnr"] >= found.before["pu21-psnr"]
    ('akyuz07', True)
    """
    refuse_inference_mode()
    codes = check_codes(image, "Divide 8-bit values by 255; light in cd/m² is HDR already").detach()
    if codes.shape[0] != 1:
        raise ShapeError(f"settings are tuned for one picture at a time, not {codes.shape[0]}")
    if not bool((codes > 0).any()):
        raise PixelValueError("the picture is black: there is nothing to tune an expansion for")
    wanted = None if reference is None else check_light(reference).detach()
    if wanted is not None and wanted.shape != codes.shape:
        raise ShapeError(
            f"the reference is {tuple(wanted.shape)}, the picture {tuple(codes.shape)}: give one "
            "of the same size"
        )
    objective = Objective(metrics, DOMAINS, TAKES)
    referee = judges_of(judge, tolerance, objective, DOMAINS, TAKES)
    for metric in referee.metrics if referee else ():
        if metric.info.reference and wanted is None:
            raise OptionError(f"{metric.info.name} judges with a reference: give one")
    common = {"peak": peak, "transfer": transfer, "gamma": gamma}
    problem = Expanding(codes, operator, wanted, {**common, **fixed})
    return tune(problem, objective, plan or Plan(), referee, only)
