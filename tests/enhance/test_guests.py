"""Functions and programs of the user's as enhancers."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from hdrmetrics.enhance import from_callable, from_command
from hdrmetrics.errors import (
    DomainError,
    EnhancerError,
    OptionError,
    PixelValueError,
    ShapeError,
)
from tests.enhance.pictures import photograph

TOOL = """
import sys
from PIL import Image, ImageOps
source, target = sys.argv[-2:]
ImageOps.mirror(Image.open(source)).save(target)
"""


def script(folder: Path, text: str) -> list[str]:
    path = folder / "tool one.py"
    path.write_text(text)
    return [sys.executable, str(path), "{input}", "{output}"]


def test_a_function() -> None:
    image = photograph()
    enhancer = from_callable(lambda x: x.flip(-1), name="mirror")
    assert enhancer.name == "mirror"
    assert torch.equal(enhancer(image), image.flip(-1))
    assert torch.equal(enhancer(image.double()), image.double().flip(-1))

    def spoil(x: torch.Tensor) -> torch.Tensor:
        return x.mul_(0.5)

    before = image.clone()
    assert from_callable(spoil).name == "spoil"
    from_callable(spoil)(image)
    assert torch.equal(image, before), "what a guest does to its copy stays there"


def test_what_a_function_may_not_return() -> None:
    image = photograph()
    with pytest.raises(ShapeError, match="keeps the size"):
        from_callable(lambda x: x[..., 1:])(image)
    with pytest.raises(EnhancerError, match="returned ndarray"):
        from_callable(lambda x: x.numpy())(image)  # type: ignore[arg-type, return-value]
    with pytest.raises(EnhancerError, match="uint8"):
        from_callable(lambda x: (255 * x).to(torch.uint8))(image)
    with pytest.raises(PixelValueError, match="enhanced"):
        from_callable(lambda x: x / 0)(image)
    with pytest.raises(DomainError, match="returned"):
        from_callable(lambda x: 255 * x)(image)
    for strange in (torch.Tensor.to_sparse, lambda x: x.to("meta")):
        with pytest.raises(EnhancerError, match="the values of all pixels"):
            from_callable(strange, name="strange")(image)
    with pytest.raises(EnhancerError, match="ZeroDivisionError"):
        from_callable(lambda x: 1 / 0)(image)  # type: ignore[arg-type, return-value]
    with pytest.raises(EnhancerError, match="made of a function"):
        from_callable(3)  # type: ignore[arg-type]


def test_a_program(tmp_path: Path) -> None:
    image = (255 * photograph(20, 31)).round() / 255
    enhancer = from_command(script(tmp_path, TOOL), name="mirror")
    torch.testing.assert_close(enhancer(image), image.flip(-1), rtol=0, atol=1e-6)
    both = enhancer(torch.cat((image, image.flip(-2))))
    torch.testing.assert_close(both[1:], image.flip(-2).flip(-1), rtol=0, atol=1e-6)


def test_a_text_is_split_and_no_shell_comes_between(tmp_path: Path) -> None:
    image = (255 * photograph(8, 8)).round() / 255
    command = script(tmp_path, TOOL)
    text = f"'{command[0]}' '{command[1]}' '; touch {tmp_path}/no' $HOME {{input}} {{output}}"
    assert from_command(text).name == Path(sys.executable).name
    torch.testing.assert_close(from_command(text)(image), image.flip(-1), rtol=0, atol=1e-6)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemExit('no such model')", "failed with exit code 1: no such model"),
        ("pass", "wrote no picture"),
        ("import sys; open(sys.argv[2], 'w').write('x')", "cannot be read"),
        ("import os; os.kill(os.getpid(), 9)", "crashed"),
    ],
)
def test_a_program_that_fails(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnhancerError, match=message):
        from_command(script(tmp_path, text))(photograph(8, 8))


def test_a_program_may_be_a_path_and_needs_a_place_for_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = (255 * photograph(8, 8)).round() / 255
    program, *others = script(tmp_path, TOOL)
    enhancer = from_command([Path(program), *others])
    torch.testing.assert_close(enhancer(image), image.flip(-1), rtol=0, atol=1e-6)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(EnhancerError, match=r"no place for the files .*none"):
        enhancer(image)


def test_a_program_that_changes_the_size(tmp_path: Path) -> None:
    text = TOOL.replace("ImageOps.mirror(Image.open(source))", "Image.open(source).reduce(2)")
    with pytest.raises(ShapeError, match="keeps the size"):
        from_command(script(tmp_path, text))(photograph(8, 8))


def test_a_program_without_end(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(EnhancerError, match=r"did not end within 0\.3 s"):
        from_command(script(tmp_path, "import time; time.sleep(60)"), timeout=0.3)(photograph(8, 8))
    assert time.monotonic() - began < 20


def test_commands_that_cannot_be(tmp_path: Path) -> None:
    for wrong in ("tool", "tool {input}", "tool {output}", "", []):
        with pytest.raises(OptionError, match="a command is like"):
            from_command(wrong)
    with pytest.raises(OptionError, match="split"):
        from_command("tool '{input} {output}")
    for seconds in (0, float("nan"), "3", None):
        with pytest.raises(OptionError, match="timeout"):
            from_command("cp {input} {output}", timeout=seconds)  # type: ignore[arg-type]
    for what in (None, 3, ["cp", 3, "{input}", "{output}"]):
        with pytest.raises(OptionError, match="list of texts and paths"):
            from_command(what)  # type: ignore[arg-type]
    with pytest.raises(EnhancerError, match="no program"):
        from_command("no-such-program {input} {output}")
