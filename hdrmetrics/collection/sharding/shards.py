"""How a collection is cut into shards, and the file that says so in the folder they lie in."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hdrmetrics import __version__
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.sharding.stores import Folder
from hdrmetrics.errors import ImageReadError, OptionError, TableError
from hdrmetrics.text.textfile import json_text

MANIFEST = "_shards.json"
"""In the folder; programs that read folders of Parquet files pass over such names."""

PIECES = "_pieces"
"""Folder of what is finished of a shard that was cut further."""

FORMAT = 1

LARGEST = 256
"""Pictures of a shard where there are many: minutes of work, which a killed worker loses."""

_LEAST = 4  # where there are few: one object that cannot be had says nothing of its store
_WANTED = 128  # shards, where there are pictures for as many: work for all


@dataclass(frozen=True, slots=True)
class Cut:
    """How a collection is cut.

    Parameters
    ----------
    plan
        What is wanted of every picture.
    items
        How many pictures there are.
    size
        How many of them make a shard.
    digest
        SHA-256 of the plan, the pictures' paths and names in their order, the size and the
        version of the package.
    """

    plan: Plan
    items: int
    size: int
    digest: str

    @property
    def count(self) -> int:
        """How many shards there are."""
        return -(-self.items // self.size)

    def rows(self, index: int) -> int:
        """Return how many pictures a shard has."""
        return min(self.size, self.items - index * self.size)

    def name(self, index: int) -> str:
        """Return the name of a shard's file: nothing else ever has it.

        Examples
        --------
        >>> Cut(Plan(("nima",)), 10, 4, "c0ffee" * 11).name(2)
        'shard-00000002-c0ffeec0ffee.parquet'
        """
        return f"shard-{index:08d}-{self.digest[:12]}.parquet"

    def piece(self, index: int, start: int, stop: int) -> str:
        """Return the name of the file of a part of a shard's pictures."""
        stem = self.name(index).removesuffix(".parquet")
        return f"{PIECES}/{stem}-{start:06d}-{stop:06d}.parquet"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "hdrmetrics": __version__,
            "format": FORMAT,
            "plan": dataclasses.asdict(self.plan),
            "items": self.items,
            "shard": self.size,
            "digest": self.digest,
        }


def cut(items: Iterable[Item], plan: Plan, size: int) -> Cut:
    """Return how pictures are cut into shards; they are gone through once, and not kept.

    Raises
    ------
    OptionError
        If shards are empty, or a plan holds what JSON does not know.
    ImageReadError
        If there are no pictures.
    """
    if size < 1:
        raise OptionError(f"a shard has at least one picture, not {size}")
    # In which process a file is read changes no value.
    digest = hashlib.sha256(plan_text(dataclasses.replace(plan, isolate=None)).encode())
    digest.update(f"{__version__} {size}".encode())
    count = 0
    for item in items:
        digest.update(json.dumps([item.path, item.name]).encode())
        count += 1
    if not count:
        raise ImageReadError("there are no pictures to score")
    return Cut(plan, count, size, digest.hexdigest())


def usual_size(items: Iterable[Item], folder: Folder) -> int:
    """Return how many pictures make a shard, where nobody says.

    Of few pictures shards are small, so that all workers have some. It follows from the number of
    pictures, never from that of workers: whoever goes on, on whatever machine, cuts as the first
    did. What stands in a folder is cut as it is.

    Parameters
    ----------
    items
        The pictures; some thirty thousand of them are counted, at most.
    folder
        Of the shards.

    Returns
    -------
    int
        4 to :data:`LARGEST`, or what the folder was cut by.

    Raises
    ------
    TableError
        As of :func:`read_cut`.

    Examples
    --------
    >>> none = Folder("no/such/folder")
    >>> [usual_size([Item("a.jpg", "a")] * count, none) for count in (1, 48, 1000, 40_000)]
    [4, 4, 8, 256]
    """
    if folder.has(MANIFEST):
        return read_cut(folder).size
    count = sum(1 for _ in itertools.islice(items, _WANTED * LARGEST))
    return max(_LEAST, -(-count // _WANTED))


def shards(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield the pictures of each shard.

    Examples
    --------
    >>> [len(part) for part in shards([Item("a.jpg", "a"), Item("b.jpg", "b")] * 3, 4)]
    [4, 2]
    """
    source = iter(items)
    while part := tuple(itertools.islice(source, size)):
        yield part


def plan_text(plan: Plan) -> str:
    """Return a plan as JSON, in which it travels.

    Raises
    ------
    OptionError
        If it holds what JSON does not know.

    Examples
    --------
    >>> plan_of(plan_text(Plan(("nima",)))) == Plan(("nima",))
    True
    """
    try:
        return json.dumps(dataclasses.asdict(plan), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"a plan travels as JSON, and this one cannot: {error}; name displays, masks and "
            "devices by strings"
        ) from error


def plan_of(text: str) -> Plan:
    """Return the plan that :func:`plan_text` wrote."""
    return _plan(json.loads(text))


def _plan(fields: Mapping[str, Any]) -> Plan:
    return Plan(**{**fields, "metrics": tuple(fields["metrics"])})


def keep_apart(folder: Folder, wanted: Cut) -> None:
    """Write down how a folder's shards are cut, or see that it is as it was.

    Raises
    ------
    OptionError
        If the folder holds shards of another plan or of other pictures.
    TableError
        If what is written there is damaged.
    ImageWriteError, StoreError
        If the folder cannot be written or read.
    """
    # Here, as it brings PyTorch, which schedulers need not load to hand on a job.
    from hdrmetrics.gate.baseline import differences, flatten

    if MANIFEST not in folder.names():
        folder.write(MANIFEST, json_text(wanted.to_dict()).encode())
    found = read_cut(folder)  # of another who began at the same moment, perhaps
    if found.digest == wanted.digest:
        return
    then, now = found.to_dict(), wanted.to_dict()
    told = differences(flatten(_compared(then)), flatten(_compared(now)))
    raise OptionError(
        f"{folder.address!r} holds shards of something else: "
        f"{'; '.join(told) or 'other pictures, or in another order'}. Name another folder, or "
        "remove it"
    )


def _compared(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "digest"}


def read_cut(folder: Folder | str | os.PathLike[str]) -> Cut:
    """Return how the shards of a folder are cut.

    Raises
    ------
    TableError
        If the folder holds no shards, or what is written there is damaged or of another version.
    """
    folder = folder if isinstance(folder, Folder) else Folder(folder)
    place = folder.place(MANIFEST)
    if not folder.has(MANIFEST):
        raise TableError(f"{folder.address!r} holds no shards: there is no {MANIFEST}")
    try:
        found = json.loads(folder.read(MANIFEST))
        if found["format"] != FORMAT:
            raise TableError(f"{place!r} has format {found['format']!r}, and this is for {FORMAT}")
        made = Cut(_plan(found["plan"]), found["items"], found["shard"], found["digest"])
        if not (made.items > 0 and made.size > 0 and len(made.digest) == 64):
            raise ValueError("its numbers cannot be")
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(
            f"{place!r} is damaged ({error}): remove it, and run the same command again"
        ) from error
    return made
