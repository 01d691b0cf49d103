"""The command ``rank``: the best and the worst pictures of a collection."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.machines import add_machines, scored_in_shards, wants_shards
from hdrmetrics.cli.ranking_page import PREVIEW, add_page, check_page
from hdrmetrics.cli.targets import add_tables, table_files
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.defaults import FAITHFUL, LIKED

if TYPE_CHECKING:
    from hdrmetrics.collection.collect import Collecting
    from hdrmetrics.collection.item import Item
    from hdrmetrics.collection.keeping.cache import Cache
    from hdrmetrics.collection.keeping.meaning import Meaning
    from hdrmetrics.collection.listing import Listing
    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.collection.record import Record

_TOP = 10
_VIEWING = ("peak", "scale", "display", "mask", "region", "device")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rank",
        help="order pictures by quality",
        usage="hdrmetrics rank [options] FOLDER [FOLDER ...]",
        description="Order pictures by a no-reference metric and show the best and the worst. "
        "Photographs are shown with how people like them and with how faithful they are; where "
        "one is far from the other, that is marked. What was scored is kept in a cache: run again, "
        "the command scores only what is new or changed, and goes on where it was stopped.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FOLDER",
        help="folder, file or 'pattern', or a list of files (.txt with a path per line; .csv or "
        ".parquet with a column path)",
    )  # fmt: skip
    parser.add_argument(
        "--by", action="append", default=[], metavar="WHAT",
        help="what decides the order: liked, faithful, improvability or a metric; with commas, the "
        "first decides and the others are shown",
    )  # fmt: skip
    parser.add_argument(
        "--top", type=shared.count, default=_TOP, metavar="N",
        help=f"how many of the best and of the worst to show (default: {_TOP})",
    )  # fmt: skip
    parser.add_argument(
        "--bursts", action=argparse.BooleanOptionalAction, default=None,
        help="find bursts and near-duplicates, and the best of each (default: for a page)",
    )  # fmt: skip
    shared.add_metrics(
        parser, [f"{LIKED} and {FAITHFUL} of photographs, otherwise {FAITHFUL}"],
        ", the first decides the order; as --by",
    )  # fmt: skip
    shared.add_conditions(parser, reference=False)
    shared.add_running(parser, recursive=True)
    _add_cache(parser)
    tables = parser.add_argument_group("tables")
    shared.add_csv(tables)
    shared.add_json(tables)
    tables.add_argument("--parquet", metavar="FILE.parquet", help="write a Parquet file")
    add_tables(tables)
    add_page(parser)
    add_machines(parser)
    parser.set_defaults(run=run)


def _add_cache(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("cache")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--cache", metavar="FILE",
        help="keep what is found in this file (default: one in the user's cache folder, or in that "
        "of HDRMETRICS_CACHE)",
    )  # fmt: skip
    which.add_argument("--no-cache", action="store_true", help="keep nothing and use nothing kept")
    group.add_argument(
        "--full-size", action="store_true",
        help="decode whole pictures, also where a reduced size gives nearly the same order",
    )  # fmt: skip
    asks = group.add_mutually_exclusive_group()
    asks.add_argument("--cache-info", action="store_true", help="say what the cache holds, only")
    asks.add_argument("--clear-cache", action="store_true", help="remove the cache, only")


def run(arguments: argparse.Namespace) -> int:
    """Rank the files."""
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.collection.collect import Collecting
    from hdrmetrics.collection.keeping.meaning import remembered_meaning
    from hdrmetrics.collection.listing import list_collection

    if arguments.cache_info or arguments.clear_cache:
        return _about_cache(arguments)
    if not arguments.files:
        raise OptionError("rank needs a FOLDER, a file or a pattern")
    in_shards = wants_shards(arguments)
    listing = list_collection(arguments.files, recursive=arguments.recursive, stores=in_shards)
    if in_shards:
        return _run_in_shards(listing, arguments)
    wish = _wish(arguments, [item.path for item in listing.items])
    with _opened(arguments) as cache:
        meaning = remembered_meaning(wish.text, lambda: _plan(arguments, wish), cache)
        say_what_is_left_out(arguments, arguments.files)
        collecting = Collecting(listing.items, meaning.plan, meaning.parts, cache)

        def finish() -> int:
            records = [*collecting.records, *listing.problems]
            total = len(listing.items) + len(listing.problems)
            return _finish(records, total, meaning, collecting.preview, cache, arguments)

        try:
            _work(collecting, arguments)
        except KeyboardInterrupt:
            if collecting.done and not table_files(arguments):
                finish()
            count = f"{collecting.done} of {len(listing.items)} files were done"
            more = "" if cache is None else "; the same command goes on from there"
            raise KeyboardInterrupt(f"interrupted: {count}{more}") from None
        return finish()


def _run_in_shards(listing: Listing, arguments: argparse.Namespace) -> int:
    """Rank what workers of this or other machines score."""
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.collection.keeping.meaning import meaning_of

    wish = _wish(arguments, [item.path for item in listing.items])
    meaning = meaning_of(_plan(arguments, wish))
    say_what_is_left_out(arguments, arguments.files)
    records = [*scored_in_shards(listing.items, meaning.plan, arguments), *listing.problems]
    return _finish(records, len(records), meaning, lambda record: record.preview, None, arguments)


def _finish(
    records: Sequence[Record],
    total: int,
    meaning: Meaning,
    preview: Callable[[Record], bytes | None],
    cache: Cache | None,
    arguments: argparse.Namespace,
) -> int:
    """Put records in order, write what is wanted of it and return the exit code."""
    from hdrmetrics.cli.ranking import Shown, report
    from hdrmetrics.collection.keeping.grouping import remembered_groups
    from hdrmetrics.collection.order import in_order

    groups = remembered_groups(records, meaning.infos, cache) if meaning.plan.looks else ()
    ranking = in_order(records, meaning.infos, groups)
    return report(Shown(ranking, total, arguments.top, meaning.plan, preview), arguments)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the options ask for, before anything is looked up."""

    names: list[str]
    viewing: dict[str, Any]
    looks: bool
    preview: int
    text: list[Any]


def _wish(arguments: argparse.Namespace, paths: Sequence[str]) -> _Wish:
    """Return what the options ask for, once all that can be refused before work is refused."""
    from hdrmetrics.cli.targets import check_targets
    from hdrmetrics.collection.keeping.meaning import asked_for

    names = asked_for([*arguments.by, *arguments.metric], paths)
    check_targets(arguments, [*paths, *arguments.files])  # of which some may be lists
    check_page(arguments)
    if arguments.parquet is not None:
        from hdrmetrics.collection.sharding.arrow import arrow

        arrow()
    given = {key: value for key in _VIEWING if (value := getattr(arguments, key)) is not None}
    page = arguments.report is not None
    looks = page if arguments.bursts is None else arguments.bursts
    preview = PREVIEW if page else 0
    text = [names, arguments.option, given, arguments.full_size, arguments.isolate, looks, preview]
    return _Wish(names, given, looks, preview, text)


def _work(collecting: Collecting, arguments: argparse.Namespace) -> None:
    """Make what records there are not, and show how far that is."""
    total = len(collecting.items)
    if collecting.done == total:
        return
    from hdrmetrics.cli.progress import Progress

    def engine(items: Sequence[Item], plan: Plan, tell: Callable[[Record], None]) -> None:
        # What is known by its bytes is found before this, and needs no PyTorch.
        from hdrmetrics.collection.local import Local

        Local(arguments.jobs)(items, plan, tell)

    with Progress(total, quiet=arguments.quiet, done=collecting.done, unit=" photographs") as step:
        collecting.run(engine, step)


def _plan(arguments: argparse.Namespace, wish: _Wish) -> Plan:
    """Return what is wanted of every picture, with names and options looked up."""
    from hdrmetrics.catalogue.metrics import canonical_name
    from hdrmetrics.collection.plan import Plan

    metrics = tuple(dict.fromkeys(canonical_name(name) for name in wish.names))
    options = shared.settings(arguments, metrics)["options"] or {}
    small = not arguments.full_size
    return Plan(metrics, wish.viewing, options, small, wish.looks, wish.preview, arguments.isolate)


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Cache | None]:
    from hdrmetrics.cli import messages
    from hdrmetrics.collection.keeping.cache import Cache

    if arguments.no_cache:
        yield None
        return

    def note(text: str) -> None:
        if not arguments.quiet:
            messages.warning(text)

    with Cache(arguments.cache, note) as cache:
        yield cache


def _about_cache(arguments: argparse.Namespace) -> int:
    """Say what the cache holds, or remove it."""
    from hdrmetrics.cli import messages
    from hdrmetrics.collection.keeping.cache import Cache, clear, usual_file

    if arguments.files:
        raise OptionError("--cache-info and --clear-cache take no FOLDER: nothing is ranked")
    file = usual_file() if arguments.cache is None else arguments.cache
    if arguments.clear_cache:
        print(f"{file}: {'removed' if clear(arguments.cache) else 'there is none'}")
        return 0
    if not os.path.exists(file):
        print(f"{file}: there is none")
        return 0
    with Cache(arguments.cache, messages.warning) as cache:
        info = cache.info()
        print(
            f"{file}: {info.pictures} pictures, {info.parts} scores and previews, "
            f"{info.size / 1e6:.1f} MB of at most {cache.limit / 1e6:.0f} MB"
        )
    return 0
