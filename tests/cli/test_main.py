"""The command as a process: start-up, exit codes and streams."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from hdrmetrics import __version__, cli
from hdrmetrics.cli.parser import separate_outputs
from hdrmetrics.errors import HdrMetricsWarning
from tests.cli.processes import ROOT, process


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["compare", "--help"], ["score"], ["compare", "--peak", "x"]],
)
def test_help_and_usage_errors_load_nothing_heavy(words: list[str]) -> None:
    done = process(
        "-c",
        "import sys; from hdrmetrics.cli import main; code = main(sys.argv[1:]); "
        "print(code, [m for m in ('torch', 'numpy', 'PIL', 'tqdm') if m in sys.modules])",
        *words,
    )
    expected = 0 if words[-1] in ("--help", "--version") else 2
    assert done.stdout.splitlines()[-1] == f"{expected} []"


def test_help_takes_less_than_three_tenths_of_a_second() -> None:
    taken = []
    for _ in range(3):
        before = os.times()
        process("-m", "hdrmetrics", "--help")
        after = os.times()
        taken.append(
            after.children_user + after.children_system
            - before.children_user - before.children_system
        )  # fmt: skip
    assert min(taken) < 0.3


def test_importing_the_pytest_plugin_loads_nothing_heavy() -> None:
    done = process(
        "-c",
        "import sys, hdrmetrics.pytest_plugin; "
        "print([m for m in ('torch', 'numpy', 'PIL') if m in sys.modules])",
    )
    assert done.stdout == "[]\n"


def test_version(run) -> None:
    result = run("--version")
    assert (result.code, result.out) == (0, f"hdrmetrics {__version__}\n")


def test_help_names_every_command(run) -> None:
    out = run("--help").out
    for command in (
        "score",
        "compare",
        "rank",
        "evaluate",
        "annotate",
        "metrics",
        "displays",
        "demo",
    ):
        assert re.search(rf"^    {command} ", out, re.MULTILINE)
        assert run(command, "--help").code == 0


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        ([], "COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["score"], "FILE"),
        (["score", "a.exr", "--peak", "-3"], "'-3' is not a positive number"),
        (["score", "a.exr", "--peak", "nan"], "'nan' is not a positive number"),
        (["score", "a.exr", "--peak", "1", "--scale", "2"], "not allowed with argument"),
        (["score", "a.exr", "--jobs", "0"], "'0' is not a whole number from 1"),
        (["score", "a.exr", "--region", "1,2,3"], "x,y,width,height"),
        (["compare", "a", "b", "--unknown"], "--unknown"),
        (["evaluate", "a", "--fail-below", "38"], "'38' is not METRIC=NUMBER"),
        (["evaluate", "a", "--fail-below", "pu21-psnr=high"], "'high' is not a number"),
        (["compare", "a", "b", "--map-limits", "3"], "DARK,BRIGHT"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(run, words: list[str], needle: str) -> None:
    result = run(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert needle in result.err


def test_typed_errors_are_one_line_and_code_2(run, folders: Path) -> None:
    for words in (
        ["score", "test", "-m", "nonsense"],
        ["score", "no/*.exr"],
        ["compare", "test", "ref", "--display", "nonsense"],
        ["compare", "test", "ref", "--device", "nonsense"],
        ["compare", "test", "ref", "--mask", "nonsense.png"],
        ["compare", "test", "ref", "--json", "no/folder/x.json"],
        ["displays", "--display-file", "nonsense.json"],
    ):
        result = run(*words)
        assert result.code == 2, words
        assert result.err.startswith("hdrmetrics: error: "), words
        assert result.err.count("\n") == 1, result.err


def test_an_interrupt_ends_with_130(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.displays, "run", interrupted)
    result = run("displays")
    assert (result.code, result.err) == (130, "hdrmetrics: interrupted\n")


def test_memory_exhaustion_is_an_error_not_a_traceback(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(arguments: object) -> int:
        raise MemoryError

    monkeypatch.setattr(cli.displays, "run", exhausted)
    result = run("displays")
    assert (result.code, result.err) == (2, "hdrmetrics: error: not enough memory\n")


def test_warnings_of_the_package_are_single_lines_once(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warned(arguments: object) -> int:
        for _ in range(3):
            warnings.warn("something looks odd", HdrMetricsWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(cli.displays, "run", warned)
    assert run("displays").err == "hdrmetrics: warning: something looks odd\n"


def test_a_closed_pipe_is_quiet() -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "hdrmetrics", "displays"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    error = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(60), error) == (141, b"")


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = process("-m", "hdrmetrics", "displays", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "in cd/m2" in done.stdout


def test_json_and_csv_never_swallow_a_picture() -> None:
    assert separate_outputs(["score", "--json", "a.exr", "b.exr"]) == [
        "score", "--json=-", "a.exr", "b.exr",
    ]  # fmt: skip
    assert separate_outputs(["--json", "out.json", "a.exr"]) == ["--json=out.json", "a.exr"]
    assert separate_outputs(["--json", "-", "--csv", "T.CSV"]) == ["--json=-", "--csv=T.CSV"]
    assert separate_outputs(["a.exr", "--csv"]) == ["a.exr", "--csv=-"]
    assert separate_outputs(["--json=x.txt"]) == ["--json=x.txt"]
    assert separate_outputs(["--", "--json", "a"]) == ["--", "--json", "a"]


def test_python_dash_m_is_the_command() -> None:
    done = process("-m", "hdrmetrics", "--version")
    assert (done.returncode, done.stdout) == (0, f"hdrmetrics {__version__}\n")


def test_options_may_stand_between_the_files(run, folders: Path) -> None:
    words = ["test/a.exr", "-m", "pu21-mae", "test/b.exr", "--quiet"]
    mixed = run("score", *words, "-r", "ref/a.exr")
    assert mixed.code == 0
    assert [line.split()[0] for line in mixed.out.splitlines()[1:3]] == ["a.exr", "b.exr"]
    assert run("tonemap", "test/a.exr", "--operator", "gamma", "out.png").code == 0
    assert Path("out.png").exists()
    dashed = run("score", "--quiet", "--", "-x.exr", "test/a.exr")
    assert "-x.exr" in dashed.err
    assert "a.exr" in dashed.out


@pytest.mark.skipif(os.name == "nt", reason="closes file descriptors of POSIX")
@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams_are_no_fault_and_no_file_takes_their_place(
    folders: Path, closed: tuple[int, ...]
) -> None:
    done = process(
        "-c",
        f"import os, sys; [os.close(fd) for fd in {closed}]; "
        "os.execv(sys.executable, [sys.executable, '-m', 'hdrmetrics', *sys.argv[1:]])",
        "compare", "test", "ref", "-m", "pu21-psnr", "--csv", "t.csv",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    rows = Path("t.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(list(Path("test").glob("*.exr")))
    assert rows[0].startswith("test,reference,pu21-psnr")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_named(folders: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hdrmetrics", "metrics"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "hdrmetrics: error: cannot write to stdout: No space left on device\n"


def test_a_fault_of_ours_does_not_say_that_quality_fell() -> None:
    done = process(
        "-c",
        "import sys; from hdrmetrics import cli; cli._run = lambda words: 1 / 0; "
        "sys.argv = ['hdrmetrics']; sys.exit(cli.main())",
    )
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr


def test_unknown_words_point_to_the_help_of_the_command(run, folders: Path) -> None:
    assert "(see hdrmetrics compare --help)" in run("compare", "test", "ref", "--bogus").err
    assert "(see hdrmetrics --help)" in run("--bogus").err
