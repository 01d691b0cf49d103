"""The command line: the commands with their arguments, without doing any work."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Collection, Sequence
from typing import NoReturn

from hdrmetrics import __version__
from hdrmetrics.cli.targets import picture_name

_COMMANDS = (
    "score", "compare", "rank", "evaluate", "tonemap", "expand", "merge", "enhance", "improve",
    "annotate", "metrics", "displays", "demo",
)  # fmt: skip
_OPTIONAL_FILE = frozenset({"--json", "--csv"})
_BY_NAME = ("metrics", "displays")  # commands whose words are names, not files


class Misunderstood(SystemExit):
    """The words of a command could not be understood; the error has been printed.

    Parameters
    ----------
    message
        What was printed.
    """

    def __init__(self, message: str) -> None:
        super().__init__(2)
        self.message = message


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and that takes options between the files, too."""

    _mixing = False
    command = ""  # that the words begin with, once :meth:`optional_files` has seen them

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
        """Print the error with where to find help, and raise :class:`Misunderstood`."""
        message = " ".join(message.split())
        # Words that nobody knows are told by the whole program; the help is that of the command.
        helps = f"{self.prog} {self.command}" if self.command else self.prog
        self._print_message(f"{self.prog}: error: {message} (see {helps} --help)\n", sys.stderr)
        raise Misunderstood(message)

    def optional_files(self, argv: Sequence[str]) -> frozenset[str]:
        """Return the options of a command whose file may be left out."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction) and argv:
                command = action.choices.get(argv[0])
                self.command = "" if command is None else argv[0]
                known: set[str] = set() if command is None else set(command._option_string_actions)
                return _OPTIONAL_FILE & known
        return frozenset()


def build_parser(argv: Sequence[str]) -> Parser:
    """Return the parser for what was typed; ``arguments.run(arguments)`` does the work.

    Only the command that is named is loaded, or all of them for the help and for other words.
    """
    parser = Parser(
        prog="hdrmetrics",
        description="Quality of HDR and SDR images, with and without a reference.",
        epilog="Start with: hdrmetrics demo. Exit codes: 0 done, 1 the gate found a drop, 2 wrong "
        "usage or files that could not be scored.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"hdrmetrics {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for name in argv[:1] if argv and argv[0] in _COMMANDS else _COMMANDS:
        importlib.import_module(f"hdrmetrics.cli.{name}").add_parser(commands)
    return parser


def separate_outputs(argv: Sequence[str], known: Collection[str] = _OPTIONAL_FILE) -> list[str]:
    """Return the arguments with ``--json`` and ``--csv`` bound to a file of theirs, or to stdout.

    What follows is the file, but for what can only be meant otherwise: an option, a picture, a
    pattern or a folder. ``--json a.exr`` must not write over the picture.

    Parameters
    ----------
    argv
        As typed.
    known
        Those of the two options that the command has, with what follows of which kind they are.
    """
    bound: list[str] = []
    rest = list(argv)
    names = bool(argv) and argv[0] in _BY_NAME
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*bound, word, *rest]
        if word in known:
            takes_next = bool(rest) and _is_target(rest[0], names)
            word = f"{word}={rest.pop(0) if takes_next else '-'}"
        bound.append(word)
    return bound


def _is_target(word: str, names: bool) -> bool:
    if word == "-":
        return True
    if word.startswith("-") or not word or picture_name(word):
        return False
    if names:  # of metrics: what has an ending or a folder is none
        return "." in word or os.sep in word
    return not os.path.isdir(word) and (os.path.exists(word) or not set(word) & set("*?["))
