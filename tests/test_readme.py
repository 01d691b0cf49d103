"""The README and the pages of docs are true: what they show runs, their lists are whole.

Every block is accounted for. A command or name that this file does not know how to set up fails.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage

import hdrmetrics as hm
from hdrmetrics.cli import main
from hdrmetrics.codecs import list_codecs
from hdrmetrics.distort import list_distortions
from hdrmetrics.io.signatures import READERS
from hdrmetrics.io.writing import _DEPTHS
from hdrmetrics.photometry.transfer import srgb_encode
from tests.markdown import Block, blocks, console_commands, words, workflow_commands

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
PAGES = [README, *(ROOT / "docs" / name for name in ("ci.md", "guests.md", "scale.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]

NOT_RUN = (
    r"python3? -m venv \S+",
    r"\. \S+/bin/activate",
    r"pip install .*",
    r"python -m pytest\b.*",
    r"make renders\b.*",  # stands for whatever makes the reader's pictures
)
"""Installation, and what is not ours."""

SHOWN = ("text",)
"""Languages of blocks that show what a program prints."""


def picture(index: int) -> NDArray[np.float32]:
    """Return a part ``(160, 224, 3)`` of a real photograph: PIQE dislikes what a formula draws."""
    pixels = hm.read_image(hm.sample_images()["forest_path"]).pixels
    y, x = 40 * index, 70 * index
    part = pixels[y : y + 160, x : x + 224]
    return np.clip(part / np.percentile(part, 99), 0, 20).astype(np.float32)


def nearly(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the picture with noise that only instruments see."""
    rng = np.random.default_rng(7)
    return (light * (1 + 0.003 * rng.standard_normal(light.shape))).astype(np.float32)


def save_photo(path: Path, light: NDArray[np.float32], time: float) -> None:
    """Write a JPEG with the time it was exposed for."""
    codes = srgb_encode(torch.from_numpy(light * time).clamp(0, 1)).numpy()
    exif = PillowImage.Exif()
    exif.get_ifd(0x8769).update({33434: time, 33437: 2.0, 34855: 100})
    pixels = np.round(255 * codes).astype(np.uint8)
    PillowImage.fromarray(pixels).save(path, quality=95, exif=exif)


def save_noisy(path: Path, light: NDArray[np.float32]) -> None:
    """Write a photograph of which everybody sees that it would gain."""
    codes = srgb_encode(torch.from_numpy(light).clamp(0, 1)).numpy()
    noise = 0.035 * np.random.default_rng(5).standard_normal(codes.shape)
    PillowImage.fromarray(np.rint(255 * (codes + noise).clip(0, 1)).astype(np.uint8)).save(path)


def save_guests(folder: Path) -> None:
    """Write what the page on guests names: its net, its weights, dark pictures and targets."""
    from safetensors.torch import save_file

    (block,) = [one for one in languages("python") if "def make_net" in one.text]
    (folder / "mine.py").write_text(block.text)
    weights = {"conv.weight": torch.zeros(3, 3, 3, 3), "conv.bias": torch.zeros(3)}
    save_file(weights, folder / "mine.safetensors")
    for index, name in enumerate(("cave", "church")):
        for place, share in (("dark", 0.2), ("retouched", 1.0)):
            (folder / place).mkdir(exist_ok=True)
            codes = srgb_encode(torch.from_numpy(share * picture(index)).clamp(0, 1)).numpy()
            pixels = PillowImage.fromarray(np.rint(255 * codes[:96, :128]).astype(np.uint8))
            pixels.save(folder / place / f"{name}.png")
    (folder / "dark.png").write_bytes((folder / "dark" / "cave.png").read_bytes())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's folder, with every file that the pages name."""
    true, near = ("truth", "ref", "data/ref", "scenes"), ("renders", "methodA", "methodB")
    for folder in (*true, *near, "out", "photos", "bracket"):
        (tmp_path / folder).mkdir(parents=True)
    for index, name in enumerate(("cave", "church", "street")):
        light = picture(index)
        for folder in true:
            hm.write_image(tmp_path / folder / f"{name}.exr", light)
        for folder in near:
            hm.write_image(tmp_path / folder / f"{name}.exr", nearly(light))
        save_photo(tmp_path / "photos" / f"{name}.jpg", light, 1.0)
    light = picture(3)
    save_noisy(tmp_path / "photos" / "market.png", light)
    for name, pixels in (
        ("reference.exr", light), ("test.exr", nearly(light)), ("shot.exr", light),
        ("photo.hdr", light), ("data/church.exr", light), ("out/church.exr", nearly(light)),
    ):  # fmt: skip
        hm.write_image(tmp_path / name, pixels)
    save_photo(tmp_path / "photo.jpg", light, 1.0)
    for index in range(4):
        save_photo(tmp_path / "bracket" / f"{index}.jpg", light, 4.0**-index)
    save_guests(tmp_path)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_command(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command line of a page and expect that it succeeds."""
    parts = [part.strip() for part in command.split(" && ")]
    for part in parts:
        if any(re.fullmatch(pattern, part) for pattern in NOT_RUN):
            continue
        typed = words(part.replace("$GITHUB_STEP_SUMMARY", "summary.md"), folder)
        assert typed[0] == "hdrmetrics", f"how is this to be tried? {part}"
        if "--baseline" in typed and "--update-baseline" not in typed:
            baseline = Path(typed[typed.index("--baseline") + 1])
            if not baseline.exists():  # made once by the same command, as the page says
                assert main([*typed[1:], "--update-baseline"]) == 0
        capsys.readouterr()
        code = main(typed[1:])
        streams = capsys.readouterr()
        assert code == 0, f"{part}\n{streams.out}\n{streams.err}"


def languages(*names: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in names]


def is_test_file(block: Block) -> bool:
    return block.language == "python" and "def test_" in block.text


def test_every_block_is_tried_or_shown() -> None:
    tried = languages("console", "python", "yaml")
    shown = languages(*SHOWN)
    assert [str(b) for b in BLOCKS if b not in tried and b not in shown] == []
    for block in languages("console", "yaml"):
        commands = console_commands(block.text) or workflow_commands(block.text)
        assert commands, f"{block}: no command found"


@pytest.mark.parametrize("block", languages("console"), ids=str)
def test_commands(block: Block, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in console_commands(block.text):
        run_command(command, world, capsys)


@pytest.mark.parametrize("block", languages("yaml"), ids=str)
def test_workflows(block: Block, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in workflow_commands(block.text):
        run_command(command, world, capsys)


@pytest.mark.parametrize("block", [b for b in languages("python") if not is_test_file(b)], ids=str)
def test_python(block: Block, world: Path) -> None:
    if "hdrmetrics.codecs" in block.text:
        pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    if "hdrmetrics.collection" in block.text:
        for package in ("pyarrow", "pandas"):
            pytest.importorskip(package, reason="the extra 'dask' or 'ray' is not installed")
    light = hm.read_image("reference.exr", peak=1000).tensor()
    names: dict[str, Any] = {"test": light * 1.01, "reference": light, "light": light}
    names["__name__"] = "__main__"  # what stands below that is for readers who run it
    exec(compile(block.text, str(block), "exec"), names)


@pytest.mark.parametrize("block", [b for b in languages("python") if is_test_file(b)], ids=str)
def test_test_files(
    block: Block, world: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest("""
        import pytest
        import hdrmetrics as hm

        @pytest.fixture
        def scene():
            return hm.read_image("out/church.exr", scale=100).pixels

        @pytest.fixture
        def reference():
            return hm.read_image("data/church.exr", scale=100).pixels
    """)
    pytester.makepyfile(test_page="def render(scene):\n    return scene\n\n\n" + block.text)
    monkeypatch.chdir(world)
    options = ("-p", "hdrmetrics.pytest_plugin", "-p", "no:cacheprovider", pytester.path)
    count = block.text.count("def test_")
    for more in (("--hdr-update-baseline",), ()):
        pytester.runpytest_inprocess(*options, *more).assert_outcomes(passed=count)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


# -- the lists ----------------------------------------------------------------------------------


def metric_rows() -> list[tuple[list[str], str]]:
    """Return the names and the last column of each row of the table of metrics."""
    (table,) = re.findall(r"^\| metric \|.*\n\|[-| ]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    return [(re.findall(r"`([^`]+)`", first), last) for first, *_, last in rows]


def test_the_table_names_every_metric_and_no_other() -> None:
    known = {info.name for info in hm.list_metrics()}
    prefixes: list[str] = []
    named: set[str] = set()
    for names, on in metric_rows():
        if any(name.endswith("-") for name in re.findall(r"`([^`]+)`", on)):
            prefixes = re.findall(r"`([^`]+-)`", on)
            assert "SDR" in on
        full: list[str] = []
        for name in names:  # "-itmo" after "norvdpnet-hdr-c" stands for "norvdpnet-itmo"
            full.append(full[0].partition("-")[0] + name if name.startswith("-") else name)
        if on.startswith("the same") or "`" in on:
            full += [prefix + name for prefix in prefixes for name in names]
        if all(name.startswith("stack-") for name in names):  # "…": the others are alike
            full += [name for name in known if name.startswith("stack-")]
        named.update(full)
        named.update(re.findall(r"`(norvdpnet-[a-z-]+)`", _row_text(names[0])))
    assert sorted(named - known) == []
    assert sorted(known - named) == []


def _row_text(name: str) -> str:
    (row,) = re.findall(rf"^\| `{re.escape(name)}`[ ,].*$", TEXT, re.MULTILINE)
    return str(row)


ALSO = {"radiancehdr": "hdr", "radiance": "hdr", "openexr": "exr", "ultrahdr": "jpeg"}
"""Other names of formats, as people write them."""


def formats(sentence: str) -> set[str]:
    """Return the formats that a sentence lists, as the readers call them."""
    plain = re.sub(r"\([^)]*\)", "", sentence.replace("\n", " "))
    plain = re.sub(r"with the extra `\w+`|\band\b|;", ",", plain)
    names = ("".join(word.lower().split()) for word in plain.split(",") if word.strip())
    return {ALSO.get(name, name) for name in names}


def test_formats_are_those_that_are_read_and_written() -> None:
    ((reads, writes),) = re.findall(r"^Reads ([^.]+)\.\s+Writes ([^.]+)\.", TEXT, re.MULTILINE)
    assert formats(reads) == set(READERS)
    endings = {".pic": "hdr"}
    assert formats(writes) == {endings.get(one, one[1:]) for one in _DEPTHS}


def test_what_is_counted_is_counted_right() -> None:
    numbers = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen", "twenty",
    ]  # fmt: skip
    counts = {"distortions": len(list_distortions()), "codecs": len(list_codecs())}
    for what, count in counts.items():
        words_before = re.findall(rf"(\w+)\s+{what}\b", TEXT)
        said = [numbers.index(word.lower()) + 1 for word in words_before if word.lower() in numbers]
        assert said == [count]


# -- the reading of pages -----------------------------------------------------------------------


def test_commands_are_read_as_a_shell_reads_them(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg"):
        (tmp_path / name).touch()
    text = "$ hdrmetrics x 'a b' *.jpg \\\n      --y 3   # why\nprinted\n$ two && three\n"
    first, second = console_commands(text)
    assert words(first, tmp_path) == ["hdrmetrics", "x", "a b", "a.jpg", "b.jpg", "--y", "3"]
    assert second == "two && three"


def test_workflows_are_read_with_folded_lines() -> None:
    text = "steps:\n  - run: one\n  - name: x\n    run: >\n      two\n      --y\n  - run: three\n"
    assert workflow_commands(text) == ["one", "two --y", "three"]


def test_an_unknown_command_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError, match="how is this to be tried"):
        run_command("ffmpeg -i a.mov", tmp_path, capsys)
    with pytest.raises(AssertionError, match="unheard-of"):
        run_command("hdrmetrics score unheard-of.exr", tmp_path, capsys)
