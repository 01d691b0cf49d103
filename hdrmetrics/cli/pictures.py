"""The course of the commands that make pictures: find files, plan, refuse what cannot be, make."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.destinations import plan_targets, ready, split_output
from hdrmetrics.cli.leftout import say_what_is_left_out
from hdrmetrics.cli.making import Job, Made, Maker, make_all
from hdrmetrics.cli.operators import check_depth
from hdrmetrics.cli.progress import Progress
from hdrmetrics.cli.retold import Retold
from hdrmetrics.cli.targets import check_targets, table_files
from hdrmetrics.jobs.pairing import find_files
from hdrmetrics.text.textfile import resolved

if TYPE_CHECKING:
    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.jobs.pairing import Found


def make_pictures(
    arguments: argparse.Namespace,
    variants: Sequence[Variant],
    maker: Maker[Any],
    *,
    endings: Sequence[str],
    ending: str,
    apart: bool = False,
) -> tuple[list[Made], int, bool]:
    """Make a picture of each file by each variant.

    Parameters
    ----------
    arguments
        Of :func:`hdrmetrics.cli.operators.add_pictures` and ``add_making``.
    variants
        What is made of each file.
    maker
        How.
    endings, ending
        Of the files that can be written, and of those in a folder.
    apart
        As for :func:`hdrmetrics.cli.destinations.plan_targets`.

    Returns
    -------
    tuple
        What became of each, how many were planned, and whether Ctrl-C ended it early.

    Raises
    ------
    HdrMetricsError
        Before anything is read, for files that are not there and outputs that cannot be.
    """
    words, output = split_output(arguments.files, arguments.output, arguments.command)
    files = without_output(find_files(words, recursive=arguments.recursive), words, output)
    say_what_is_left_out(arguments, words)
    paths = plan_targets(files, variants, output, endings=endings, ending=ending, apart=apart)
    flat = [path for some in paths for path in some]
    check_depth(flat, getattr(arguments, "depth", None))
    sources = [file.path for file, some in zip(files, paths, strict=True) for _ in some]
    check_targets(arguments, [file.path for file in files])
    wanted = iter(ready(flat, sources, arguments))
    jobs = [
        Job(file.path, tuple((v, p, next(wanted)) for v, p in zip(variants, some, strict=True)))
        for file, some in zip(files, paths, strict=True)
    ]
    target = next(iter(table_files(arguments)), None)
    retold = Retold(target, going_on=arguments.skip_existing)
    with Progress(len(flat), quiet=arguments.quiet) as step:
        made, interrupted = make_all(
            maker, jobs, workers=arguments.jobs, on_made=step, retell=retold.add
        )
    if not interrupted:
        retold.remove()
    return made, len(flat), interrupted


def without_output(
    files: list[Found], words: Sequence[str], output: str | os.PathLike[str]
) -> list[Found]:
    """Return the files without those of an earlier run, where they lie inside a folder to read."""
    target = resolved(output)
    if not any(resolved(word) in target.parents for word in words):
        return files
    kept = [one for one in files if one.named or target not in resolved(one.path).parents]
    return kept or files
