"""Arrays that a full disk left empty are errors that name their folder or file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hdrmetrics.errors import ImageReadError
from tests.learned.small import NOR
from trainers.curves.material import Material
from trainers.feeding.prepared import Prepared
from trainers.restoring.windows import Windows
from trainers.tonemapping.frames import Frames


@pytest.mark.parametrize(
    ("index", "said", "arrays", "open_it"),
    [
        ("frames.json", '{"frames": {"hdr": ["a"]}}', ["a"], lambda one: Frames(one).frame("a")),
        ("windows.json", "{}", ["clean"], Windows),
        ("material.json", "{}", ["codes", "light"], Material),
        (
            "channels.json", '{"items": [], "made_for": ""}', ["channels"],
            lambda one: Prepared(one, NOR, device=torch.device("cpu")),
        ),
    ],
)  # fmt: skip
def test_an_empty_array_is_told(
    tmp_path: Path, index: str, said: str, arrays: list[str], open_it: Callable[[Path], Any]
) -> None:
    (tmp_path / index).write_text(said)
    for name in arrays:
        (tmp_path / f"{name}.npy").touch()
    with pytest.raises(ImageReadError, match="No data left in file"):
        open_it(tmp_path)
