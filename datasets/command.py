"""What commands share: how they begin, find what is named, and end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hdrmetrics.errors import HdrMetricsError, UnknownNameError

WRONG_CALL, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


Adder = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what it runs, and what that is."""


def parser_of(name: str, text: str) -> tuple[argparse.ArgumentParser, Adder]:
    """Return the parser of ``python -m NAME``, and what adds commands to it."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=text)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    return parser, add


def find_named(name: str, folder: Path, what: str) -> Path:
    """Return a TOML file: a path, or the name of one in a folder of ours.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    for path in (Path(name), folder / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in folder.glob("*.toml")))
    raise UnknownNameError(f"no file {name}, and no {what} of that name; there are {known}")


def exit_status(work: Callable[[], int], *, installs: str, stopped: str) -> int:
    """Do the work of a command and return its exit status.

    Parameters
    ----------
    work
        Returns the status of its own: 0, or that of a failure it has told.
    installs
        What the extra ``datasets`` brings, said where a package is missing.
    stopped
        Said after Ctrl-C: how to go on.

    Returns
    -------
    int
        That of ``work``; 2 after a typed error, where the system refuses a file or a folder, or
        where a package is missing; 130 after Ctrl-C; 141 if the reader of the output left.
    """
    try:
        status = work()
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of our output left, as head does
        # Python flushes once more at exit, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except HdrMetricsError as error:
        return _told(f"error: {error}", WRONG_CALL)
    except OSError as error:
        if error.errno is None:  # a library's own, which says too little without its traceback
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        return _told(f"error: {where}{error.strerror}", WRONG_CALL)
    except ModuleNotFoundError as error:
        return _told(
            f"error: {error.name} is not installed; pip install 'hdrmetrics[datasets]' brings "
            f"{installs}",
            WRONG_CALL,
        )
    except KeyboardInterrupt:
        return _told(f"\n{stopped}", INTERRUPTED)


def _told(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status
