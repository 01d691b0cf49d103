"""EfficientNet-Lite, folded, against timm's."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.liked.lite import LiteTrunk, fold
from hdrmetrics.learned.liked.trunks import trunk_named


def timm() -> object:
    from hdrmetrics.learned.liked.torchvision_stub import declare_operators

    declare_operators()
    return pytest.importorskip("timm", reason="the extra 'train' is not installed")


@pytest.mark.parametrize("size", [(96, 96), (65, 111)])
def test_each_level_is_that_of_timm(size: tuple[int, int]) -> None:
    theirs = timm().create_model("tf_efficientnet_lite0").eval()  # type: ignore[attr-defined]
    made = torch.Generator().manual_seed(0)
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=made)
            module.running_var.uniform_(0.5, 2.0, generator=made)
    ours = fold(theirs.state_dict())
    pictures = torch.rand(2, 3, *size, generator=made)
    with torch.no_grad():
        x = theirs.bn1(theirs.conv_stem((255 * pictures - 127) / 128))
        expected = [x]
        for block in theirs.blocks:
            expected.append(block(expected[-1]))
        for own, other in zip(ours.maps(pictures), expected, strict=True):
            torch.testing.assert_close(own, other, atol=1e-3, rtol=1e-3)


def test_it_has_the_weights_of_the_paper_but_for_the_classifier() -> None:
    # 4.65 million with the last convolution, its normalisation and 1,000 classes.
    last = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    normalisation = sum(p.numel() for n, p in LiteTrunk().named_parameters() if n.endswith("bias"))
    count = sum(p.numel() for p in LiteTrunk().parameters())
    assert count + normalisation + last == 4_652_008


def test_weights_of_another_network_and_other_names_are_refused() -> None:
    with pytest.raises(OptionError, match="not the weights"):
        fold({"a": torch.zeros(3)})
    for name in ("resnet", "timm:no_such_model", "timm:hf-hub:x/y"):
        if name.startswith("timm"):
            timm()
        with pytest.raises(OptionError, match=r"trunk|timm"):
            trunk_named(name)


def test_tiny_and_grey_pictures_are_refused() -> None:
    for shape in ((1, 3, 16, 64), (1, 1, 64, 64)):
        with pytest.raises(ShapeError, match="32 px"):
            LiteTrunk().maps(torch.zeros(shape))


def test_any_backbone_of_timm_is_a_trunk() -> None:
    timm()
    trunk = trunk_named("timm:mobilenetv2_050")
    maps = trunk.maps(torch.rand(1, 3, 96, 64))
    assert [m.shape[1] for m in maps] == list(trunk.channels)
    assert not any(m.training for m in trunk.train().modules() if "BatchNorm" in type(m).__name__)
