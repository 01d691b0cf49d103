"""The command that finds scenes of one place, and enters new scenes into the registry of groups.

    python -m datasets.scenes.near_duplicates FOLDER --write datasets/scenes/groups.csv

Scenes that are registered keep their group, so splits never change under a table that is already
there. A new scene joins the group of the registered scene that it looks like, or shares its place's
name with; otherwise it begins a group of its own. Run it before new scenes are used.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from datasets.scenes.groups import (
    REGISTRY,
    Member,
    Reason,
    default_group,
    read_groups,
    write_groups,
)
from datasets.scenes.scene import Scene
from datasets.scenes.scene_files import find_scenes
from datasets.scenes.similarity import duplicates
from datasets.scenes.sketch import Sketch, make_sketch
from datasets.scenes.splits import SHARES, split_of
from hdrmetrics.errors import HdrMetricsError

Pair = tuple[str, str, float]
"""Names of two near-duplicates, and their similarity."""


@dataclass(slots=True)
class Assignment:
    """What the command found.

    Parameters
    ----------
    members
        The whole registry, old and new.
    added
        Names of the new scenes.
    conflicts
        In words: near-duplicates that are registered in different groups, so that somebody has to
        decide before anything is built.
    """

    members: dict[str, Member]
    added: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def assign(
    scenes: Iterable[tuple[str, bool]], pairs: Iterable[Pair], known: dict[str, Member]
) -> Assignment:
    """Give every new scene a group, without moving a registered one.

    Parameters
    ----------
    scenes
        Name of each scene, and whether it is a panorama.
    pairs
        Near-duplicates among them.
    known
        The registry so far.
    """
    result = Assignment(dict(known))
    names = {name: default_group(name, panorama) for name, panorama in scenes}
    partners: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for a, b, value in pairs:
        partners[a].append((value, b))
        partners[b].append((value, a))
        if a in known and b in known and known[a].group != known[b].group:
            result.conflicts.append(
                f"{a} ({known[a].group}) and {b} ({known[b].group}) look alike ({value:.2f})"
            )
    registered_groups = {member.group for member in known.values()}
    for cluster in _clusters(sorted(set(names) - set(known)), names, partners):
        old = [
            (value, partner) for one in cluster for value, partner in partners[one]
            if partner in known
        ]  # fmt: skip
        groups = sorted({known[partner].group for _, partner in old})
        by_name = sorted({names[one] for one in cluster} & registered_groups)
        if groups:
            group = known[max(old)[1]].group
        else:
            group = (by_name or sorted(names[one] for one in cluster))[0]
        if len(set(groups + by_name)) > 1:
            result.conflicts.append(
                f"{', '.join(cluster)} belong to several groups: "
                f"{', '.join(sorted(set(groups + by_name)))}; entered into {group}"
            )
        for one in cluster:
            reason: Reason = "alone"
            if partners[one]:
                reason = "content"
            elif len(cluster) > 1 or by_name or group != one:
                reason = "name"
            result.members[one] = Member(one, group, reason)
            result.added.append(one)
    result.added.sort()
    return result


def _clusters(
    new: Sequence[str], names: dict[str, str], partners: dict[str, list[tuple[float, str]]]
) -> list[list[str]]:
    """Return the new scenes, those that belong together in one list."""
    places: dict[str, list[str]] = defaultdict(list)
    for name in new:
        places[names[name]].append(name)
    left, clusters = set(new), []
    for name in new:
        if name not in left:
            continue
        cluster, waiting = [], [name]
        left.discard(name)
        while waiting:
            one = waiting.pop()
            cluster.append(one)
            for other in [partner for _, partner in partners[one]] + places[names[one]]:
                if other in left:
                    left.discard(other)
                    waiting.append(other)
        clusters.append(sorted(cluster))
    return clusters


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the scenes of folders; return the exit status (1 where somebody has to decide)."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.scenes.near_duplicates",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="scenes")
    parser.add_argument(
        "--registry", type=Path, default=REGISTRY, help="groups so far (default: those shipped)"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the registry there")
    options = parser.parse_args(arguments)
    try:
        scenes = [scene for folder in options.folders for scene in find_scenes(folder)]
        known = read_groups(options.registry)
        compared, sketches = _sketches(scenes)
        pairs = [
            (compared[i].name, compared[j].name, value) for i, j, value in duplicates(sketches)
        ]
        result = assign([(scene.name, scene.panorama) for scene in compared], pairs, known)
        _report(pairs, result, compared)
        if options.write:
            write_groups(result.members, options.write)
    except HdrMetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if result.conflicts else 0


def _sketches(scenes: Sequence[Scene]) -> tuple[list[Scene], list[Sketch]]:
    """Return the scenes that can be read, with their sketches; name the others."""
    read: list[Scene] = []
    sketches = []
    for scene in tqdm(scenes, desc="reading", unit="scene", disable=None):
        try:
            pixels = scene.load()
        except HdrMetricsError as error:
            print(f"left out: {scene.name}: {error}", file=sys.stderr)
            continue
        sketches.append(make_sketch(pixels, kind=scene.kind, panorama=scene.panorama))
        read.append(scene)
    return read, sketches


def _report(pairs: Sequence[Pair], result: Assignment, scenes: Sequence[Scene]) -> None:
    for a, b, value in pairs:
        print(f"alike ({value:.2f}): {a}, {b}")
    for line in result.conflicts:
        print(f"decide: {line}")
    print(f"{len(scenes)} scenes compared, {len(result.added)} new in the registry")
    for kind in ("hdr", "sdr"):
        splits = [split_of(result.members[s.name].group) for s in scenes if s.kind == kind]
        if splits:
            counts = ", ".join(f"{splits.count(split)} {split}" for split in SHARES)
            print(f"{kind}: {counts}")


if __name__ == "__main__":
    raise SystemExit(main())
