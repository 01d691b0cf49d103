"""The shell command ``hdrmetrics``."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

from hdrmetrics.cli import messages
from hdrmetrics.cli.parser import Misunderstood, build_parser, separate_outputs
from hdrmetrics.errors import HdrMetricsError

USAGE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141
_NOT_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv
        Arguments without the program's name; ``None`` takes those of the process.

    Returns
    -------
    int
        0 done; 1 the quality gate found a drop; 2 wrong usage, or files that could not be scored;
        130 interrupted; 141 the reader of a pipe went away.
    """
    messages.prepare_streams()
    if argv is None:
        _wait_passively()
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except KeyboardInterrupt as stop:  # jobs say where their rows are
        messages.say(str(stop) or "interrupted")
        return INTERRUPTED
    except HdrMetricsError as error:
        messages.error(str(error))
        return USAGE
    except OSError as error:
        # Files have their own words; a full disk without a name is that of stdout.
        if error.filename is None and error.errno in _NOT_WRITTEN:
            messages.error(f"cannot write to stdout: {error.strerror}")
            _silence_stdout()
        else:
            messages.error(str(error))
        return USAGE
    except MemoryError:
        messages.error("not enough memory")
        return USAGE
    except Exception:
        if argv is not None:
            raise
        # A fault of ours. Python would leave with 1, which says that quality fell.
        traceback.print_exc()
        return USAGE


def _run(argv: Sequence[str]) -> int:
    parser = build_parser(argv)
    words = separate_outputs(argv, parser.optional_files(argv))
    try:
        arguments = parser.parse_args(words)
    except Misunderstood as stop:
        if words and words[0] == "evaluate":
            from hdrmetrics.cli import evaluate

            evaluate.report_misunderstood(words, stop.message)
        return USAGE
    except SystemExit as stop:  # --help or --version
        return stop.code if isinstance(stop.code, int) else USAGE
    arguments.words = list(argv)
    with messages.own_warnings():
        code: int = arguments.run(arguments)
    return code


def _wait_passively() -> None:
    """Let PyTorch's threads sleep while they wait for each other, before PyTorch is loaded.

    They would turn in a loop, which beside other busy processes keeps off the cores the very
    threads that are waited for. Only for the command, which has its process to itself, and where
    the user has said nothing about it.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & os.environ.keys():
        os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}


def _silence_stdout() -> None:
    # Python flushes stdout at exit and would complain about the pipe once more.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it lives until the process ends
