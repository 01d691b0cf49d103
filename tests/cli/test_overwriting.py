"""Nothing is written over by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hdrmetrics.cli.overwriting import refuse_overwriting
from hdrmetrics.errors import OptionError


def test_new_files_are_fine(tmp_path: Path) -> None:
    refuse_overwriting([tmp_path / "a.png", tmp_path / "sub" / "a.png"], False)


def test_a_file_that_is_there_needs_overwrite(tmp_path: Path) -> None:
    there = tmp_path / "a.png"
    there.write_bytes(b"old")
    with pytest.raises(OptionError, match=r"a\.png.*--overwrite"):
        refuse_overwriting([there, tmp_path / "b.png"], False)
    refuse_overwriting([there, tmp_path / "b.png"], True)


@pytest.mark.parametrize("names", [("a.png", "a.png"), ("a.png", "A.PNG"), ("é.png", "é.png")])
def test_two_files_of_one_name_are_refused_even_with_overwrite(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    with pytest.raises(OptionError, match=r"twice.*x\.exr.*x\.hdr"):
        refuse_overwriting([tmp_path / n for n in names], True, sources=["x.exr", "x.hdr"])


def test_an_input_is_never_replaced(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"old")
    with pytest.raises(OptionError, match="read as well"):
        refuse_overwriting([source], True, sources=[source])
    link = tmp_path / "link.png"
    link.symlink_to(source)
    with pytest.raises(OptionError, match="read as well"):
        refuse_overwriting([link], True, inputs=[source])


def test_folders_and_devices(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="folder"):
        refuse_overwriting([tmp_path], True)
    refuse_overwriting([os.devnull, os.devnull], False)
