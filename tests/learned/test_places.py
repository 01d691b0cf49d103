"""Maps of learned scores: a place is what its surroundings are as a picture of their own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from hdrmetrics import create_metric, score_map
from hdrmetrics.distort import distort
from hdrmetrics.errors import ShapeError
from hdrmetrics.learned import places
from hdrmetrics.learned.architecture import (
    OURS_DIQM,
    OURS_NOR,
    Architecture,
)
from hdrmetrics.learned.fronts.cells import CELL, MARGIN
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.places import (
    SQUARE,
    judge_places,
    place_shape,
    see_places,
    spread,
)

from .small import alive, narrow, pictures

CELLS = narrow(OURS_NOR).with_heads("hdr-c")
PAIR = narrow(OURS_DIQM).with_heads("hdr-c", "tmo")


def network_of(architecture: Architecture) -> QualityNetwork:
    return alive(build_network(architecture, seed=3)).double()


def judged(
    network: QualityNetwork, test: Tensor, reference: Tensor | None = None, *, reach: int = 1
) -> Tensor:
    with torch.no_grad():
        return judge_places(network, test, reference, network.head, domain="hdr", reach=reach)


@pytest.mark.parametrize("reach", [0, 1, 2])
@pytest.mark.parametrize("architecture", [CELLS, PAIR], ids=["alone", "pair"])
def test_a_place_is_its_surroundings_as_a_picture(architecture: Architecture, reach: int) -> None:
    network = network_of(architecture)
    if architecture is PAIR:  # visible differences go up to the border of a picture
        width = architecture.seen.channels + architecture.seen.beside
        for head in network.heads.values():
            assert isinstance(head, nn.Sequential)
            head[0].weight.data[:, : 3 * width].unflatten(1, (3, width))[..., -8:] = 0
    both = pictures(2, 176, 208).double()
    test, reference = both[:1], both[1:] if architecture.inputs == "reference" else None
    found = judged(network, test, reference, reach=reach)
    assert found.shape == (1, len(architecture.heads), 11, 13)
    for row, column in ((3, 3), (5, 8), (7, 4)):
        spans = [
            slice((at - reach) * CELL - MARGIN, (at + reach + 1) * CELL + MARGIN)
            for at in (row, column)
        ]
        own = [None if x is None else x[..., spans[0], spans[1]] for x in (test, reference)]
        assert own[0] is not None
        with torch.no_grad():
            wanted = network(own[0], own[1], domain="hdr")
        torch.testing.assert_close(found[..., row, column], wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [(64, 64), (65, 130), (100, 79)])
def test_places_cover_pictures_of_any_size(size: tuple[int, int]) -> None:
    test = pictures(2, *size).double()
    found = judged(network_of(CELLS), test, reach=2)
    assert found.shape[-2:] == place_shape(*size)
    assert bool(torch.isfinite(found).all())
    assert spread(found, *size).shape[-2:] == size
    alone = judged(network_of(CELLS), test[1:], reach=2)
    torch.testing.assert_close(found[1:], alone, rtol=1e-10, atol=1e-10)


def test_tiles_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    both = pictures(2, 200, 250).double()
    alone, pair = network_of(CELLS), network_of(PAIR)

    def maps() -> list[Tensor]:
        seen = see_places(CellsCompared(), both[:1], both[1:], domain="hdr")
        return [judged(alone, both[:1]), judged(pair, both[:1], both[1:]), seen]

    whole = maps()
    monkeypatch.setattr(places, "_TILE", 4)
    tiled = maps()
    torch.testing.assert_close(tiled[0], whole[0], rtol=1e-10, atol=1e-10)
    # Filters of visible differences see beyond the rim of a tile, faintly.
    assert float((tiled[1] - whole[1]).abs().max()) < 0.02 * float(whole[1].std())
    assert float((tiled[2] - whole[2]).abs().max()) < 0.02


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(CELLS).float()
    largest = 0
    real = network.cells

    def noted(test: Tensor, *others: Tensor | None, **more: object) -> Tensor:
        nonlocal largest
        largest = max(largest, test.shape[-2] * test.shape[-1])
        return real(test, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "cells", noted)
    judged(network, pictures(1, 96, 5000), reach=2)
    assert largest <= 128 * 704


def test_seen_differences_are_none_where_pictures_agree_and_surely_seen_where_they_do_not() -> None:
    reference = pictures(1, 128, 203)
    test = reference.clone()
    test[..., 40:72, 64:112] *= 3.0
    seen = see_places(CellsCompared(), test, reference, domain="hdr")
    assert seen.shape == (1, 1, 16, 26)
    inside = seen[..., 5:9, 8:14]
    assert float(inside.min()) > 0.5
    assert float(inside.max()) > 0.999
    assert float(seen[..., 13:, :].max()) < 1e-3
    assert float(seen[..., 18:].max()) < 1e-3
    same = see_places(CellsCompared(), reference, reference, domain="hdr")
    assert float(same.max()) == 0.0
    assert SQUARE == 8


def area(local: Tensor, damaged: Tensor) -> float:
    """Return how often a damaged pixel stands above another one."""
    order = local.flatten().argsort().argsort().double()
    own = damaged.flatten()
    count, rest = int(own.sum()), int((~own).sum())
    return float((order[own].sum() - count * (count - 1) / 2) / (count * rest))


@pytest.mark.parametrize("name", ["norvdpnet-hdr", "diqm-hdr-c"])
def test_maps_find_damage(hdr_scene: Tensor, name: str) -> None:
    reference = torch.cat([hdr_scene, hdr_scene.flip(-1)], dim=-1).float()
    worse = distort(reference, "gaussian_blur", strength=0.7, domain="hdr", seed=0)
    test, damaged = reference.clone(), torch.zeros(reference.shape[-2:], dtype=torch.bool)
    test[..., 64:160, 80:208] = worse[..., 64:160, 80:208]
    damaged[64:160, 80:208] = True
    metric = create_metric(name)
    pair = (test, reference) if metric.info.reference else (test,)
    local = metric.map(*pair)
    assert local.shape == (1, 1, *reference.shape[-2:])
    assert float(local.min()) >= 0
    assert area(local, damaged) > (0.95 if metric.info.reference else 0.8)


def test_maps_keep_to_the_interface(hdr_scene: Tensor) -> None:
    light = hdr_scene.float()
    for name, kind in (
        ("norvdpnet", "distortion"),
        ("norvdpnet-tmo", "distortion"),
        ("diqm-hdr-c", "probability"),
        ("diqm-tmo", "distortion"),
    ):
        assert create_metric(name).info.map_kind == kind
    metric = create_metric("norvdpnet-hdr")
    grey = metric.map(light.mean(dim=1, keepdim=True))
    assert grey.shape == (1, 1, *light.shape[-2:])
    exact = metric.map(light.double())
    assert exact.dtype == torch.float64
    torch.testing.assert_close(exact.float(), metric.map(light), rtol=1e-2, atol=0.2)
    assert float(metric.map(light).max()) <= 100.0
    with pytest.raises(ShapeError, match="at least 64"):
        metric.map(light[..., :63])
    pair = create_metric("diqm-hdr-c")
    several = pair.map(torch.cat([light, 2 * light]), light)
    assert float(several[0].max()) < 1e-6 < float(several[1].max())
    prepared = pair.prepare(light).map(2 * light)
    torch.testing.assert_close(prepared, several[1:])
    found = score_map(light[0].movedim(0, -1).numpy(), "norvdpnet")
    assert found.context is None
    assert found.values.shape == light.shape[-2:]


def test_a_half_painted_grey_is_shown(hdr_scene: Tensor) -> None:
    """Scores leave it out as a border, and the map does not."""
    test = torch.cat([hdr_scene, hdr_scene], dim=-1).float()
    half = hdr_scene.shape[-1]
    test[..., :half] = test.mean()
    local = create_metric("norvdpnet-hdr").map(test)[0, 0]
    assert float(local[:, : half - 32].mean()) > 2 * float(local[:, half + 32 :].mean())
