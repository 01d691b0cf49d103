"""The line that says which files of folders are not looked at."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from hdrmetrics.cli import messages
from hdrmetrics.jobs.pairing import described, left_out


def say_what_is_left_out(arguments: argparse.Namespace, sources: Sequence[str]) -> None:
    """Say in one line which files of the folders are not looked at, and why."""
    if arguments.quiet:
        return
    pictures, endings = left_out(sources, recursive=arguments.recursive)
    parts = [described(pictures)] if pictures else []
    if endings:
        count = sum(endings.values())
        kinds = ", ".join(f"{n} {end or 'without ending'}" for end, n in endings.items())
        were = "file that is no picture was" if count == 1 else "files that are no pictures were"
        parts.append(f"{count} {were} left out: {kinds}")
    if parts:
        messages.say("; ".join(parts))
