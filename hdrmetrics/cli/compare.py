"""The command ``compare``: pictures against their references, with maps of the differences."""

from __future__ import annotations

import argparse
from typing import Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.defaults import WITH_REFERENCE


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="compare pictures with their references",
        usage="hdrmetrics compare [options] TEST REFERENCE\n"
        "       hdrmetrics compare [options] TEST [TEST ...] -r REFERENCE [REFERENCE ...]\n"
        "       hdrmetrics compare [options] METHOD METHOD [METHOD ...] -r REFERENCE",
        description="Compare pictures with their references, which are paired by name; one "
        "reference file serves all. Several folders with pictures of the same names are methods: "
        "they get one table with their means and paired differences.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="TEST", help="file, folder or 'pattern'")
    parser.add_argument(
        "-r", "--reference", nargs="+", metavar="REFERENCE", help="file, folder or 'pattern'"
    )
    shared.add_scoring(
        parser, WITH_REFERENCE, "", "where the differences are", "pairs", run,
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Compare the files."""
    from hdrmetrics.cli.findings import find_sets, score_and_report
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.cli.pages import check_report, write_findings

    names = shared.chosen_metrics(arguments.metric, WITH_REFERENCE)
    tests, references = arguments.files, arguments.reference
    if references is None:
        if len(tests) != 2:
            raise OptionError(
                f"compare takes one test and one reference; for {len(tests)} files say which are "
                "the references: compare TEST … --reference REFERENCE …"
            )
        tests, references = tests[:1], tests[1:]
    sets = find_sets(tests, references, recursive=arguments.recursive)
    settings = shared.settings(arguments, names)
    check_report(arguments.report)
    writer = shared.map_writer(arguments, sets, names, settings)
    say_what_is_left_out(arguments, [*tests, *references])
    return score_and_report(
        sets, names, settings, arguments, writer=writer,
        finish=lambda found: write_findings(found, arguments),
    )  # fmt: skip
