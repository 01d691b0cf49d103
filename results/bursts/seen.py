"""Records of made bursts and of strangers, kept line by line so that a run can go on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from tqdm import tqdm

from datasets.scenes.groups import read_groups
from hdrmetrics import as_image, create_metric, read_image
from hdrmetrics.collection.bursts.looks import look_of
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.nima import Nima
from results.bursts.made import Member, copies, series

KINDS = {"series": series, "copies": copies}
STRANGER = "stranger"


def see(photographs: Path, crowd: Path, out: Path, *, sources: int, strangers: int) -> None:
    """Append the records of bursts and of strangers that are not there yet.

    Parameters
    ----------
    photographs
        Whose scenes are registered; every one is a stranger too, bursts are made of some.
    crowd
        Other photographs.
    out
        A file of JSON lines.
    sources
        Groups of scenes that bursts are made of, evenly.
    strangers
        Photographs of the crowd, evenly.
    """
    done = {json.loads(line)["name"] for line in out.open()} if out.exists() else set()
    nima = cast(Nima, create_metric("nima"))
    with out.open("a", encoding="utf-8") as file:
        jobs = _jobs(photographs, crowd, sources, strangers)
        for source, group, kind, path in tqdm(jobs, mininterval=30):
            if f"{source}/{kind}" in done:
                continue
            members = members_of(kind, path)
            lines = []
            for index, member in enumerate(members):
                image = as_image(member.codes)
                tensor = image.tensor()
                seen = nima.statistics(tensor) if kind != STRANGER else None
                look = look_of(image, statistics=seen)
                score = None
                if seen is not None:
                    views = [float(mean_score(nima.network.judge(one))) for one in seen]
                    score = sum(views) / len(views)
                lines.append({
                    "source": source, "group": group, "kind": kind, "index": index,
                    "done": member.done, "width": image.width, "height": image.height,
                    "nima": score, "look": look.to_dict(),
                })  # fmt: skip
            record = {"name": f"{source}/{kind}", "members": lines}
            file.write(json.dumps(record) + "\n")
            file.flush()


def _jobs(
    photographs: Path, crowd: Path, sources: int, strangers: int
) -> list[tuple[str, str, str, Path]]:
    registered = read_groups()
    files = {path.stem: path for path in sorted(photographs.iterdir()) if path.suffix != ".csv"}
    groups: dict[str, list[str]] = {}
    for name in files:
        groups.setdefault(registered[name].group if name in registered else name, []).append(name)
    names = sorted(groups)
    chosen = [names[i * len(names) // sources] for i in range(min(sources, len(names)))]
    jobs = [
        (groups[name][0], name, list(KINDS)[i % len(KINDS)], files[groups[name][0]])
        for i, name in enumerate(chosen)
    ]
    jobs += [(one, name, STRANGER, files[one]) for name in names for one in groups[name]]
    others = sorted(crowd.iterdir())
    jobs += [
        (path.stem, path.stem, STRANGER, path)
        for path in others[:: max(1, len(others) // max(strangers, 1))][:strangers]
    ]
    order = np.random.default_rng(0).permutation(len(jobs))  # so that any beginning is fair
    shuffled = [jobs[i] for i in order]
    return sorted(shuffled, key=lambda job: job[2] == STRANGER)


def members_of(kind: str, path: Path) -> list[Member]:
    """Return the pictures of a burst, the same ones whenever it is asked for; one of a stranger."""
    image = read_image(path)
    if kind == STRANGER:
        return [Member("", np.round(255 * image.pixels).astype(np.uint8))]
    draw = np.random.default_rng(zlib.crc32(f"{path.stem}/{kind}".encode()))
    return KINDS[kind](np.asarray(image.pixels, np.float64), draw)


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Return the members of all bursts, and the strangers, one after the other."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield from json.loads(line)["members"]
