"""The command ``enhance``: what it writes, what it refuses, and how it judges."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

import hdrmetrics as hm
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.cli import enhance, job
from hdrmetrics.enhance import EnhancerInfo, create_enhancer, from_callable
from hdrmetrics.enhance.enhancer import ENHANCERS
from hdrmetrics.jobs.folders import MADE
from hdrmetrics.report import enhancements
from tests.cli.processes import ROOT

MINE = """
import time
import torch

def brighter(x):
    return x ** 0.5

def darker(x):
    return x ** 2

def talks(x):
    print("layer 1")
    return x ** 0.5

def light(x):
    return 2 * x ** 2.2

def raises(x):
    raise RuntimeError("no such layer")

def slow(x):
    time.sleep(0.4)
    return x ** 0.5

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(()))

    def forward(self, x):
        assert x.shape[-2] % 16 == x.shape[-1] % 16 == 0, "multiples of 16"
        return {"picture": self.gain * x, "map": x[:, :1]}
"""


def drawn(seed: int = 0, top: int = 255) -> NDArray[Any]:
    """Return codes ``(36, 44, 3)`` of a smooth picture with texture, not too bright."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:36, 0:44] / 44.0
    grey = 0.15 + 0.3 * x + 0.1 * np.sin(9 * y + seed)
    codes = grey[..., None] * [1.0, 0.9, 0.7] + 0.02 * rng.random((36, 44, 3))
    return np.rint(top * codes).astype(np.uint8 if top == 255 else np.uint16)


def codes_of(path: str | Path) -> NDArray[Any]:
    return hm.read_image(path).pixels


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with in/ of a.png and b.jpg, ref/ of what they should be, and mine.py."""
    monkeypatch.chdir(tmp_path)
    for folder in ("in", "ref"):
        Path(folder).mkdir()
    Pillow.fromarray(drawn(0)).save("in/a.png")
    Pillow.fromarray(drawn(1)).save("in/b.jpg", quality=95)
    for name, seed in (("a", 0), ("b", 1)):
        right = np.rint(255 * np.sqrt(drawn(seed) / 255)).astype(np.uint8)
        Pillow.fromarray(right).save(f"ref/{name}.png")
    Path("mine.py").write_text(MINE)
    return tmp_path


def tree(folder: str) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in Path(folder).rglob("*") if one.is_file())


# -- what is written ----------------------------------------------------------------------------


def test_one_file_by_one_of_ours(run: Callable[..., Any]) -> None:
    found = run("enhance", "in/a.png", "-o", "out.png", "--enhancer", "unsharp-mask",
                "--set", "amount=1.5")  # fmt: skip
    assert (found.code, found.err) == (0, "")
    assert found.out == "out.png: enhanced by unsharp_mask\n"
    image = torch.from_numpy(drawn(0)).movedim(-1, 0)[None] / 255
    wanted = create_enhancer("unsharp_mask", amount=1.5)(image)
    made = torch.from_numpy(np.array(Pillow.open("out.png"))).movedim(-1, 0)[None] / 255
    torch.testing.assert_close(made, wanted, rtol=0, atol=0.501 / 255)


def test_a_net_of_ones_own(run: Callable[..., Any]) -> None:
    found = run("enhance", "in/a.png", "out.png", "--model", "mine.py:brighter")
    assert (found.code, found.err) == (0, "")
    wanted = np.rint(255 * np.sqrt(drawn(0) / 255.0))
    assert np.array_equal(np.asarray(Pillow.open("out.png")), wanted)


def test_what_a_net_prints_is_not_in_the_json(run: Callable[..., Any]) -> None:
    found = run("enhance", "in/a.png", "out.png", "--model", "mine.py:talks", "--json", "-")
    assert json.loads(found.out)["rows"][0]["status"] == "written"
    assert found.err == "layer 1\n"


def test_options_and_weights_of_a_net(run: Callable[..., Any]) -> None:
    torch.save({"gain": torch.tensor(0.5)}, "half.pt")
    words = ["enhance", "in/a.png", "-o", "out.png", "--model", "mine.py:Net"]
    assert "multiples of 16" in run(*words).err
    words += ["--set", "multiple=16"]
    assert "say which is the picture" in run(*words).err
    words += ["--set", "pick=picture", "--weights", "half.pt"]
    assert run(*words).code == 0
    made = np.asarray(Pillow.open("out.png")).astype(float)
    assert np.abs(made - drawn(0) / 2).max() <= 0.501
    record = json.loads(run(*words, "--overwrite", "--json").out)["rows"][0]
    assert record["parameters"]["multiple"] == 16
    assert record["operator"] == "Net"


def test_16_bits_stay_and_8_do(run: Callable[..., Any]) -> None:
    deep = drawn(2, 65535)
    hm.write_image("deep.png", deep, depth=16)
    for name, bits in (("deep.png", 16), ("in/a.png", 8), ("in/b.jpg", 8)):
        assert run("enhance", name, "-o", "out.png", "--model", "mine.py:brighter",
                   "--overwrite").code == 0  # fmt: skip
        assert hm.read_image("out.png").origin.depth == f"uint{bits}"
        if bits == 16:
            wanted = np.rint(65535 * np.sqrt(deep / 65535.0)) / 65535
            assert np.abs(codes_of("out.png") - wanted).max() < 1.1 / 65535  # of single precision
    tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent writer, is absent")
    tifffile.imwrite("deep.tif", deep, photometric="rgb")
    assert run("enhance", "deep.tif", "-o", "tif/", "--model", "mine.py:brighter").code == 0
    assert hm.read_image("tif/deep.png").origin.depth == "uint16"


def test_strength_mixes_codes(run: Callable[..., Any]) -> None:
    hm.write_image("deep.png", drawn(2, 65535), depth=16)
    before = codes_of("deep.png")
    for strength in (0, 0.25, 1):
        words = ("--model", "mine.py:brighter", "--strength", strength, "--overwrite")
        assert run("enhance", "deep.png", "-o", "out.png", *words).code == 0
        wanted = before + strength * (np.sqrt(before) - before)
        assert np.abs(codes_of("out.png") - wanted).max() < (1.1 / 65535 if strength else 1e-9)
    assert "between 0 and 1" in run("enhance", "in/a.png", "-o", "x.png", "--strength", 2).err


def test_an_enhancer_with_a_strength_is_given_it(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def make(strength: float = 1.0) -> Any:
        given.append(strength)
        return from_callable(lambda x: x * strength, name="fader")

    monkeypatch.setattr(ENHANCERS, "entries", dict(ENHANCERS.entries))
    ENHANCERS.load()
    info = EnhancerInfo("fader", "Fader", (Parameter("strength", 1.0, (0.0, 1.0), "", "x"),),
                        (), "a test")  # fmt: skip
    ENHANCERS.register(info, make)
    words = ("enhance", "in/a.png", "-o", "out.png", "--enhancer", "fader", "--strength", 0.5)
    assert run(*words).code == 0
    assert given == [0.5]
    assert np.abs(np.asarray(Pillow.open("out.png")) - drawn(0) / 2).max() <= 0.501
    assert "not both" in run(*words, "--set", "strength=0.2", "--overwrite").err


def test_folders_formats_and_several(run: Callable[..., Any]) -> None:
    assert run("enhance", "in", "-o", "out", "--model", "mine.py:brighter").code == 0
    assert tree("out") == ["a.png", "b.png"]
    words = ("--model", "mine.py:brighter", "--model", "dark=mine.py:darker")
    assert run("enhance", "in", "-o", "two", *words, "--format", "jpg").code == 0
    assert tree("two") == [
        "brighter/a.jpg", "brighter/b.jpg", "dark/a.jpg", "dark/b.jpg",
    ]  # fmt: skip
    assert run("enhance", "in/b.jpg", "-o", "one.webp", "--enhancer", "unsharp_mask").code == 0
    assert hm.read_image("one.webp").width == 44
    assert run("enhance", "in/a.png", "-o", "beside.png", *words).code == 0
    assert Path("beside.brighter.png").exists()
    assert Path("beside.dark.png").exists()


def test_orientation_is_applied_and_grey_stays_grey(run: Callable[..., Any]) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(drawn(1)).save("turned.jpg", quality=95, exif=exif)
    Pillow.fromarray(drawn(1)[..., 0]).save("grey.png")
    for name in ("turned.jpg", "grey.png"):
        assert run("enhance", name, "-o", "done/", "--model", "mine.py:brighter").code == 0
    assert hm.read_image("done/turned.png").width == 36
    grey = hm.read_image("done/grey.png")
    assert grey.channels == 1
    wanted = np.rint(255 * np.sqrt(drawn(1)[..., :1] / 255.0)) / 255
    assert np.abs(grey.pixels - wanted).max() < 1e-6


def test_expanding(run: Callable[..., Any]) -> None:
    from hdrmetrics.expand import expand

    words = ("enhance", "in/a.png", "-o", "out.exr", "--model", "mine.py:brighter")
    found = run(*words, "--expand", "--peak", 600)
    assert (found.code, found.err) == (0, "")
    assert "white of 600 cd/m²" in found.out
    image = hm.read_image("out.exr")
    assert image.calibration.kind == "absolute"
    codes = torch.from_numpy(np.sqrt(drawn(0) / 255.0)).float().movedim(-1, 0)[None]
    wanted = expand(codes, peak=600)
    torch.testing.assert_close(image.tensor(), wanted, rtol=2e-3, atol=1e-3)
    assert run(*words, "--expand=akyuz07", "--overwrite").code == 0
    assert "put --expand last" in run("enhance", "--expand", "in/a.png", "-o", "x.exr").err
    assert "cannot write" in run("enhance", "in/a.png", "-o", "x.png", "--expand").err


def test_light_of_a_net(run: Callable[..., Any]) -> None:
    words = ("enhance", "in/a.png", "-o", "out.exr", "--model", "mine.py:light",
             "--set", "output=hdr")  # fmt: skip
    assert run(*words, "--peak", 300).code == 0
    wanted = 600 * (drawn(0) / 255.0) ** 2.2
    assert np.allclose(codes_of("out.exr"), wanted, rtol=2e-3, atol=1e-3)
    assert "mixes code values" in run(*words, "--strength", 0.5, "--overwrite").err
    both = run(*words, "--model", "mine.py:brighter", "--set", "brighter.output=sdr", "--overwrite")
    assert "light makes light, the others code values" in both.err
    assert "--peak goes with" in run("enhance", "in/a.png", "-o", "x.png", "--peak", 3).err


def test_a_pixel_and_the_dark(run: Callable[..., Any]) -> None:
    Path("odd").mkdir()
    Pillow.fromarray(np.full((1, 1, 3), 64, np.uint8)).save("odd/pixel.png")
    Pillow.fromarray(np.zeros((9, 12, 3), np.uint8)).save("odd/dark.png")
    found = run("enhance", "odd", "-o", "out", "--model", "mine.py:brighter", "--enhancer",
                "unsharp_mask")  # fmt: skip
    assert (found.code, found.err) == (0, "")
    assert "enhancer" in found.out.splitlines()[0]
    assert np.asarray(Pillow.open("out/brighter/pixel.png")).ravel().tolist() == [128] * 3
    assert np.asarray(Pillow.open("out/unsharp_mask/pixel.png")).ravel().tolist() == [64] * 3
    for name in ("brighter", "unsharp_mask"):
        assert not np.asarray(Pillow.open(f"out/{name}/dark.png")).any()


# -- what is refused, and what a bad file leaves ------------------------------------------------


def test_nothing_is_overwritten(run: Callable[..., Any]) -> None:
    words = ("enhance", "in", "-o", "out", "--model", "mine.py:brighter")
    assert run(*words).code == 0
    first = Path("out/a.png").read_bytes()
    again = run(*words)
    assert again.code == 2
    assert "--overwrite replaces them, --skip-existing" in again.err
    Path("out/b.png").unlink()
    darker = ("enhance", "in", "-o", "out", "--model", "mine.py:darker")
    assert run(*darker, "--skip-existing").code == 0
    assert tree("out") == ["a.png", "b.png"]
    assert Path("out/a.png").read_bytes() == first
    assert run(*darker, "--overwrite").code == 0
    assert Path("out/a.png").read_bytes() != first
    same = run("enhance", "in/a.png", "-o", "in/a.png", "--overwrite",
               "--model", "mine.py:brighter")  # fmt: skip
    assert "is read as well" in same.err


def test_one_bad_file_stops_nothing(run: Callable[..., Any]) -> None:
    Path("in/c.png").write_bytes(b"no picture")
    hm.write_image("in/d.exr", drawn(3).astype(np.float32))
    found = run("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "-m", "niqe-like")
    assert found.code == 2
    assert "niqe-like" in found.err
    assert not Path("out").exists()
    found = run("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "--json", "a.json")
    assert found.code == 2
    assert tree("out") == ["a.png", "b.png"]
    assert "in/c.png" in found.err
    assert "in/d.exr: this is linear light" in found.err
    assert "tone-map it first" in found.err
    states = [row["status"] for row in json.loads(Path("a.json").read_text())["rows"]]
    assert sorted(states) == ["failed", "failed", "written", "written"]


def test_guests_that_fail_are_named(run: Callable[..., Any]) -> None:
    found = run("enhance", "in", "-o", "out", "--model", "mine.py:raises",
                "--model", "mine.py:brighter")  # fmt: skip
    assert found.code == 2
    assert found.err.count("raises failed on 44×36 pixels: RuntimeError('no such layer')") == 2
    assert tree("out") == ["brighter/a.png", "brighter/b.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--enhancer", "foo"), "unknown enhancer 'foo'"),
        (("--model", "mine.py"), "FILE.py:NAME"),
        (("--model", "mine.py:absent"), "mine.py has no 'absent'"),
        (("--model", "a b=mine.py:darker"), "'a b' is no name"),
        (("--model", "mine.py:darker", "--model", "mine.py:darker"), "two are called 'darker'"),
        (("--model", "mine.py:darker", "--weights", "x.pt"), "no network"),
        (("--model", "mine.py:Net", "--weights", "x.pt"), "x.pt: there is no such file"),
        (("--model", "a=mine.py:Net", "--model", "mine.py:Net", "--weights", "x"), "say whose"),
        (("--weights", "x.pt"), "the models are none"),
        (("--model", "mine.py:Net", "--set", "tiles=3"), "Net has no parameter tiles"),
        (("--csv", "a.csv"), "--csv is of scores"),
        (("-m", "psnr"), "psnr compares with what should be"),
        (("-r", "nowhere.png"), "nowhere.png"),
        (("--report", "page.txt"), "--report is a page"),
        (("--device", "abacus"), "'abacus' cannot be used"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_work(
    run: Callable[..., Any], words: tuple[str, ...], message: str
) -> None:
    found = run("enhance", "in", "-o", "out", *words)
    assert found.code == 2
    assert message in found.err
    assert not Path("out").exists()


# -- judging ------------------------------------------------------------------------------------


def test_models_are_compared_with_targets(run: Callable[..., Any]) -> None:
    words = ("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "--model",
             "mine.py:darker", "-r", "ref", "-m", "psnr,ssim")  # fmt: skip
    found = run(*words, "--json", "a.json", "--csv", "a.csv", "--markdown", "a.md")
    assert (found.code, found.err) == (0, "")
    lines = [line.split() for line in found.out.splitlines()[:4]]
    assert [line[0] for line in lines[1:]] == ["input", "brighter", "darker"]
    document = json.loads(Path("a.json").read_text())
    assert [one["status"] for one in document["pictures"]] == ["written"] * 4
    rows = {(r["method"], Path(r["test"]).stem): r["scores"]["psnr"] for r in document["rows"]}
    before = drawn(0) / 255.0
    target = np.rint(255 * np.sqrt(before)) / 255
    wanted = -10 * np.log10(np.mean((before - target) ** 2))
    assert rows["input", "a"]["value"] == pytest.approx(wanted, abs=1e-3)
    dark = np.rint(255 * before**2) / 255
    wanted = -10 * np.log10(np.mean((dark - target) ** 2))
    assert rows["darker", "a"]["value"] == pytest.approx(wanted, abs=1e-3)
    assert rows["brighter", "a"]["value"] in (None, float("inf"), "inf")
    assert len(Path("a.csv").read_text().splitlines()) == 1 + 6
    assert "| darker |" in Path("a.md").read_text()
    # The same pictures, judged by the other commands.
    assert run("evaluate", "out/darker", "-r", "ref", "--fail-below", "psnr=20").code == 1
    assert run("compare", "out/brighter", "out/darker", "-r", "ref", "-m", "ssim").code == 0


def test_what_has_no_target_and_what_failed_are_rows(run: Callable[..., Any]) -> None:
    Path("in/c.png").write_bytes(b"no picture")
    Pillow.fromarray(drawn(4)).save("in/d.png")
    Pillow.fromarray(drawn(4)).save("ref/c.png")
    found = run("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "-r", "ref",
                "-m", "psnr", "--json", "a.json")  # fmt: skip
    assert found.code == 2
    assert "no reference is called 'd'" in found.err
    assert "in/c.png" in found.err
    assert tree("out") == ["a.png", "b.png", "d.png"]
    rows = json.loads(Path("a.json").read_text())["rows"]
    assert sum("psnr" in row["scores"] for row in rows) == 4


def test_the_page(run: Callable[..., Any]) -> None:
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    found = run("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "-r", "ref",
                "-m", "ssim", "--report", "page.html")  # fmt: skip
    assert (found.code, found.err) == (0, "")
    text = Path("page.html").read_text()
    assert text.count("data:image/jpeg") == 4
    assert '"ssim before"' in text
    assert "mean of brighter" in text
    assert tree(".").count("page.html") == 1
    light = run("enhance", "in", "-o", "light", "--model", "mine.py:light", "--set", "output=hdr",
                "-m", "pu21-piqe", "--report", "light.html")  # fmt: skip
    assert (light.code, Path("light.html").read_text().count("data:image/jpeg")) == (0, 4)


def test_help_and_list_load_little(run: Callable[..., Any]) -> None:
    listed = run("enhance", "--list", "--json")
    names = [one["name"] for one in json.loads(listed.out)]
    assert {"restore", "unsharp_mask", "--model"} <= set(names)
    assert enhance._ENHANCER in names
    text = run("enhance", "--list", "--enhancer", "unsharp_mask").out
    assert "amount=0.6" in text
    assert "restore" not in text


# -- a killed job -------------------------------------------------------------------------------


def test_a_killed_job_goes_on(run: Callable[..., Any]) -> None:
    for index in range(6):
        Pillow.fromarray(drawn(index)).save(f"in/{index}.png")
    words = ["enhance", "in", "-o", "out", "--model", "mine.py:slow"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "hdrmetrics", *words], env=environment)
    end = time.monotonic() + 60
    while not list(Path("out").glob("[!.]*.png")) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {name: Path("out", name).read_bytes() for name in tree("out") if name[0] != "."}
    assert 1 <= len(done) < 8
    for name in done:
        codes_of(Path("out", name))
    words[-1] = "mine.py:brighter"
    assert run(*words, "--skip-existing").code == 0
    names = [name for name in tree("out") if name[0] != "."]
    assert len(names) == 8
    assert all(Path("out", name).read_bytes() == data for name, data in done.items())


def test_a_job_killed_while_it_scores_goes_on(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "-r", "ref",
             "-m", "psnr", "--csv", "a.csv")  # fmt: skip
    whole = job.score_files

    def stopped(files: Any, metrics: Any, **settings: Any) -> Any:
        whole(files[:3], metrics, **settings)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job, "score_files", stopped)
        broken = run(*words)
    assert broken.code == 130
    assert "3 of 4 rows are kept" in broken.err
    assert tree("out") == ["a.png", "b.png"]
    made = {name: Path("out", name).stat().st_mtime_ns for name in tree("out")}
    resumed = run(*words, "--resume")
    assert resumed.code == 0
    assert "going on: 3 of 4 files are done" in resumed.err
    assert {name: Path("out", name).stat().st_mtime_ns for name in tree("out")} == made
    assert len(Path("a.csv").read_text().splitlines()) == 1 + 4


def test_light_is_judged_as_light(run: Callable[..., Any]) -> None:
    Path("truth").mkdir()
    for name, seed in (("a", 0), ("b", 1)):
        light = 600 * (drawn(seed) / 255.0) ** 2.2
        image = hm.Image(light.astype(np.float32), hm.Calibration("absolute"))
        hm.write_image(f"truth/{name}.exr", image)
    words = ("enhance", "in/a.png", "-o", "out/", "--model", "mine.py:light", "--set", "output=hdr",
             "--peak", 300, "-r", "truth/a.exr", "--json")  # fmt: skip
    found = json.loads(run(*words).out)
    assert found["metrics"] == ["pu21-psnr", "pu21-ssim"]
    by = {row["method"]: row["scores"] for row in found["rows"]}
    assert by["light"]["pu21-psnr"]["value"] is None  # infinite: the same to the last bit
    assert by["input"]["pu21-psnr"]["value"] < 40


def test_a_page_of_many_has_its_pictures_beside_it(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    monkeypatch.setattr(enhancements, "EMBEDDED_UP_TO", 3)
    words = ("enhance", "in", "-o", "out", "--model", "mine.py:brighter", "--model",
             "mine.py:darker", "-m", "piqe", "--report", "page.html")  # fmt: skip
    assert run(*words).code in (0, 2)  # PIQE may find a picture too flat
    # Each photograph once, what two models make of it, and the mark.
    assert len(tree("page_files")) == 2 + 4 + 1
    assert MADE in tree("page_files")
    text = Path("page.html").read_text()
    assert "data:image/jpeg" not in text
    assert text.count("page_files/") == 8
