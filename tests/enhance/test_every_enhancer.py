"""What every enhancer keeps to: shape, range, tiles, determinism, one pixel, and errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hdrmetrics.enhance import (
    Enhancer,
    EnhancerInfo,
    create_enhancer,
    enhancer_info,
    from_callable,
    list_enhancers,
    register_enhancer,
)
from hdrmetrics.enhance.enhancer import ENHANCERS
from hdrmetrics.enhance.local import LocalEnhancer
from hdrmetrics.enhance.tiles import tiles
from hdrmetrics.errors import (
    DomainError,
    OptionError,
    PixelValueError,
    ShapeError,
    UnknownNameError,
)
from tests.enhance.pictures import photograph

NAMES = [info.name for info in list_enhancers()]
EXPOSING = [info.name for info in list_enhancers(against="exposure")]
each = pytest.mark.parametrize("name", NAMES)


def test_the_list() -> None:
    assert NAMES == [
        "curve", "curve-light", "deblocking", "non_local_means", "restore", "richardson_lucy",
        "unsharp_mask", "wiener",
    ]  # fmt: skip
    learned = [info.name for info in list_enhancers(learned=True)]
    assert learned == ["curve", "curve-light", "restore"]
    assert [info.name for info in list_enhancers(against="exposure")] == ["curve", "curve-light"]
    assert "unsharp_mask" not in [info.name for info in list_enhancers(against="noise")]
    with pytest.raises(UnknownNameError, match="did you mean wiener"):
        create_enhancer("weiner")


@each
def test_descriptions_are_complete(name: str) -> None:
    info = enhancer_info(name)
    assert info.title
    assert info.citation
    assert info.against
    for parameter in info.parameters:
        assert parameter.meaning or parameter.automatic
        assert (parameter.default is None) == bool(parameter.automatic)
    assert create_enhancer(name).name == name
    assert name in repr(create_enhancer(name))


@each
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_shape_range_and_type(name: str, dtype: torch.dtype) -> None:
    batch = torch.cat((photograph(40, 33), photograph(40, 33, seed=1))).to(dtype)
    batch[0, :, :6, :6], batch[0, :, -6:, -6:] = 0.0, 1.0
    before = batch.clone()
    out = create_enhancer(name)(batch)
    assert out.shape == batch.shape
    assert out.dtype == (torch.float32 if dtype == torch.float16 else dtype)
    assert bool(out.isfinite().all())
    assert float(out.min()) >= 0
    assert float(out.max()) <= 1
    assert torch.equal(batch, before), "the input stays as it is"
    assert not out.requires_grad


@each
def test_the_same_picture_gives_the_same_result(name: str) -> None:
    batch = torch.cat([photograph(seed=k) for k in range(3)])
    together = create_enhancer(name)(batch)
    for i in (2, 0, 1):
        assert torch.equal(create_enhancer(name)(batch[i : i + 1])[0], together[i])
    assert torch.equal(create_enhancer(name)(batch[0])[0], together[0]), "one without its batch"


@each
@pytest.mark.parametrize("size", [(150, 203), (33, 300)])
def test_tiles_give_what_the_whole_gives(name: str, size: tuple[int, int]) -> None:
    quick = {"richardson_lucy": {"iterations": 3}, "non_local_means": {"window": 2}}
    settings: dict[str, Any] = quick.get(name, {})
    enhancer = create_enhancer(name, **settings)
    if not isinstance(enhancer, LocalEnhancer):
        pytest.skip("its strips are those of tests/learned/curves")
    image = photograph(*size)
    type(enhancer).side, kept = 512, type(enhancer).side
    try:
        whole = enhancer(image)
        type(enhancer).side = 64
        tiled = enhancer(image)
    finally:
        type(enhancer).side = kept
    torch.testing.assert_close(tiled, whole, rtol=0, atol=3e-6)


@each
def test_one_pixel_and_thin_pictures(name: str) -> None:
    enhancer = create_enhancer(name)
    for height, width in ((1, 1), (1, 9), (10, 1), (2, 3), (8, 8), (9, 10)):
        image = photograph(16, 16)[..., :height, :width]
        out = enhancer(image)
        assert out.shape == image.shape
        assert bool(out.isfinite().all())


@each
def test_a_flat_picture_stays_flat(name: str) -> None:
    flat = torch.full((1, 3, 32, 40), 0.4)
    out = create_enhancer(name)(flat)
    # What mends exposure gives it another code, but the same everywhere.
    wanted = out.mean(dim=(-2, -1), keepdim=True).expand_as(out) if name in EXPOSING else flat
    torch.testing.assert_close(out, wanted, rtol=0, atol=0.02 if name == "restore" else 1e-5)


@each
def test_what_is_no_picture_is_refused(name: str) -> None:
    enhancer, image = create_enhancer(name), photograph()
    for value in (float("nan"), float("inf")):
        wrong = image.clone()
        wrong[0, 1, 2, 3] = value
        with pytest.raises(PixelValueError, match="NaN or infinite"):
            enhancer(wrong)
    with pytest.raises(ShapeError, match="RGB"):
        enhancer(image[:, :1])
    for shape in ((1, 4, 8, 8), (1, 2, 8, 8), (1, 3, 0, 8)):
        with pytest.raises(ShapeError):
            enhancer(torch.zeros(shape))
    with pytest.raises(ShapeError, match="floats"):
        enhancer((255 * image).to(torch.uint8))
    with pytest.raises(DomainError, match="255"):
        enhancer(255 * image)
    with pytest.raises(ShapeError, match="torch tensor"):
        enhancer(image.numpy())  # type: ignore[arg-type]


@each
def test_unknown_settings_and_values_out_of_bounds(name: str) -> None:
    with pytest.raises(OptionError, match="no parameter"):
        create_enhancer(name, colour=3)
    for parameter in enhancer_info(name).parameters:
        if parameter.bounds is not None:
            with pytest.raises(OptionError, match="lies between"):
                create_enhancer(name, **{parameter.name: parameter.bounds[1] + 1})


def test_tiles_cover_a_picture_once_and_stay_small() -> None:
    covered = torch.zeros(300, 400, dtype=torch.int64)
    for tile in tiles(300, 400, 5, 8, 64):
        covered[tile.rows, tile.columns] += 1
        assert tile.seen_rows.start % 8 == 0
        assert tile.seen_columns.start % 8 == 0
    assert bool((covered == 1).all())
    for tile in tiles(3000, 4000, 88, 8):
        assert tile.seen_rows.stop - tile.seen_rows.start <= 1024 + 2 * 88
        assert tile.seen_columns.stop - tile.seen_columns.start <= 1024 + 2 * 88


def test_others_add_their_own() -> None:
    info = EnhancerInfo("theirs", "Theirs", (), ("noise",), "nobody")
    register_enhancer(info, lambda: from_callable(lambda image: image / 2, name="theirs"))
    try:
        enhancer = create_enhancer("theirs")
        assert isinstance(enhancer, Enhancer)
        assert float(enhancer(torch.ones(1, 3, 2, 2)).max()) == 0.5
        with pytest.raises(OptionError, match="already"):
            register_enhancer(info, lambda: from_callable(lambda image: image))
    finally:
        del ENHANCERS.entries["theirs"]
