"""The command ``score``: pictures by themselves, or against a reference."""

from __future__ import annotations

import argparse
from typing import Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.defaults import FAITHFUL, LIKED, WITH_REFERENCE, WITHOUT_REFERENCE


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "score",
        help="score pictures",
        usage="hdrmetrics score [options] FILE [FILE ...]",
        description="Score pictures: each by itself, or with --reference against another. Several "
        "folders with pictures of the same names are methods, as for compare.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="file, folder or 'pattern'")
    parser.add_argument(
        "-r", "--reference", nargs="+", metavar="FILE", help="one for all, or one of each name"
    )
    shared.add_scoring(
        parser, WITHOUT_REFERENCE,
        f", of photographs {LIKED} and {FAITHFUL}, with a reference {', '.join(WITH_REFERENCE)}",
        "where something is wrong", "pictures", run,
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Score the files."""
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.cli.findings import find_sets, score_and_report
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.cli.pages import check_report, write_findings
    from hdrmetrics.jobs.defaults import without_reference
    from hdrmetrics.jobs.pairing import listed

    sets = find_sets(arguments.files, arguments.reference, recursive=arguments.recursive)
    tests = [case.test for case in sets.get("", ())]
    default = without_reference(tests) if arguments.reference is None else WITH_REFERENCE
    names = shared.chosen_metrics(arguments.metric, default)
    infos = [metric_info(name) for name in names]
    lacking = [info.name for info in infos if info.reference]
    if lacking and arguments.reference is None:
        raise OptionError(f"{listed(lacking)} needs a reference: add --reference FILE")
    settings = shared.settings(arguments, names)
    check_report(arguments.report)
    writer = shared.map_writer(arguments, sets, names, settings)
    say_what_is_left_out(arguments, [*arguments.files, *(arguments.reference or ())])
    return score_and_report(
        sets, names, settings, arguments, writer=writer,
        finish=lambda found: write_findings(found, arguments),
    )  # fmt: skip
