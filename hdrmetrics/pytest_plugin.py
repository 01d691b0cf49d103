"""The pytest plugin: a fixture that asserts how good pictures are."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hdrmetrics.gate.result import Check, GateReport
    from hdrmetrics.jobs.inputs import Source

    Pictures = Source | Sequence[Source] | Mapping[str, Source]
    Cases = dict[str, tuple[Source, Source | None]]

OPTION = "--hdr-update-baseline"
FOLDER = "hdr_baselines"
_SHOWN = 10  # rows of the table in a message

_written = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--hdr-update-baseline``."""
    group = parser.getgroup("hdrmetrics", "image quality (hdrmetrics)")
    group.addoption(
        OPTION,
        action="store_true",
        help="write the baselines of hdr_quality.check(within=...) instead of comparing with them",
    )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which baselines were written."""
    for path in config.stash.get(_written, []):
        terminalreporter.write_line(f"hdrmetrics: baseline written: {path}")


@pytest.fixture
def hdr_quality(request: pytest.FixtureRequest) -> HdrQuality:
    """Assert how good pictures are: ``hdr_quality.check(test, reference, at_least=38)``."""
    return HdrQuality(request)


class HdrQuality:
    """What the fixture ``hdr_quality`` is; see :meth:`check`."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config
        self._used: set[Path] = set()

    def check(
        self,
        test: Pictures,
        reference: Pictures | None = None,
        metric: str | None = None,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        within: float | None = None,
        baseline: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> GateReport:
        """Assert that pictures are good enough.

        Parameters
        ----------
        test, reference
            A picture (path, :class:`hdrmetrics.Image`, array or tensor), a folder or pattern, a
            list of pictures, or pictures by name. Files are paired by name, lists by position; a
            single reference serves all. No reference for no-reference metrics.
        metric
            Default ``pu21-psnr``, without a reference ``norvdpnet``.
        at_least, at_most
            Limit for a metric that is better when higher, or when lower.
        within
            How much worse than the baseline a value may be, in the metric's unit. The baseline is
            written by ``pytest --hdr-update-baseline``.
        baseline
            The baseline file. Default: in the folder ``hdr_baselines`` beside the test file, by
            the test's and the metric's name.
        settings
            As for :func:`hdrmetrics.score`: how pixels relate to light, display, mask, region,
            device, and the options of the metric.

        Returns
        -------
        GateReport
            With the values, when all are good enough.

        Raises
        ------
        AssertionError
            With a table of the worst pictures, if some are not good enough or cannot be judged.
            A file without partner is one that cannot be judged.
        HdrMetricsError
            If the call itself is wrong.
        """
        __tracebackhide__ = True
        from hdrmetrics.errors import OptionError
        from hdrmetrics.gate.evaluation import evaluate_cases
        from hdrmetrics.jobs.defaults import WITH_REFERENCE, WITHOUT_REFERENCE
        from hdrmetrics.jobs.settings import separated

        name = metric or (WITHOUT_REFERENCE if reference is None else WITH_REFERENCE)[0]
        _check_limits(name, at_least, at_most, within)
        if baseline is not None and within is None:
            raise OptionError("a baseline is compared with: give within=")
        path, update = None, False
        if within is not None:
            path = self._claim(Path(baseline) if baseline is not None else self._default(name))
            update = self._ready(path)
        cases, problems = collect_cases(test, reference)
        viewing, options = separated(settings)
        report = evaluate_cases(
            cases,
            problems=problems,
            paired=reference is not None,
            metrics=[name],
            fail_below=None if at_least is None else {name: at_least},
            fail_above=None if at_most is None else {name: at_most},
            baseline=path,
            max_drop=None if within is None or update else {name: within},
            update_baseline=update,
            options={name: options},
            **viewing,
        )
        if report.updated:
            assert path is not None
            self._config.stash.setdefault(_written, []).append(path)
        if report.status != "pass":
            raise AssertionError(self._message(report, name))
        return report

    def _default(self, metric: str) -> Path:
        name = re.sub(r"[^\w.-]+", "_", self._node.name)
        if name != self._node.name:  # names that differ must not share a file
            name += f"-{zlib.crc32(self._node.name.encode()):08x}"
        group = getattr(self._node, "cls", None)
        folder: Path = self._node.path.parent / FOLDER / self._node.path.stem
        return folder / f"{f'{group.__name__}.' if group else ''}{name}.{metric}.json"

    def _claim(self, path: Path) -> Path:
        from hdrmetrics.errors import OptionError

        if path in self._used:
            raise OptionError(
                f"the baseline {_shown(path)} was used by this test already: give the second "
                "check() a baseline= of its own"
            )
        self._used.add(path)
        return path

    def _ready(self, path: Path) -> bool:
        """Return whether the baseline is to be written; fail if it should be there and is not."""
        __tracebackhide__ = True
        if self._config.getoption(OPTION):
            path.parent.mkdir(parents=True, exist_ok=True)
            return True
        if not path.exists():
            raise AssertionError(
                f"there is no baseline {_shown(path)} yet; if the pictures are good as they are, "
                f"make it: {self._command()}"
            )
        return False

    def _command(self) -> str:
        return f"pytest {OPTION} {self._node.nodeid!r}"

    def _message(self, report: GateReport, metric: str) -> str:
        from hdrmetrics.text.formatting import heading

        bad = [check for check in report.checks if check.status != "pass"]
        what = "fell" if report.status == "fail" else "could not be judged"
        count = f"{len(bad)} of {len(report.checks)} picture(s)"
        lines = [
            f"image quality {what}: {count} by {heading(bad[0].info)}",
            _table(bad[:_SHOWN]),
        ]
        if len(bad) > _SHOWN:
            lines.append(f"… and {len(bad) - _SHOWN} more")
        lines += [f"{c.file}: {c.message}" for c in bad[:_SHOWN] if c.status == "error"]
        known = report.conditions.get(metric, {})
        lines.append("conditions: " + ", ".join(f"{k} = {v}" for k, v in known.items()))
        if report.baseline is not None and not report.updated:
            lines.append(f"baseline: {_shown(Path(report.baseline))}")
            lines.append(f"if the change is meant: {self._command()}")
        return "\n".join(lines)


def _table(checks: Sequence[Check]) -> str:
    from hdrmetrics.cli.tables import Column, format_table
    from hdrmetrics.gate.report import change_text, limit_text

    columns = [Column("picture", shrinks="start")]
    heads = ("value", "baseline", "change", "limit", "missed by")
    columns += [Column(head, right=True) for head in heads]
    rows = [
        [
            check.file,
            check.text(check.value),
            check.text(check.baseline),
            change_text(check),
            limit_text(check),
            check.text(None if check.margin is None else -check.margin),
        ]
        for check in checks
    ]
    return format_table(columns, rows, width=None)


def _check_limits(
    name: str, at_least: float | None, at_most: float | None, within: float | None
) -> None:
    """Raise OptionError without a limit, or for one of the wrong direction."""
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.errors import OptionError

    info = metric_info(name)
    if at_least is None and at_most is None and within is None:
        raise OptionError("check() needs a limit: at_least=, at_most= or within=")
    if (at_most if info.higher_is_better else at_least) is not None:
        right = "at_least" if info.higher_is_better else "at_most"
        direction = "higher" if info.higher_is_better else "lower"
        raise OptionError(f"{name} is better when {direction}: use {right}=")


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def collect_cases(test: Pictures, reference: Pictures | None) -> tuple[Cases, dict[str, str]]:
    """Return pairs by name from whatever :meth:`HdrQuality.check` was given, and what is wrong.

    Returns
    -------
    cases
        Pairs by name.
    problems
        By name, what keeps further files from being judged: no partner, no picture.

    Raises
    ------
    PairingError
        If lists or names in memory do not fit together.
    ImageReadError
        If there is no file.
    """
    from hdrmetrics.errors import PairingError
    from hdrmetrics.jobs.pairing import find_cases, listed, scorable

    if _are_files(test) and (reference is None or _are_files(reference)):
        found = find_cases(_files(test), None if reference is None else _files(reference))
        cases, problems = scorable(found)
        return {**cases}, problems
    tests = _named(test)
    if not tests:
        raise PairingError("there are no pictures to check")
    if isinstance(reference, str) or not isinstance(reference, (Mapping, Sequence)):
        return {name: (picture, reference) for name, picture in tests.items()}, {}
    references = _named(reference)
    if tests.keys() != references.keys():
        raise PairingError(
            f"tests ({listed(list(tests))}) and references ({listed(list(references))}) differ in "
            "number or name"
        )
    return {name: (picture, references[name]) for name, picture in tests.items()}, {}


def _are_files(pictures: Pictures) -> bool:
    if isinstance(pictures, (list, tuple)):
        return bool(pictures) and all(isinstance(one, (str, os.PathLike)) for one in pictures)
    return isinstance(pictures, (str, os.PathLike))


def _files(pictures: Any) -> list[str | os.PathLike[str]]:
    return list(pictures) if isinstance(pictures, (list, tuple)) else [pictures]


def _named(pictures: Pictures) -> dict[str, Source]:
    if isinstance(pictures, Mapping):
        return dict(pictures)
    if isinstance(pictures, (list, tuple)):
        return {f"image {index + 1}": picture for index, picture in enumerate(pictures)}
    return {"image": pictures}  # type: ignore[dict-item]
