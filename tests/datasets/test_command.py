"""What the shell sees of a command's end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.command import exit_status
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError

ROOT = Path(__file__).parents[2]


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def status_of(work: Callable[[], int]) -> int:
    return exit_status(work, installs="bread", stopped="stopped; go on with --more")


@pytest.mark.parametrize("own", [0, 1, 143])
def test_a_command_that_ends_has_its_own_status(
    own: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(lambda: own) == own
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (OptionError("a crop is too small"), 2, "error: a crop is too small\n"),
        (ImageReadError("a.exr: truncated"), 2, "error: a.exr: truncated\n"),
        (HdrMetricsError("any of ours"), 2, "error: any of ours\n"),
        (FileExistsError(17, "File exists", "runs/a"), 2, "error: runs/a: File exists\n"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device\n"),
        (
            ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow"),
            2,
            "error: pyarrow is not installed; pip install 'hdrmetrics[datasets]' brings bread\n",
        ),
        (KeyboardInterrupt(), 130, "\nstopped; go on with --more\n"),
    ],
)
def test_what_is_expected_is_a_line(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(raising(error)) == status
    assert capsys.readouterr() == ("", told)


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        status_of(raising(ZeroDivisionError()))


def test_a_reader_that_leaves_is_quiet() -> None:
    """Whether it leaves before the last line or after some that did not fit into the pipe."""
    for lines in (1, 100_000):
        code = (
            "import sys; from datasets.command import exit_status; "
            f"work = lambda: [print(i) for i in range({lines})] and 0; "
            "sys.exit(exit_status(work, installs='', stopped=''))"
        )
        writer = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        told = writer.stderr.read()
        writer.stderr.close()
        assert (writer.wait(60), told) == (141, b"")
