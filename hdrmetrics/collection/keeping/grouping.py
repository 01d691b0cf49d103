"""The bursts of a collection, from a cache where they were found before."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from typing import Any

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.collection.bursts.finding import find_groups
from hdrmetrics.collection.bursts.group import Group
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.package import state
from hdrmetrics.collection.record import Record

_LONGEST = 1 << 22  # characters: of hundreds of thousands of photographs groups are found again


def remembered_groups(
    records: Sequence[Record], infos: Sequence[MetricInfo], cache: Cache | None
) -> list[Group]:
    """Return what :func:`~hdrmetrics.collection.bursts.finding.find_groups` says of records.

    Where they are as they were, nothing is compared, so that PyTorch need not be loaded.

    Parameters
    ----------
    records
        Of a collection, whose names are unique.
    infos
        Of the metrics by which they were scored.
    cache
        Where groups are kept, with all they follow from; ``None`` for none.

    Examples
    --------
    >>> remembered_groups([Record("a.jpg", "a.jpg")], [], None)
    []
    """
    if cache is None or sum(record.look is not None for record in records) < 2:
        return find_groups(records)
    key = _key(records, infos)
    text = cache.meaning(key)
    if text is not None:
        try:
            return _read(json.loads(text), len(records))
        except (ValueError, KeyError, TypeError):  # damaged
            pass
    found = find_groups(records)
    text = json.dumps([[one.members, one.keeper, list(one.why.items())] for one in found])
    if len(text) <= _LONGEST:
        cache.add_meaning(key, text)
    return found


def _key(records: Sequence[Record], infos: Sequence[MetricInfo]) -> bytes:
    """Return a digest of all that groups follow from: looks, sizes, scores, and what computes."""
    versions = [_version(name) for name in ("torch", "numpy", "scipy")]
    good = [(info.name, info.says_how_good) for info in infos]
    found = hashlib.sha256(repr(["groups", state(), versions, good]).encode())
    for one in records:
        scores = [(n, s.value, s.range, s.higher_is_better) for n, s in one.scores.items()]
        found.update(repr((one.path, one.name, one.width, one.height, scores)).encode())
        found.update(repr(one.look).encode())
    return found.digest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # installed under another name
        return ""


def _read(kept: list[Any], count: int) -> list[Group]:
    found = [Group(tuple(members), keeper, dict(why)) for members, keeper, why in kept]
    named = {index for one in found for index in (*one.members, one.keeper, *one.why)}
    if not (isinstance(kept, list) and named <= set(range(count))):
        raise ValueError("groups are a list, and of records that there are")
    return found
