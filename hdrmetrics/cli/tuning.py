"""What ``--optimize`` and its companions ask for: goals, budget, judge."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.metric import Metric
    from hdrmetrics.optimize.budget import Budget
    from hdrmetrics.optimize.search import Plan

BEST = "best"
"""In place of an operator: whichever suits the picture."""

NO_JUDGE = "none"


def add_tuning(parser: argparse.ArgumentParser, example: str, judge: str) -> None:
    """Add what tunes an operator's settings.

    Parameters
    ----------
    parser
        Of the command.
    example
        A metric, for the help.
    judge
        The one that judges where nobody chooses.
    """
    group = parser.add_argument_group("tuning")
    group.add_argument(
        "--optimize", action="append", default=[], metavar="METRIC[=WEIGHT][,...]",
        help=f"tune the settings that --set leaves open by a metric, {example} for example, or the "
        "weighted sum of several",
    )  # fmt: skip
    shared.add_option(group)
    group.add_argument(
        "--budget", metavar="N|Ns",
        help="pictures tried for each that is written, or seconds as in 20s (default: 60); with "
        "--operator best for each of the three operators that are tuned",
    )  # fmt: skip
    group.add_argument(
        "--judge", metavar="METRIC[,...]",
        help="a metric that is not optimised and can refuse what the search found, or several, or "
        f"none (default: {judge})",
    )  # fmt: skip
    group.add_argument("--seed", type=_seed, metavar="N", help="of the search (default: 0)")
    group.add_argument(
        "--report", metavar="PAGE.html",
        help="write a page: before and after, how the search went, and why results were refused "
        "(needs the extra report)",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is asked for.

    Parameters
    ----------
    goals
        Metrics with their weights.
    plan
        Budget and seed.
    judges
        The metrics that judge, of which any can refuse.
    page
        Where a page goes.
    options
        Of metrics, the judges among them, by name.
    """

    goals: dict[str, float]
    plan: Plan
    judges: tuple[str, ...]
    page: str | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def made(self) -> tuple[dict[str | Metric, float], list[str | Metric] | None]:
        """Return what is optimised with its weights, and the judges; each with its options.

        Raises
        ------
        HdrMetricsError
            If there is no such metric, or its options do not go together.
        """
        goals = {self._made(name): weight for name, weight in self.goals.items()}
        return goals, [self._made(name) for name in self.judges] or None

    def _made(self, name: str) -> str | Metric:
        from hdrmetrics.catalogue.metrics import create_metric

        return create_metric(name, **self.options[name]) if name in self.options else name

    @property
    def told(self) -> dict[str, Any]:
        """JSON-ready facts beside what a search says of itself."""
        return {"options": {k: dict(v) for k, v in self.options.items()}} if self.options else {}

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The options, as a line below a table."""
        texts = [f"{n}.{k}={v}" for n, some in self.options.items() for k, v in some.items()]
        return [("options", " ".join(texts))] if texts else []

    @property
    def judged(self) -> str:
        """The judges, as a sentence has them."""
        return ", ".join(self.judges) or NO_JUDGE

    @property
    def named(self) -> str:
        """The metrics, as a sentence has them."""
        if len(self.goals) == 1:
            return next(iter(self.goals))
        return " + ".join(f"{weight:g}·{name}" for name, weight in self.goals.items())


def read_tuning(arguments: argparse.Namespace, judge: str) -> Tuning | None:
    """Return what is asked for, ``None`` where nothing is to be tuned.

    Raises
    ------
    OptionError
        For values that cannot be, or companions without ``--optimize``.
    """
    goals = read_goals(arguments.optimize)
    if not goals:
        for name in ("budget", "judge", "seed", "report", "option"):
            if getattr(arguments, name) not in (None, []):
                raise OptionError(f"--{name} goes with --optimize METRIC")
        return None
    from hdrmetrics.catalogue.metrics import canonical_name
    from hdrmetrics.cli.options import parse_options
    from hdrmetrics.optimize.search import Plan

    if arguments.report is not None:
        check_page(arguments.report)
    named = judge if arguments.judge is None else arguments.judge
    judges = tuple(canonical_name(name.strip()) for name in named.split(","))
    judges = () if judges == (NO_JUDGE,) else judges
    options = parse_options(arguments.option, [*goals, *judges])
    plan = Plan(budget=read_budget(arguments.budget), seed=arguments.seed or 0)
    return Tuning(goals, plan, judges, arguments.report, options)


def read_goals(texts: Sequence[str]) -> dict[str, float]:
    """Return metrics with weights of ``METRIC[=WEIGHT][,...]``.

    Raises
    ------
    OptionError
        If a weight is no number above 0, or a metric is there twice.

    Examples
    --------
    >>> read_goals(["norvdpnet-tmo,nima=0.1"])
    {'norvdpnet-tmo': 1.0, 'nima': 0.1}
    """
    from hdrmetrics.catalogue.metrics import canonical_name

    goals: dict[str, float] = {}
    for text in (part.strip() for given in texts for part in given.split(",")):
        name, equals, number = (part.strip() for part in text.partition("="))
        if not name or (equals and not number):
            raise OptionError(f"--optimize is METRIC or METRIC=WEIGHT, not {text!r}")
        name = canonical_name(name)
        if name in goals:
            raise OptionError(f"--optimize names {name} twice")
        try:
            goals[name] = shared.positive(number) if equals else 1.0
        except argparse.ArgumentTypeError as error:
            raise OptionError(f"--optimize {text}: the weight {error}") from None
    return goals


def read_budget(text: str | None) -> Budget:
    """Return the budget of ``N`` or ``Ns``.

    Raises
    ------
    OptionError
        If it is neither.

    Examples
    --------
    >>> read_budget("20s")
    Budget(evaluations=None, seconds=20.0)
    """
    from hdrmetrics.optimize.budget import Budget

    if text is None:
        return Budget()
    number = text.strip().removesuffix("s")
    try:
        if number != text.strip():
            return Budget(seconds=float(number))
        return Budget(evaluations=int(number))
    except ValueError as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"--budget is a number, or seconds as in 20s; not {text!r}") from None


def check_page(target: str) -> None:
    """Refuse, before any work, a page that could not be written.

    Raises
    ------
    OptionError
        If it is not called like one.
    MissingPackageError
        If what makes pages or plots is not installed.
    """
    from hdrmetrics.cli.pages import check_report
    from hdrmetrics.report.traces import check_plots

    check_report(target)
    check_plots()


def _seed(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"is a whole number of at least 0, not {text!r}")
    return value
