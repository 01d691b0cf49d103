"""Where the maps of many pairs are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdrmetrics.errors import ImageWriteError, OptionError
from hdrmetrics.falsecolor import write_map

if TYPE_CHECKING:
    from hdrmetrics.metric import MetricInfo
    from hdrmetrics.pairing import Found
    from hdrmetrics.scoring import ScoreMap

_SUFFIXES = (".png", ".exr", ".pfm")


class MapWriter:
    """Writes each map as it is made: called with the pair's index and the map.

    Parameters
    ----------
    target
        A file for one pair: the first metric's map goes there, further ones beside it with the
        metric in their name. Otherwise a folder, which is made.
    tests
        The test files, for the names in a folder.
    infos
        The metrics.
    suffix
        Of maps in a folder.
    limits
        Of the colour scale.

    Raises
    ------
    OptionError
        If no metric has a map, a file is given for several pairs, or the limits are for several
        metrics.
    """

    def __init__(
        self,
        target: str,
        tests: Sequence[Found],
        infos: Sequence[MetricInfo],
        *,
        suffix: str,
        limits: tuple[float, float] | None,
    ) -> None:
        self.target = Path(target)
        self.metrics = [info.name for info in infos if info.has_map]
        self.tests = tests
        self.suffix = suffix
        self.limits = limits
        self._made: dict[tuple[int, int], dict[str, str]] = {}
        if not self.metrics:
            raise OptionError("none of these metrics has a map; pu21-psnr and pu21-ssim have one")
        if limits is not None and len(self.metrics) > 1:
            raise OptionError(
                f"--map-limits is for one metric; {', '.join(self.metrics)} have maps"
            )
        if limits is not None and not limits[0] != limits[1]:
            raise OptionError("the two ends of --map-limits must differ")
        self.single = self.target.suffix.lower() in _SUFFIXES and not self.target.is_dir()
        if self.single and len(tests) > 1:
            raise OptionError(f"--map is a folder for {len(tests)} pairs, not {target!r}")
        stems = [one.stem for one in tests]
        self.names = [one.stem if stems.count(one.stem) == 1 else one.name for one in tests]

    def path(self, index: int, metric: str) -> Path:
        """Return the file for a pair's map."""
        if not self.single:
            return self.target / f"{self.names[index]}.{metric}{self.suffix}"
        if metric == self.metrics[0]:
            return self.target
        return self.target.with_suffix(f".{metric}{self.target.suffix}")

    def __call__(self, index: int, found: ScoreMap) -> None:
        """Write a map."""
        path = self.path(index, found.score.metric)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageWriteError(
                f"cannot make the folder {str(path.parent)!r}: {error}"
            ) from error
        write_map(path, found, limits=self.limits)
        self._made[index, self.metrics.index(found.score.metric)] = {
            "test": str(self.tests[index].path),
            "metric": found.score.metric,
            "file": str(path),
        }

    @property
    def records(self) -> list[dict[str, str]]:
        """What was written, by pair and metric, in whatever order the pairs were done."""
        return [record for _, record in sorted(self._made.items())]

    def facts(self) -> list[tuple[str, str]]:
        """Return where the maps are, for people."""
        if not self.records:
            return []
        if not self.single:
            return [("maps", f"{len(self.records)} in {self.target}")]
        return [("map", f"{record['file']} ({record['metric']})") for record in self.records]
