"""The registry of groups: which scenes belong together, as found by name, by content or by eye."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from datasets.rows import read_rows, write_rows
from hdrmetrics.errors import OptionError

REGISTRY = Path(__file__).with_name("groups.csv")
"""The registry that comes with the code."""

Reason = Literal["alone", "name", "content", "eye"]
"""``alone``: nothing like it was known; ``name``: the group is named after a place that other takes
may show; ``content``: a near-duplicate; ``eye``: somebody looked and saw one place."""

_COLUMNS = ("scene", "group", "reason")

# Trailing words that tell when a place was photographed, not where.
_OCCASIONS = {
    "dawn", "sunrise", "morning", "midday", "noon", "day", "afternoon", "dusk", "sunset", "evening",
    "night", "clear", "cloudy", "partly", "overcast", "puresky",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One scene of the registry.

    Parameters
    ----------
    scene, group
        Names.
    reason
        Why it is in that group.
    """

    scene: str
    group: str
    reason: Reason


def place_name(name: str) -> str:
    """Return the place in the name of a panorama, which is what its takes have in common.

    Poly Haven names panoramas after places, with the number of the take, the time of day or the
    weather behind them: ``brown_photostudio_02``, ``venice_sunset``,
    ``kloofendal_48d_partly_cloudy_puresky``. Different places that share a name then share a group,
    which costs nothing.
    """
    words = name.split("_")
    while len(words) > 1 and (
        words[-1].lower() in _OCCASIONS or re.fullmatch(r"\d+[a-z]?", words[-1])
    ):
        words.pop()
    return "_".join(words)


def default_group(name: str, panorama: bool) -> str:
    """Return the group of a scene that no registry knows.

    Photographs are not grouped by name: ``kodak_10`` and ``kodak_11`` have nothing in common.
    """
    return place_name(name) if panorama else name


def read_groups(path: Path = REGISTRY) -> dict[str, Member]:
    """Return the members of a registry by scene; none if there is no such file.

    Raises
    ------
    OptionError
        If the file is no registry, or names a scene twice.
    """
    if not path.exists():
        return {}
    members: dict[str, Member] = {}
    for row in read_rows(path, "is no registry of groups"):
        scene, group, reason = (row.get(column) or "" for column in _COLUMNS)
        if not scene or not group or reason not in get_args(Reason):
            raise OptionError(
                f"{path}: a row needs scene, group and a reason of {', '.join(get_args(Reason))}; "
                f"not {row}"
            )
        if scene in members:
            raise OptionError(f"{path} names the scene {scene!r} twice")
        members[scene] = Member(scene, group, reason)  # type: ignore[arg-type]
    return members


def write_groups(members: dict[str, Member], path: Path) -> None:
    """Write a registry, sorted by scene.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    write_rows(path, _COLUMNS, (asdict(members[scene]) for scene in sorted(members)))
