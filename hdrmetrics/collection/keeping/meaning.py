"""What a wish for a ranking means: its metrics, options and conditions, spelt out and checked."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.keys import parts_of
from hdrmetrics.collection.keeping.package import state
from hdrmetrics.collection.keeping.stamps import digest_of
from hdrmetrics.collection.plan import Plan
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.defaults import AXES, ranked_by
from hdrmetrics.jobs.kept import decoded, encoded


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is wanted of a collection, with what it depends on.

    Parameters
    ----------
    plan
        What is wanted of every picture.
    infos
        Of the plan's metrics.
    parts
        See :func:`~hdrmetrics.collection.keeping.keys.parts_of`.
    """

    plan: Plan
    infos: tuple[MetricInfo, ...]
    parts: Mapping[str, str]


def asked_for(by: str | Sequence[str] | None, files: Iterable[str]) -> list[str]:
    """Return the names of the metrics that were asked for, or those usual for these files.

    Parameters
    ----------
    by
        As for :func:`hdrmetrics.rank_collection`.
    files
        Of the collection.

    Raises
    ------
    OptionError
        If something was asked for, and it is no name.

    Examples
    --------
    >>> asked_for("liked,piqe", []), asked_for(None, ["a.jpg"])
    (['nima', 'piqe'], ['nima', 'norvdpnet'])
    """
    texts = [by] if isinstance(by, str) else by or []
    names = [name.strip() for text in texts for name in text.split(",")]
    if not all(names):
        raise OptionError(f"a ranking is by names of metrics, with commas, and not by {texts!r}")
    return [AXES.get(name.lower(), name) for name in names] or list(ranked_by(files))


def meaning_of(plan: Plan) -> Meaning:
    """Return what a plan means, or raise what is wrong with it for every picture.

    Raises
    ------
    OptionError, UnknownNameError, ImageReadError
        For no metric, metrics, options, displays or masks that there are not, and metrics that
        need a reference.
    """
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.jobs.ranking import check_rankable
    from hdrmetrics.jobs.settings import Setting

    if not plan.metrics:
        raise OptionError("a ranking is by a metric: name one")
    infos = tuple(metric_info(name) for name in plan.metrics)
    for info in infos:
        check_rankable(info)
    for key, value in plan.viewing.items():
        if not isinstance(value, (str, int, float, list, tuple)):
            raise OptionError(
                f"{key} is named, for pictures of any size and on any machine, and not given as "
                f"{type(value).__name__}: write it to a file, and name that"
            )
    Setting.of(plan.viewing, paired=False, lenient=True)
    return Meaning(plan, infos, parts_of(plan))


def remembered_meaning(asked: Any, make: Callable[[], Plan], cache: Cache | None) -> Meaning:
    """Return what was asked for means, from a cache where nothing else asks for PyTorch.

    Where all pictures are known, nothing is computed, and loading PyTorch, all metrics and their
    weights would take most of the time.

    Parameters
    ----------
    asked
        All that the plan follows from, as JSON has it.
    make
        Returns the plan, with what is wrong raised.
    cache
        Where meanings are kept, each with the state of all files of this package.

    Raises
    ------
    OptionError, UnknownNameError, ImageReadError
        As of :func:`meaning_of`.
    """
    # Who has loaded PyTorch may have registered metrics of their own.
    if cache is None or "torch" in sys.modules or entry_points(group="hdrmetrics.metrics"):
        return meaning_of(make())
    key = hashlib.sha256(json.dumps([asked, _files(asked), state()]).encode()).digest()
    text = cache.meaning(key)
    if text is not None:
        try:
            return _read(json.loads(text))
        except (ValueError, KeyError, TypeError):  # damaged
            pass
    found = meaning_of(make())
    cache.add_meaning(key, json.dumps(_written(found)))
    return found


def _files(asked: Any) -> list[str | None]:
    """Return the digests of the files that are named: of displays and masks."""
    words = [word for word in _words(asked) if os.path.isfile(word.partition("#")[0])]
    digests = [digest_of(word.partition("#")[0]) for word in words]
    return [None if one is None else one.hex() for one in digests]


def _words(asked: Any) -> list[str]:
    if isinstance(asked, str):
        return [asked]
    values = asked.values() if isinstance(asked, dict) else asked
    return [w for v in values for w in _words(v)] if isinstance(asked, (dict, list, tuple)) else []


def _written(one: Meaning) -> dict[str, Any]:
    return {
        "plan": encoded(dataclasses.asdict(one.plan)),
        "infos": [encoded(dataclasses.asdict(info)) for info in one.infos],
        "parts": dict(one.parts),
    }


def _read(record: Mapping[str, Any]) -> Meaning:
    return Meaning(
        Plan(**decoded(record["plan"])),
        tuple(MetricInfo(**decoded(info)) for info in record["infos"]),
        record["parts"],
    )
