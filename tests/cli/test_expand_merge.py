"""The commands ``expand`` and ``merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

import hdrmetrics as hm
from hdrmetrics.assembly import capture_stack
from hdrmetrics.assembly.exif import read_exposures
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.expand import expand
from tests.cli.conftest import scene

TIMES = [2.0**-i for i in range(0, 16, 2)]


@pytest.fixture
def sdr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray[Any, Any]:
    """An 8-bit picture as ``in.png`` in the working folder."""
    monkeypatch.chdir(tmp_path)
    codes = np.round(255 * (scene() / 10).clip(0, 1) ** 0.45).astype(np.uint8)
    PillowImage.fromarray(codes).save("in.png")
    return codes


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Exposures of a scene with EXIF data, as PNG: JPEG's losses would blur the comparison."""
    monkeypatch.chdir(tmp_path)
    light = torch.from_numpy(np.moveaxis(scene(), 2, 0).copy())[None].double()
    names = []
    for index, codes in enumerate(capture_stack(light, TIMES, response="srgb")):
        array = np.round(codes[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        exif = PillowImage.Exif()
        exif.get_ifd(0x8769).update({33434: TIMES[index] * 4, 33437: 2.0, 34855: 100})
        names.append(f"{index}.png")
        PillowImage.fromarray(array).save(names[-1], exif=exif.tobytes())
    return names


def test_expand_writes_the_light_of_the_operator(run: Any, sdr: np.ndarray[Any, Any]) -> None:
    result = run("expand", "in.png", "out.exr", "--operator", "akyuz07", "--peak", "600",
                 "--set", "exponent=1.5", "--set", "transfer=srgb")  # fmt: skip
    assert result.code == 0
    assert "600 cd/m²" in result.out
    found = hm.read_image("out.exr")
    assert found.calibration.kind == "absolute"
    codes = torch.from_numpy(np.moveaxis(sdr, 2, 0) / np.float32(255))[None]
    wanted = expand(codes, "akyuz07", peak=600.0, transfer="srgb", exponent=1.5)
    torch.testing.assert_close(found.tensor(), wanted, rtol=1e-3, atol=1e-3)  # half floats


def test_expand_lists_operators_with_their_parameters(run: Any) -> None:
    result = run("expand", "--list")
    assert result.code == 0
    for word in ("landis02", "kuo12", "threshold=0.9961", "regression=2009"):
        assert word in result.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in.png"], "file to write"),
        (["in.png", "o.exr", "--operator", "landis"], "did you mean landis02"),
        (["in.png", "o.exr", "--set", "boost"], "KEY=VALUE"),
        (["in.png", "o.exr", "--set", "alpha=1"], "no parameter alpha"),
        (["in.png", "o.exr", "--set", "boost=much"], "is a number"),
        (["in.png", "o.exr", "--set", "boost=99"], "between 1 and 20"),
        (["in.png", "o.exr", "--set", "peak=9"], "--peak"),
        (["hdr.exr", "o.exr"], "HDR picture already"),
        (["none.png", "o.exr"], "none.png"),
        (["in.png", "o.png"], "o.png"),
    ],
)
def test_expand_says_what_is_wrong(
    words: list[str], message: str, run: Any, sdr: np.ndarray[Any, Any]
) -> None:
    hm.write_image("hdr.exr", scene())
    result = run("expand", *words)
    assert result.code == 2
    assert message in result.err
    assert not Path("o.exr").exists()


@pytest.mark.parametrize("response", ["srgb", "debevec", "robertson"])
def test_merge_takes_times_from_exif(response: str, run: Any, stack: list[str]) -> None:
    result = run("merge", "-o", "out.exr", *stack, "--response", response)
    assert result.code == 0
    assert "8 exposures merged" in result.out
    found = hm.read_image("out.exr").pixels
    ratio = found / scene()
    # 4 s at f/2 and ISO 100 is as much light as 1 s at f/1: the unit of the scene.
    middle = 1.0 if response == "srgb" else float(np.median(ratio))
    assert np.abs(ratio / middle - 1).mean() < 0.02


def test_merge_with_given_times(run: Any, stack: list[str]) -> None:
    times = ",".join(f"1/{round(1 / t)}" for t in TIMES)
    assert run("merge", "-o", "exif.exr", *stack).code == 0
    result = run("merge", "-o", "given.exr", *stack, "--times", times, "--quiet")
    assert result.code == 0
    assert result.out == ""
    np.testing.assert_allclose(
        hm.read_image("given.exr").pixels, hm.read_image("exif.exr").pixels, rtol=1e-3
    )


def test_merge_reports_what_it_could_not_see(run: Any, stack: list[str]) -> None:
    result = run("merge", "-o", "out.exr", *stack[:2])
    assert result.code == 0
    assert "saturated" in result.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["0.png"], "at least 2"),
        (["0.png", "1.png", "--times", "1,x"], "fractions"),
        (["0.png", "1.png", "--times", "1/0,1"], "fractions"),
        (["0.png", "1.png", "--times=-1,1"], "positive"),
        (["0.png", "1.png", "--times", "1,1"], "same time"),
        (["0.png", "1.png", "--times", "1,2,3"], "3 exposure times"),
        (["0.png", "plain.png"], "how long"),
        (["0.png", "bare.png"], "f-number"),
        (["0.png", "small.png", "--times", "1,2"], "align and crop"),
        (["0.png", "hdr.exr", "--times", "1,2"], "display-encoded"),
        (["0.png", "torn.png"], "torn.png"),
    ],
)
def test_merge_says_what_is_wrong(
    words: list[str], message: str, run: Any, stack: list[str]
) -> None:
    picture = PillowImage.open(stack[1])
    picture.load()
    picture.crop((0, 0, 9, 9)).save("small.png")
    PillowImage.fromarray(np.asarray(picture)).save("plain.png")
    exif = PillowImage.Exif()
    exif.get_ifd(0x8769).update({33434: 0.5, 34855: 100})
    PillowImage.fromarray(np.asarray(picture)).save("bare.png", exif=exif.tobytes())
    Path("torn.png").write_bytes(Path(stack[1]).read_bytes()[:30])
    hm.write_image("hdr.exr", scene())
    result = run("merge", "-o", "out.exr", *words)
    assert result.code == 2
    assert message in result.err
    assert not Path("out.exr").exists()


def test_exposures_count_sensitivity_and_aperture(tmp_path: Path) -> None:
    def save(name: str, **tags: float) -> Path:
        exif = PillowImage.Exif()
        numbers = {"time": 33434, "f": 33437, "iso": 34855}
        exif.get_ifd(0x8769).update({numbers[k]: v for k, v in tags.items()})
        path = tmp_path / name
        PillowImage.new("RGB", (8, 8)).save(path, exif=exif)
        return path

    full = [save("a.jpg", time=0.01, f=4.0, iso=400), save("b.jpg", time=0.02, f=2.0, iso=100)]
    assert read_exposures(full) == pytest.approx([0.01 * 4 / 16, 0.02 / 4])
    times_only = [save("c.jpg", time=0.5), save("d.jpg", time=0.25)]
    assert read_exposures(times_only) == pytest.approx([0.5, 0.25])
    with pytest.raises(OptionError, match="how long"):
        read_exposures([full[0], save("zero.jpg", time=0.0, f=2.0, iso=100)])
    with pytest.raises(ImageReadError):
        read_exposures([tmp_path / "missing.jpg", full[0]])
