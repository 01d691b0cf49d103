"""How the command runs: what it loads, how its threads wait, decoders that crash."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from hdrmetrics import write_image
from tests.cli.processes import POLICIES, process


@pytest.mark.parametrize(
    ("call", "environment", "policy"),
    [
        ("main()", {}, ["PASSIVE", None, "0"]),
        ("main()", {"OMP_WAIT_POLICY": "ACTIVE"}, ["ACTIVE", None, None]),
        ("main()", {"GOMP_SPINCOUNT": "7"}, [None, "7", None]),
        ("main(['--version'])", {}, [None, None, None]),  # called by a program of its own
        ("import torch, hdrmetrics.jobs.batch", {}, [None, None, None]),
    ],
)
def test_threads_of_the_command_wait_passively(
    call: str, environment: dict[str, str], policy: list[str | None]
) -> None:
    code = (
        "import json, os, sys; from hdrmetrics.cli import main\n"
        f"sys.argv = ['hdrmetrics', '--version']; {call}\n"
        f"print(json.dumps([os.environ.get(name) for name in {POLICIES}]))"
    )
    assert json.loads(process("-c", code, **environment).stdout.splitlines()[-1]) == policy


def test_scoring_a_picture_loads_little_beside_torch(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.zeros((70, 80, 3), np.uint8))
    code = (
        "import sys, torch\n"
        "before = set(sys.modules)\n"
        "from hdrmetrics.cli import main\n"
        f"code = main(['score', {str(tmp_path / 'a.png')!r}])\n"
        "heavy = ('sympy', 'scipy', 'pandas', 'matplotlib', 'multiprocessing.pool',\n"
        "         'torch._dynamo', 'torch.fx.experimental.symbolic_shapes', 'torch._refs')\n"
        "print(code, [m for m in heavy if m in set(sys.modules) - before])\n"
    )
    done = process("-c", code)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_folder_with_a_file_that_crashes_its_decoder(tmp_path: Path) -> None:
    import imagecodecs

    code = np.zeros((64, 64, 3), np.uint8)
    broken = bytearray(imagecodecs.jpegxr_encode(code, level=1.0))
    stream = broken.index(b"WMPHOTO\0")
    broken[stream + 11] = 0x7E  # a reserved sample type, for which jxrlib divides by zero
    (tmp_path / "b.jxr").write_bytes(broken)
    for name in ("a.png", "c.png"):
        write_image(tmp_path / name, code)
    done = process("-m", "hdrmetrics", "score", str(tmp_path), "-m", "piqe")
    assert "b.jxr: its decoder crashed (SIGFPE)" in done.stderr
    lines = dict(line.split()[:2] for line in done.stdout.splitlines() if ".png" in line)
    assert float(lines["a.png"]) == float(lines["c.png"]) == 100
    assert done.returncode == 2
