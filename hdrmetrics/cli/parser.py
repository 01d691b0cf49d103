"""The command line: the commands with their arguments, without doing any work."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from hdrmetrics import __version__
from hdrmetrics.cli import (
    compare,
    demo,
    displays,
    evaluate,
    expand,
    merge,
    metrics,
    rank,
    score,
    tonemap,
)

_OPTIONAL_FILE = {"--json": ".json", "--csv": ".csv"}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and that takes options between the files, too."""

    _mixing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; a command takes ``a.exr --quiet b.exr`` as it takes ``--quiet a.exr b.exr``.

        Where ``--`` ends the options, all files stand together: argparse cannot do both.
        """
        if self._subparsers is not None or self._mixing or (args and "--" in args):
            return super().parse_known_args(args, namespace)
        self._mixing = True  # what is called next calls this method again
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def error(self, message: str) -> NoReturn:
        """Print the error with where to find help, and stop with code 2."""
        message = " ".join(message.split())
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def build_parser() -> Parser:
    """Return the parser; ``arguments.run(arguments)`` does the work."""
    parser = Parser(
        prog="hdrmetrics",
        description="Quality of HDR and SDR images, with and without a reference.",
        epilog="Start with: hdrmetrics demo. Exit codes: 0 done, 1 the gate found a drop, 2 wrong "
        "usage or files that could not be scored.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"hdrmetrics {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for module in (
        score,
        compare,
        rank,
        evaluate,
        tonemap,
        expand,
        merge,
        metrics,
        displays,
        demo,
    ):
        module.add_parser(commands)
    return parser


def separate_outputs(argv: Sequence[str]) -> list[str]:
    """Return the arguments with ``--json`` and ``--csv`` bound to a file of theirs, or to stdout.

    ``--json a.exr`` must not write over the picture: what follows is the file only if it looks
    like one.
    """
    bound: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*bound, word, *rest]
        if word in _OPTIONAL_FILE:
            takes_next = rest and (rest[0] == "-" or rest[0].lower().endswith(_OPTIONAL_FILE[word]))
            word = f"{word}={rest.pop(0) if takes_next else '-'}"
        bound.append(word)
    return bound
