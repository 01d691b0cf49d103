"""Inverse operators tuned for the pictures of a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.tuned import save_thumbnails
from hdrmetrics.cli.tuning import Tuning
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.optimize.expansion import Expanding
    from hdrmetrics.optimize.result import Optimized

_GREY = 0.2
"""Part of the display's peak that is half of white on a page."""


class ExpansionTuner:
    """Tunes inverse operators, and keeps thumbnails for a page.

    Parameters
    ----------
    tuning
        What is asked for.
    peak
        Luminance of the display's white in cd/m².

    Raises
    ------
    HdrMetricsError
        If there is no such metric, it judges other pictures, or needs a reference, which there is
        none of here.
    """

    def __init__(self, tuning: Tuning, peak: float) -> None:
        from hdrmetrics.optimize.expansion import DOMAINS, TAKES, TOLERANCE
        from hdrmetrics.optimize.judge import judges_of
        from hdrmetrics.optimize.objective import Objective

        self.tuning, self.peak = tuning, peak
        goals, judge = tuning.made()
        objective = Objective(goals, DOMAINS, TAKES)  # refuses what cannot be, first
        judges = judges_of(judge, TOLERANCE, objective, DOMAINS, TAKES)
        for metric in (*objective.metrics, *(judges.metrics if judges else ())):
            if metric.info.reference:
                raise OptionError(
                    f"{metric.info.name} compares with the light that is wanted, which is unknown "
                    "here: take a metric without a reference, or optimize_expansion in Python"
                )

    def tune(self, codes: Tensor, variant: Variant, path: Path) -> tuple[Optimized, dict[str, Any]]:
        """Return what the search found for a picture, and JSON-ready facts about it.

        Parameters
        ----------
        codes
            ``(1, C, H, W)`` in [0, 1].
        variant
            Operator and fixed settings.
        path
            Of the picture that will be written, by which its thumbnails are called.
        """
        from hdrmetrics.optimize.expansion import Expanding, optimize_expansion

        goals, judge = self.tuning.made()
        found = optimize_expansion(
            codes, variant.operator, goals, plan=self.tuning.plan, judge=judge, peak=self.peak,
            **variant.settings,
        )  # fmt: skip
        details: dict[str, Any] = {"optimization": found.to_dict() | self.tuning.told}
        if self.tuning.page is not None:
            fixed = {"peak": self.peak, **variant.settings}
            shown = _Shown(Expanding(codes, variant.operator, None, fixed))
            details["thumbnails"] = save_thumbnails(shown, found, path, self.tuning.page)
        return found, details


class _Shown:
    """Expanded light as a page can show it: tone-mapped, all settings alike."""

    def __init__(self, problem: Expanding) -> None:
        self.problem = problem

    def at(self, side: int) -> _ShownScene:
        return _ShownScene(self.problem, side)


class _ShownScene:
    reference = None

    def __init__(self, problem: Expanding, side: int) -> None:
        self.scene = problem.at(side)
        # One curve for all, made for the display's peak: brighter light looks brighter.
        self.middle = _GREY * problem.fixed["peak"]

    def render(self, settings: Mapping[str, Any]) -> Tensor:
        from hdrmetrics.tonemap import tonemap

        return tonemap(self.scene.render(settings), "reinhard_free", alpha=1.0, mu=self.middle)
