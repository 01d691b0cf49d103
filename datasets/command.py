"""How a command ends: the exit status that the shell sees, with a line on what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from hdrmetrics.errors import HdrMetricsError

WRONG_CALL, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


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
        That of ``work``; 2 after a typed error or where a package is missing; 130 after Ctrl-C;
        141 if the reader of the output left.
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
