"""Where the maps of many pairs are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdrmetrics.cli.destinations import make_folder
from hdrmetrics.cli.overwriting import refuse_overwriting
from hdrmetrics.cli.targets import picture_name
from hdrmetrics.errors import OptionError
from hdrmetrics.maps.falsecolor import write_map

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.jobs.pairing import Case
    from hdrmetrics.jobs.scoring import ScoreMap
    from hdrmetrics.metric import MetricInfo

_SUFFIXES = (".png", ".exr", ".pfm")


class MapWriter:
    """Writes each map as it is made: called with the pair's index and the map.

    Parameters
    ----------
    target
        A file for one pair: the first metric's map goes there, further ones beside it with the
        metric in their name. Otherwise a folder, which is made.
    sets
        The cases by method, by ``""`` where there is one set only; methods get folders of their
        own.
    infos
        The metrics.
    suffix
        Of maps in a folder.
    limits
        Of the colour scale.

    Raises
    ------
    OptionError
        If no metric has a map, a file is given for several pairs, the file is of another format,
        or the limits are for several metrics.
    """

    def __init__(
        self,
        target: str,
        sets: Mapping[str, Sequence[Case]],
        infos: Sequence[MetricInfo],
        *,
        suffix: str,
        limits: tuple[float, float] | None,
    ) -> None:
        self.target = Path(target)
        self.metrics = [info.name for info in infos if info.has_map]
        self.suffix = suffix
        self.limits = limits
        if not self.metrics:
            raise OptionError(
                "none of these metrics has a map; hdrmetrics metrics --map lists those that do"
            )
        if limits is not None and len(self.metrics) > 1:
            raise OptionError(
                f"--map-limits is for one metric; {', '.join(self.metrics)} have maps"
            )
        if limits is not None and not limits[0] != limits[1]:
            raise OptionError("the two ends of --map-limits must differ")
        self.single = self.target.suffix.lower() in _SUFFIXES and not self.target.is_dir()
        count = sum(len(cases) for cases in sets.values())
        if self.single and count > 1:
            raise OptionError(f"--map is a folder for {count} pairs, not {target!r}")
        folder = self.target.is_dir() or not (picture_name(target) or self.target.is_file())
        if not self.single and not folder:
            raise OptionError(
                f"a map is written to .png, .exr or .pfm, or to a folder; not to {target!r}"
            )
        self.cases: list[Case] = []
        self.names: list[str] = []
        for method, cases in sets.items():
            stems = [_stem(case.name) for case in cases]
            below = f"{method}/" if method else ""
            self.names += [
                below + (stem if stems.count(stem) == 1 else case.name)
                for stem, case in zip(stems, cases, strict=True)
            ]
            self.cases += cases

    def path(self, index: int, metric: str) -> Path:
        """Return the file for a pair's map."""
        if not self.single:
            return self.target / f"{self.names[index]}.{metric}{self.suffix}"
        if metric == self.metrics[0]:
            return self.target
        return self.target.with_suffix(f".{metric}{self.target.suffix}")

    def paths(self, index: int) -> list[Path]:
        """Return the files for all maps of a pair."""
        return [self.path(index, metric) for metric in self.metrics]

    def refuse_overwriting(self, overwrite: bool, indices: Sequence[int]) -> None:
        """Refuse, before the work, maps that would replace a picture or each other.

        Raises
        ------
        OptionError
            See :func:`hdrmetrics.cli.overwriting.refuse_overwriting`.
        """
        wanted = [(self.cases[i].test, path) for i in indices for path in self.paths(i)]
        references = [case.reference for case in self.cases if case.reference is not None]
        refuse_overwriting(
            [path for _, path in wanted],
            overwrite,
            sources=[test for test, _ in wanted],
            inputs=references,
        )

    def __call__(self, index: int, found: ScoreMap) -> None:
        """Write a map."""
        path = self.path(index, found.score.metric)
        make_folder(path.parent)
        write_map(path, found, limits=self.limits)

    def records(self, rows: Mapping[int, Row]) -> list[dict[str, str]]:
        """Return which maps there are for rows, by the index of their pair."""
        return [
            {"test": row.test, "metric": metric, "file": str(self.path(index, metric))}
            for index, row in rows.items()
            for metric in self.metrics
            if metric in row.scores and f"map of {metric}" not in row.errors
        ]

    def facts(self, records: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
        """Return where the maps are, for people."""
        if not records:
            return []
        if not self.single:
            return [("maps", f"{len(records)} in {self.target}")]
        return [("map", f"{record['file']} ({record['metric']})") for record in records]


def _stem(name: str) -> str:
    return name.removesuffix(Path(name).suffix)
