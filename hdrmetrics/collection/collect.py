"""From the files of a collection to their records: what is known is looked up, the rest is made."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hdrmetrics.collection.engine import Engine
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.keeping.cache import Cache, Picture
from hdrmetrics.collection.keeping.keys import FILE, PREVIEW, key_of
from hdrmetrics.collection.keeping.parts import Parts
from hdrmetrics.collection.keeping.stamps import Stamp, digest_of, stamp_of
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.io.kinds import sniff


class Collecting:
    """The records of a collection in the making.

    Parameters
    ----------
    items
        Its files; their names are unique.
    plan
        What is wanted of each.
    parts
        What that depends on; see :func:`~hdrmetrics.collection.keeping.keys.parts_of`.
    cache
        What is known, and where to keep what is found; ``None`` for neither. Of errors only damage
        of files is kept, where it is sure: what may pass, as short memory over which some decoders
        fail without a word of it, and a metric that failed, is tried again the next time.
    """

    def __init__(
        self, items: Sequence[Item], plan: Plan, parts: Mapping[str, str], cache: Cache | None
    ) -> None:
        self.items = items
        self.plan = plan
        self._parts = parts
        self._cache = cache
        self._forms = Parts()
        self._keys: dict[str, dict[str, bytes]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._found: dict[str, Record] = {}
        self._in_part: dict[str, Record] = {}  # that lack something
        if cache is not None:
            for item in items:
                self._look_up(item, cache)

    @property
    def done(self) -> int:
        """How many records there are."""
        return len(self._found)

    @property
    def records(self) -> list[Record]:
        """Those that are there, in the order of the items."""
        return [self._found[one.name] for one in self.items if one.name in self._found]

    def preview(self, record: Record) -> bytes | None:
        """Return the preview of one of :attr:`records`, as long as the cache is open.

        Those that the cache keeps are not in the records: ten thousand would take much memory.
        """
        if record.preview is not None or self._cache is None or not self.plan.preview:
            return record.preview
        picture = self._cache.picture(bytes.fromhex(record.digest))
        if picture is None:
            return None
        key = self._keys_of(picture.kind)[PREVIEW]
        return self._cache.parts(picture.digest, [key]).get(key)

    def run(self, engine: Engine, tell: Callable[[Record], None] = lambda record: None) -> None:
        """Make the records that are not there yet.

        Parameters
        ----------
        engine
            Who makes them.
        tell
            Called with each.

        Raises
        ------
        OptionError, UnknownNameError
            As of the engine.
        KeyboardInterrupt
            After which what was finished is in :attr:`records`, and kept.
        """

        def finish(record: Record) -> None:
            if record.name in self._found:  # told twice, see make_rows
                return
            record = self._forms.shared(record)
            self._keep(record)
            if (before := self._in_part.get(record.name)) is not None:
                record = dataclasses.replace(
                    record,
                    scores=before.scores | record.scores,
                    look=record.look or before.look,
                    preview=record.preview or before.preview,
                )
            self._found[record.name] = self._lightened(record)
            tell(record)

        todo: dict[tuple[Any, ...], tuple[Plan, list[Item]]] = {}
        for item in self.items:
            if item.name in self._found:
                continue
            if self._cache is not None and self._moved(item, self._cache):
                tell(self._found[item.name])
                continue
            plan = self._rest_of_plan(item)
            kind = plan.metrics, plan.looks, plan.preview
            todo.setdefault(kind, (plan, []))[1].append(item)
        for plan, items in todo.values():
            engine(items, plan, finish)

    # -- what is known --------------------------------------------------------------------

    def _look_up(self, item: Item, cache: Cache) -> None:
        """Find the record of a file that was not changed since it was made."""
        stamp = stamp_of(item.path)
        if stamp is None:
            return
        self._stamps[item.name] = stamp
        picture = cache.picture_of(Path(item.path), stamp.text)
        if picture is not None:
            self._put_together(item, picture, cache)

    def _moved(self, item: Item, cache: Cache) -> bool:
        """Find the record of bytes that had another name or time; return whether there is one."""
        stamp = self._stamps.get(item.name)
        if stamp is None or item.name in self._in_part or not cache.has_size(stamp.size):
            return False
        digest = digest_of(item.path)
        picture = None if digest is None else cache.picture(digest)
        if picture is None or not self._put_together(item, picture, cache):
            return False
        if stamp.settled and stamp_of(item.path) == stamp:
            cache.add_name(picture.digest, Path(item.path), stamp.text)
        return True

    def _put_together(self, item: Item, picture: Picture, cache: Cache) -> bool:
        """Note the record of known bytes, or a part of it; return whether it is whole."""
        keys = self._keys_of(picture.kind)
        values = cache.parts(picture.digest, list(keys.values()))
        there = {name: values[key] for name, key in keys.items() if key in values}
        empty = Record(item.path, item.name, picture.digest.hex(), picture.width, picture.height)
        try:
            record = self._forms.record(empty, there)
        except (ValueError, KeyError, TypeError, zlib.error):  # damaged: made anew
            return False
        lacking = set() if FILE in there else keys.keys() - there.keys() - {FILE}
        if not lacking:
            self._found[item.name] = dataclasses.replace(record, preview=None)
        elif there:
            self._in_part[item.name] = record
        return not lacking

    def _lightened(self, record: Record) -> Record:
        """Return a record without the preview that the cache keeps."""
        if record.preview is None:
            return record
        bare = dataclasses.replace(record, preview=None)
        return record if self.preview(bare) is None else bare

    def _rest_of_plan(self, item: Item) -> Plan:
        """Return what is to be done for an item of which a part may be known."""
        known = self._in_part.get(item.name)
        if known is None:
            return self.plan
        rest = tuple(name for name in self.plan.metrics if name not in known.scores)
        return dataclasses.replace(
            self.plan,
            metrics=rest,
            looks=self.plan.looks and known.look is None,
            preview=self.plan.preview if known.preview is None else 0,
        )

    def _keys_of(self, kind: str) -> dict[str, bytes]:
        if kind not in self._keys:
            # Some files need more than the usual decoder of their format, as JPEG with a gain map.
            self._keys[kind] = {
                name: key_of(text, "" if name == FILE else kind)
                for name, text in self._parts.items()
            }
        return self._keys[kind]

    # -- what is kept ---------------------------------------------------------------------

    def _keep(self, record: Record) -> None:
        """Keep what was made, unless the file was changed under it."""
        stamp = self._stamps.get(record.name)
        if self._cache is None or stamp is None:
            return
        digest = bytes.fromhex(record.digest)
        if record.damaged and record.name not in self._in_part:
            digest = digest_of(record.path) or b""
        if not digest:
            return
        kind = sniff(Path(record.path)) or ""
        after = stamp_of(record.path)
        if after is None or after.text != stamp.text:
            return
        keys = self._keys_of(kind)
        parts = {keys[name]: value for name, value in self._forms.of(record).items()}
        if parts:
            # Decoded at another size, what is damaged may have been read before.
            known = self._cache.picture(digest) if record.damaged else None
            of = known or record
            picture = Picture(digest, stamp.size, kind, of.width, of.height)
            # The times of a file that was written just now may not tell of what is written next.
            self._cache.add(
                picture, parts, Path(record.path), stamp.text if stamp.settled else None
            )
