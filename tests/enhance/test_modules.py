"""Networks of the user's as enhancers: what they are handed, and what they may return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrmetrics.enhance import (
    Enhancer,
    LightGuest,
    find_guest,
    from_callable,
    from_module,
)
from hdrmetrics.enhance.blended import Blended
from hdrmetrics.errors import (
    DomainError,
    EnhancerError,
    OptionError,
    PixelValueError,
    PixelValueWarning,
    ShapeError,
    WeightsError,
)
from tests.enhance.pictures import photograph


class Net(nn.Module):
    """A convolution around the identity that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        with torch.no_grad():
            self.conv.weight.mul_(0.02)
            self.conv.bias.zero_()  # type: ignore[union-attr]
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x.clone())
        out: Tensor = (0.9 * x + 0.05 + self.drop(self.conv(x))).clamp(0, 1)
        return out


@pytest.fixture
def net() -> Net:
    torch.manual_seed(3)
    return Net()


def test_a_network_is_called_as_torch_calls_it(net: Net) -> None:
    image = photograph(20, 31)
    guest = from_module(net)
    assert isinstance(guest, Enhancer)
    assert guest.name == "Net"
    found = guest(image)
    with torch.no_grad():
        torch.testing.assert_close(found, net.eval()(image), rtol=0, atol=1e-6)
    assert not found.requires_grad
    assert torch.equal(guest(torch.cat((image, image.flip(-1))))[:1], found)
    assert torch.equal(from_module(lambda x: x.mul_(0.5))(image), 0.5 * image)


def test_what_nets_want(net: Net) -> None:
    image = photograph(20, 31)
    padded = F.pad(image, (0, 1, 0, 12), mode="replicate")
    with torch.no_grad():
        found = from_module(net, multiple=16)(image)
        assert net.seen[-1].shape == (1, 3, 32, 32)
        torch.testing.assert_close(net.seen[-1], padded, rtol=0, atol=0)
        torch.testing.assert_close(found, net(padded)[..., :20, :31], rtol=0, atol=1e-6)
        found = from_module(net, channels="bgr")(image)
        wanted = net(image[:, [2, 1, 0]])[:, [2, 1, 0]]
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)
    from_module(net, values="-1..1")(image)
    torch.testing.assert_close(net.seen[-1], 2 * image - 1)
    same = from_module(lambda x: x, values="-1..1", channels="bgr", multiple=32)(image)
    torch.testing.assert_close(same, image, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("answer", "pick"),
    [
        (lambda x: [x**2], None), (lambda x: (x, x**2), 1),
        (lambda x: {"out": x**2, "map": 3}, "out"),
        (lambda x: {"one": x**2}, None),
    ],
)  # fmt: skip
def test_one_of_several_outputs(answer: Any, pick: Any) -> None:
    image = photograph(8, 9)
    assert torch.equal(from_module(answer, pick=pick)(image), image**2)


def test_tiles_give_what_the_whole_gives(net: Net) -> None:
    image = photograph(50, 70)
    whole = from_module(net)(image)
    net.seen.clear()
    tiled = from_module(net, tile=16, margin=2)(image)
    assert len(net.seen) == 4 * 5
    assert max(max(one.shape[-2:]) for one in net.seen) <= 20
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-6)
    assert torch.equal(from_module(lambda x: x, tile=16, margin=3, multiple=8)(image), image)


def test_light() -> None:
    image = photograph(8, 9)
    guest = from_module(lambda x: x**2.2 * 4, output="hdr", peak=250, name="bright")
    assert isinstance(guest, LightGuest)
    torch.testing.assert_close(guest(image), 1000 * image**2.2)
    assert guest(image[0]).shape == (1, 3, 8, 9)
    with pytest.raises(PixelValueError, match="bright returned light below zero"):
        from_module(lambda x: x - 0.5, output="hdr", name="bright")(image)
    with pytest.raises(PixelValueError, match="NaN"):
        from_module(lambda x: x / 0 * 0, output="hdr")(image)
    with pytest.raises(ShapeError, match="grey"):
        guest(image[:, :1])
    for peak in (0, float("inf"), "x"):
        with pytest.raises(OptionError, match="peak"):
            from_module(lambda x: x, output="hdr", peak=peak)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (lambda x: x[..., 1:], ShapeError, "mine made .* say multiple=8"),
        (lambda x: x / 0, PixelValueError, "mine returned values that are NaN"),
        (lambda x: 255 * x, DomainError, "mine returned values from .* divide 8-bit"),
        (lambda x: 2 * x - 1, DomainError, r"values=-1\.\.1"),
        (lambda x: 1 / 0, EnhancerError, "mine failed on 9×8 pixels: ZeroDivisionError"),
        (lambda x: x.numpy(), EnhancerError, "mine returned ndarray"),
        (lambda x: (255 * x).byte(), EnhancerError, "uint8"),
        (lambda x: x.to("meta"), EnhancerError, "the values of all pixels"),
        (lambda x: (x, x), EnhancerError, "2 things .*say which is the picture, as pick=0"),
        (lambda x: (), EnhancerError, "0 things"),
    ],
)
def test_faults_are_the_guests(answer: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        from_module(answer, name="mine")(photograph(8, 9))


def test_other_faults() -> None:
    image = photograph(8, 9)
    with pytest.raises(EnhancerError, match="no 'x'"):
        from_module(lambda x: {"out": x}, pick="x")(image)
    with pytest.raises(EnhancerError, match="nothing to pick"):
        from_module(lambda x: x, pick=0)(image)

    def full(x: Tensor) -> Tensor:
        raise MemoryError

    with pytest.raises(EnhancerError, match="tile=1024"):
        from_module(full)(image)
    with pytest.raises(EnhancerError, match="network or a function"):
        from_module(3)  # type: ignore[call-overload]
    for wrong in ({"multiple": 0}, {"values": "0..255"}, {"channels": "gbr"}, {"output": "raw"}):
        with pytest.raises(OptionError):
            from_module(lambda x: x, **wrong)


def test_a_little_too_much_is_clipped_and_told() -> None:
    with pytest.warns(PixelValueWarning, match="mine .*clipped"):
        found = from_module(lambda x: x + 0.02, name="mine")(torch.full((1, 3, 4, 4), 0.99))
    assert float(found.max()) == 1.0


# -- weights ------------------------------------------------------------------------------------


def test_weights(net: Net, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = {name: value.clone() for name, value in net.state_dict().items()}
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pt")
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}},
               tmp_path / "b.pth")  # fmt: skip
    image = photograph(8, 9)
    wanted = from_module(net)(image)
    for name in ("a.safetensors", "a.pt", "b.pth"):
        other = Net()
        assert torch.equal(from_module(other, weights=tmp_path / name)(image), wanted)


def test_weights_that_cannot_be(net: Net, tmp_path: Path) -> None:
    def refused(name: str, message: str) -> None:
        with pytest.raises(WeightsError, match=message):
            from_module(net, weights=tmp_path / name)

    refused("none.pt", "no such file")
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (ran,))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    refused("evil.pt", "would run code")
    assert not ran.exists()
    torch.save(net, tmp_path / "whole.pt")
    refused("whole.pt", "would run code .*state_dict")
    for name in ("x.pt", "x.safetensors"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        refused(name, "cannot be read|would run code")
    torch.save([1, 2], tmp_path / "list.pt")
    refused("list.pt", "no state dict")
    state = net.state_dict()
    torch.save({k: v for k, v in state.items() if "bias" not in k} | {"extra": torch.ones(1)},
               tmp_path / "other.pt")  # fmt: skip
    refused("other.pt", r"another network: 1 missing \(conv.bias\); 1 unknown \(extra\)")
    torch.save({**state, "conv.bias": torch.ones(4)}, tmp_path / "wide.pt")
    refused("wide.pt", r"conv.bias is \(4,\)")
    torch.save({**state, "conv.bias": torch.full((3,), float("nan"))}, tmp_path / "nan.pt")
    refused("nan.pt", "NaN")
    with pytest.raises(OptionError, match="no network"):
        from_module(lambda x: x, weights=tmp_path / "a.pt")


# -- where guests are written -------------------------------------------------------------------


def test_guests_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parts.py").write_text("FACTOR = 0.5\n")
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom parts import FACTOR\n"
        "class Net(torch.nn.Module):\n    def forward(self, x):\n        return FACTOR * x\n"
        "def make(): return Net()\nready = Net()\ndef half(x): return FACTOR * x\n"
        "def broken(): raise RuntimeError('no GPU')\nnumber = 3\ndef nothing(): return None\n"
    )
    image = photograph(8, 9)
    for name in ("Net", "make", "ready", "half"):
        guest = find_guest(f"{tmp_path / 'mine.py'}:{name}")
        assert torch.equal(from_module(guest)(image), 0.5 * image)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    assert torch.equal(from_module(find_guest("mine:half"))(image), 0.5 * image)
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    for where, error, message in (
        ("mine.py", OptionError, "FILE.py:NAME"),
        ("none.py:net", OptionError, "no file 'none.py'"),
        ("no_such_module_x:net", OptionError, "no module"),
        ("mine.py:absent", OptionError, "it has Net, make"),
        ("mine.py:number", EnhancerError, "is int"),
        ("mine.py:nothing", EnhancerError, "is NoneType"),
        ("mine.py:broken", EnhancerError, "no GPU"),
        ("bad.py:net", EnhancerError, "cannot be loaded: SystemExit"),
    ):
        with pytest.raises(error, match=message):
            find_guest(where)


def test_guests_do_not_share_what_lies_beside_them(tmp_path: Path) -> None:
    """Two people's nets have files of one name: each is made of its own."""
    for name, factor in (("a", 0.5), ("b", 0.25)):
        folder = tmp_path / name
        (folder / "archs").mkdir(parents=True)
        (folder / "archs" / "__init__.py").write_text("from archs.block import FACTOR\n")
        (folder / "archs" / "block.py").write_text(f"FACTOR = {factor}\n")
        (folder / "util.py").write_text(f"LEFT = {factor}\n")
        (folder / "net.py").write_text(
            "import util\nfrom archs import FACTOR\n"
            "def net(x): return FACTOR * x\ndef left(x): return util.LEFT * x\n"
        )
    image = photograph(4, 5)
    guests = [
        (factor, from_module(find_guest(f"{tmp_path / name / 'net.py'}:{what}")))
        for name, factor in (("a", 0.5), ("b", 0.25), ("a", 0.5))
        for what in ("net", "left")
    ]
    for factor, guest in guests:
        assert torch.equal(guest(image), factor * image)


def test_a_guest_may_clean_the_path_and_is_told_of_dots(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(
        f"import sys\nsys.path.remove({str(tmp_path)!r})\ndef net(x): return x\n"
    )
    assert from_module(find_guest(f"{tmp_path / 'clean.py'}:net")).name == "net"
    (tmp_path / "dots.py").write_text("from .parts import net\n")
    with pytest.raises(EnhancerError, match="named as package"):
        find_guest(f"{tmp_path / 'dots.py'}:net")


def test_a_guest_that_ends_the_process_has_failed() -> None:
    def leaves(x: Tensor) -> Tensor:
        raise SystemExit(3)

    for guest in (from_module(leaves), from_callable(leaves)):
        with pytest.raises(EnhancerError, match=r"leaves failed.*SystemExit"):
            guest(photograph(4, 5))


def test_mixtures() -> None:
    image = photograph(8, 9)
    guest = from_module(lambda x: x**2)
    assert torch.equal(Blended(guest, 0)(image), image)
    assert torch.equal(Blended(guest, 1)(image), image**2)
    torch.testing.assert_close(Blended(guest, 0.25)(image), 0.75 * image + 0.25 * image**2)
    with pytest.raises(OptionError, match="between 0 and 1"):
        Blended(guest, 1.5)
