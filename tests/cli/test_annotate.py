"""The command ``annotate``: what it says, how it ends, and what it refuses."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hdrmetrics.improve.labels import read_labels
from tests.cli.conftest import Result
from tests.cli.processes import ROOT
from tests.improve.conftest import NAMES, folder, save

__all__ = ["folder"]

Run = Callable[..., Result]

_PROGRAM = (
    "import sys; from hdrmetrics.cli import main; code = main(sys.argv[1:]); "
    "print('torch' in sys.modules); sys.exit(code)"
)


class Page:
    """A running command and its page."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.greeting = process.stdout.readline()
        found = re.search(r"http://\S+", self.greeting)
        assert found, process.communicate()
        self.url = urlsplit(found[0])

    def post(self, path: str, **members: Any) -> dict[str, Any]:
        """Send what the page would send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.url.port, timeout=20)
        head = {"Content-Type": "application/json"}
        connection.request("POST", self.url.path + path, json.dumps(members), head)
        return json.loads(connection.getresponse().read())

    def end(self) -> tuple[int, str, str]:
        """Wait for the end and return the exit code and both streams."""
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def _heed_ctrl_c() -> None:
    """Take Ctrl-C, which what runs in the background would ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(*words: object) -> Iterator[Page]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "annotate", *map(str, words), "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        preexec_fn=_heed_ctrl_c if os.name != "nt" else None,
    )  # fmt: skip
    try:
        yield Page(process)
    finally:
        process.kill()
        process.communicate()


def test_it_labels_says_where_it_stands_and_goes_on(folder: Path, run: Run) -> None:
    (folder / "input" / "alone.png").write_bytes((folder / "input" / "lake.png").read_bytes())
    with started(folder) as page:
        assert page.greeting.startswith("0 of 5 pairs are labelled; go on in the browser: http://")
        for number in range(3):
            page.post("answer", number=number, choice=3, seconds=1)
        page.post("end")
        code, out, err = page.end()
    assert code == 2  # a pair could not be shown
    assert err.count("\n") == 1
    assert "the pair alone cannot be shown" in err
    labels = folder / "labels.csv"
    assert (
        f"{labels}: 3 of 5 pairs are labelled (0 significantly better, 0 moderately better, 3 no "
        "difference, 0 worse); 3 answered now; the same command goes on\n" in out
    )
    assert out.endswith("False\n")  # PyTorch was not loaded
    assert len(read_labels(labels)) == 3

    (folder / "input" / "alone.png").unlink()
    with started(folder) as page:
        assert page.greeting.startswith("3 of 5 pairs")
        page.post("answer", number=3, choice=1, seconds=1)
        page.post("answer", number=4, choice=1, seconds=1)
        page.post("end")
        code, out, err = page.end()
    assert (code, err) == (0, "")
    assert "5 of 5 pairs are labelled" in out
    assert "goes on" not in out.splitlines()[1]

    result = run("annotate", folder)  # neither a server nor a browser
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{labels}: 5 of 5 pairs are labelled (")
    assert result.out.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_says_where_it_stands(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "anna.csv"
    with started(folder, "--out", other, "--seed", "7") as page:
        page.post("answer", number=0, choice=1, seconds=1)
        page.process.send_signal(signal.SIGINT)
        code, _, err = page.end()
    assert code == 130
    assert f"hdrmetrics: {other}: 1 of 5 pairs are labelled" in err
    assert "Traceback" not in err
    assert len(read_labels(other)) == 1
    assert not (folder / "labels.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_a_kill_loses_nothing(folder: Path) -> None:
    with started(folder) as page:
        page.post("answer", number=0, choice=1, seconds=1)
        page.process.kill()
        page.end()
    with started(folder) as page:
        assert page.greeting.startswith("1 of 5")


def test_the_browser_opens_unless_told_not_to(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("hdrmetrics.improve.server.AnnotationServer.run", lambda self: None)
    assert run("annotate", folder, "--no-browser").code == 0
    assert not opened
    result = run("annotate", folder)
    assert result.code == 0
    assert opened[0] in result.out


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["nowhere"], "is no folder"),
        (["."], "holds neither a table pairs.csv nor the folders input and enhanced"),
        (["set", "--out", "set"], "is a folder"),
        (["set", "--out", os.devnull], "keeps no answers"),
        (["set", "--out", "no/labels.csv"], "there is no folder 'no'"),
        (["set", "--out", "set/input/roof.png"], "is a picture"),
        (["set", "--out", "set/notes.txt"], "no column 'name'"),
        (["set", "--out", "set/pairs.csv"], "no column 'label'"),
        (["set", "--port", "70000"], "go up to 65535"),
        (["set", "--port", "-1"], "'-1' is not a whole number"),
        (["set", "--seed", "x"], "'x' is not a whole number"),
        (["set", "--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], needle: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "set" / "input" / "roof.png", 60)
    save(tmp_path / "set" / "enhanced" / "roof.png", 60)
    (tmp_path / "set" / "notes.txt").write_text("what I think\n")
    (tmp_path / "set" / "pairs.csv").write_text(
        "name,input,enhanced\nroof,input/roof.png,enhanced/roof.png\n"
    )
    result = run("annotate", *words)
    assert (result.code, result.out) == (2, "")
    assert needle in result.err
    assert result.err.count("\n") == 1


def test_names_of_pairs_obey_no_terminal(folder: Path, run: Run) -> None:
    rows = [f"{name},input/{name}.png,enhanced/{name}.jpg\n" for name in NAMES]
    (folder / "pairs.csv").write_text("name,input,enhanced\n" + rows[0] + "x,\x1b[31m.png,y.png\n")
    result = run("annotate", folder)
    assert result.code == 2
    assert "\x1b" not in result.err
