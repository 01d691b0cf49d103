"""Predictors as metrics: names, scores, intervals, warnings, losses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import hdrmetrics
from hdrmetrics import create_metric, list_metrics, metric_info, metric_options
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.errors import (
    DomainError,
    HdrMetricsWarning,
    OptionError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.learned import catalogue, traits
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.general import GeneralMetric
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.spread import Spread
from hdrmetrics.learned.weights import save_weights
from hdrmetrics.metrics.hdrvdp2.quality import (
    opinion_score,
    quality_of_energies,
    window_exponent,
)
from hdrmetrics.photometry.display import get_display
from hdrmetrics.picture.image import Calibration, Image
from tests.learned.small import (
    DIQM,
    DOMAINS,
    NOR,
    VDP,
    alive,
    card_of,
    fill,
    pictures,
    windows_of,
)

HEADS = ("hdr-c", "sdr-d", "tmo", "itmo")


@pytest.fixture
def clean() -> Iterator[None]:
    """Keep what a test registers to itself, and start without the package's own weights."""
    create_metric("psnr")
    before = dict(METRICS.entries)
    for name in [n for n in before if n.startswith(("norvdpnet", "diqm"))]:
        del METRICS.entries[name]
    yield
    METRICS.entries.clear()
    METRICS.entries.update(before)


@pytest.fixture
def names(clean: None, tmp_path: Path) -> list[str]:
    return catalogue.register(fill(tmp_path))


def metric_of(head: str = "hdr-c", **options: Any) -> LearnedMetric:
    return LearnedMetric(alive(build_network(NOR, seed=3)), card_of(NOR), head, **options)


def inputs(name: str, size: int = 256) -> tuple[Tensor, ...]:
    """Return test (and reference) of a metric's domain."""
    info = metric_info(name)
    light = pictures(2, size, size)
    codes = (light / 400).clamp(0, 1) ** (1 / 2.2)
    test = light if info.domain == "hdr" else codes
    if not info.reference:
        return (test,)
    return test, (codes if info.domain == "sdr" else light).flip(-1)


def test_names_and_descriptions(names: list[str]) -> None:
    wanted = {f"{family}-{head}" for family in ("norvdpnet", "diqm") for head in HEADS}
    assert set(names) == wanted | {"norvdpnet"}
    for name in names:
        info, metric = metric_info(name), create_metric(name)
        assert metric.info == info
        assert info.name == name
        assert info.reference == name.startswith("diqm")
        assert (info.range, info.higher_is_better) == ((0.0, 100.0), True)
        head = name.partition("-")[2]
        assert info.domain == DOMAINS[head or "hdr"]
        places = [] if info.reference else ["places"]
        assert list(metric_options(name)) == ["precision", *places]
        json.dumps(metric.conditions(), allow_nan=False)
    assert {i.name for i in list_metrics(reference=False, domain="hdr")} >= {"norvdpnet"}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", ["norvdpnet", "diqm"])
def test_scores_batches_losses_and_precision(names: list[str], family: str, head: str) -> None:
    name = f"{family}-{head}"
    metric = create_metric(name)
    pair = inputs(name)
    both = metric(*pair)
    assert both.shape == (2,)
    assert bool(((both >= 0) & (both <= 100)).all())
    one = metric(*(x[1:] for x in pair))
    torch.testing.assert_close(both[1:], one, rtol=1e-4, atol=1e-3)
    exact = metric(*(x.double() for x in pair))
    assert exact.dtype == torch.float64
    torch.testing.assert_close(exact.float(), both, rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(metric(*pair), both, msg="and back in float32")
    rough = create_metric(name, precision="bfloat16")(*pair)
    torch.testing.assert_close(rough, both, rtol=0.05, atol=1.0)
    assert not torch.equal(rough, both)
    if metric.info.reference:
        torch.testing.assert_close(metric.prepare(pair[1])(pair[0]), both)
        torch.testing.assert_close(metric(pair[0], pair[1][:1])[:1], both[:1])
    leaf = pair[0][:1].clone().requires_grad_()
    loss = metric.as_loss()(leaf, *(x[:1] for x in pair[1:]))
    loss.backward()
    assert 0 < float(loss.detach()) < 1
    assert leaf.grad is not None
    assert bool(leaf.grad.isfinite().all())
    assert float(leaf.grad.abs().sum()) > 0
    assert all(p.grad is None for p in metric.parameters()), "the network itself is frozen"


def test_the_score_is_that_of_the_mean_quality_of_its_windows() -> None:
    metric = metric_of()
    light = pictures(1, 500, 700)
    with torch.no_grad():
        raw = [metric.network(w, domain="hdr")[0, 0] for w in windows_of(light)]
        quality = VDP.quality(torch.stack(raw))
        assert len(raw) == 6
        expected = opinion_score(quality.mean())
        assert float(metric(light)) == pytest.approx(float(expected), abs=0.01)
        loss = float(metric.as_loss()(light))
        assert loss == pytest.approx(float(torch.sigmoid(-torch.stack(raw)).mean()), abs=1e-4)


def test_with_a_reference_the_worst_window_decides() -> None:
    """Windows come together as energies do: (1/β)·log mean exp(β·Q)."""
    metric = LearnedMetric(alive(build_network(DIQM, seed=3)), card_of(DIQM), "hdr-c")
    light = pictures(1, 500, 700)
    other = light.flip(-1)
    with torch.no_grad():
        pairs = zip(windows_of(light), windows_of(other), strict=True)
        raw = torch.stack([metric.network(a, b, domain="hdr")[0, 0] for a, b in pairs])
        quality = VDP.quality(raw)
        assert float(quality.max() - quality.min()) > 0.01
        beta = window_exponent(256, metric.card.ppd)
        expected = (beta * quality).exp().mean().log() / beta
        found = metric(light, other)
    assert float(found) == pytest.approx(float(opinion_score(expected)), abs=0.01)
    assert metric.conditions()["pooling"] == "energies"
    assert metric.info.version == f"{metric.card.version}+1"
    mask = torch.zeros(500, 700)
    mask[:256, :256] = 1
    assert torch.isfinite(metric(light, other, mask=mask))


def where_the_worst_decides(exponent: float) -> LearnedMetric:
    """Return a metric whose card says how its windows come together."""
    plain = metric_of()
    own = replace(plain.head_card, exponent=exponent)
    card = replace(plain.card, heads={**plain.card.heads, plain.head: own})
    return LearnedMetric(plain.network, card, plain.head)


def test_a_card_may_say_how_windows_come_together() -> None:
    metric = where_the_worst_decides(6.0)
    light = pictures(1, 256, 512).double()
    light[..., 256:] *= 0.01
    # The window across the middle shares each half of itself with another one.
    share = torch.tensor([0.375, 0.25, 0.375]).double()
    with torch.no_grad():
        raw = torch.stack(
            [
                metric.network.double()(light[..., at : at + 256], domain="hdr")[0, metric.index]
                for at in (0, 128, 256)
            ]
        )
        quality = VDP.quality(raw)
        assert float(quality.max() - quality.min()) > 0.01
        expected = (share * (6.0 * quality).exp()).sum().log() / 6.0
        assert float(metric(light)) == pytest.approx(float(opinion_score(expected)), abs=1e-3)
        loss = float(metric.as_loss()(light))
        pooled = (share * (6.0 * VDP.free_quality(raw)).exp()).sum().log() / 6.0
        assert loss == pytest.approx(1 - float(VDP.target(pooled)), abs=1e-5)
    assert metric.conditions()["exponent"] == 6.0
    assert metric.conditions()["overlap"] == 0.5
    assert metric.info.version == f"{metric.card.version}+2"
    for wrong in (0.0, -1.0, 101.0, float("nan"), True, "8"):
        with pytest.raises(OptionError, match="exponent"):
            replace(metric.card.heads[metric.head], exponent=wrong)


def test_a_mosaic_scores_as_its_picture() -> None:
    """Windows across its seams would call them damage; a picture that only looks alike has them."""
    metric = where_the_worst_decides(8.0)
    light = pictures(1, 192, 320)
    score = metric(light)
    for times in ((2, 2), (4, 4), (1, 3), (6, 1)):
        assert torch.equal(metric(light.tile(1, 1, *times)), score)
    almost = light.tile(1, 1, 2, 2)
    almost[..., 300, 500] *= 1.01
    assert not torch.equal(metric(almost), score)
    both = torch.cat([light.tile(1, 1, 2, 2), pictures(2, 384, 640)[1:]])
    torch.testing.assert_close(metric(both)[0], score[0])
    # A mask that repeats itself too changes nothing; the loss sees the seams, and every pixel.
    mosaic = light.tile(1, 1, 2, 2)
    assert torch.equal(metric(mosaic, mask=0.5 * torch.ones(384, 640)), score)
    asked = mosaic.clone().requires_grad_()
    metric.as_loss()(asked).backward()
    assert asked.grad is not None
    assert float((asked.grad[..., 192:, 320:] != 0).double().mean()) > 0.5
    # In frames of their own pictures are told from their frames.
    framed = torch.nn.functional.pad(light, (32, 32, 32, 32), value=0.01)
    assert torch.equal(metric(framed.tile(1, 1, 2, 2)), metric(framed))


@pytest.mark.parametrize("value", [0.01, 1000.0])
def test_plain_frames_do_not_count_without_a_reference(value: float) -> None:
    metric = metric_of()
    light = pictures(1, 256, 320)
    wide = torch.nn.functional.pad(light, (30, 50, 70, 10), value=value)
    letterbox = torch.nn.functional.pad(light, (0, 0, 64, 64), value=value)
    with torch.no_grad():
        expected = metric(light)
        torch.testing.assert_close(metric(wide), expected)
        torch.testing.assert_close(metric(letterbox), expected)
        # On one side only, as of a file that ends too early, it is judged.
        cut = torch.nn.functional.pad(light, (0, 0, 0, 64), value=value)
        assert float(metric(cut)) != pytest.approx(float(expected), abs=1e-3)
        # In a batch, beside a picture without a frame.
        other = pictures(2, *wide.shape[-2:])[1:]
        both = metric(torch.cat([wide, other]))
        torch.testing.assert_close(both, torch.cat([expected, metric(other)]))
        # Half of the frame is another colour: that is no plain border.
        wide[..., :70, :200] = 2 * value + 10
        assert float(metric(wide)) != pytest.approx(float(expected), abs=1e-3)
    plain = torch.full((1, 3, 256, 256), value)
    assert torch.isfinite(metric(plain))


def test_a_frame_adds_area_without_damage_where_the_worst_decides() -> None:
    """Q falls by (1/β)·log of what is no frame, as it does where energies add up over more area."""
    metric = where_the_worst_decides(8.0)
    light = pictures(1, 256, 320).double()
    framed = torch.nn.functional.pad(light, (40, 40, 32, 32), value=0.01)
    inside = 256 * 320 / (320 * 400)
    scores = [float(metric(one)) for one in (light, framed)]
    moved = [math.log(100 / score - 1) / 3.455 for score in scores]
    assert moved[1] - moved[0] == pytest.approx(math.log(inside) / 8.0, abs=1e-6)
    with torch.no_grad():
        both = metric(torch.cat([framed, pictures(2, 320, 400)[1:].double()]))
        torch.testing.assert_close(both[:1], metric(framed))
        torch.testing.assert_close(metric(framed, mask=torch.ones(320, 400)), metric(framed))
        mask = torch.zeros(320, 400)
        mask[32:288, 40:360] = 1
        torch.testing.assert_close(metric(framed, mask=mask), metric(light))
    assert float(metric.as_loss()(framed)) < float(metric.as_loss()(light))


def test_masks_in_and_around_a_frame() -> None:
    metric = metric_of()
    light = torch.nn.functional.pad(pictures(1, 256, 256), (64, 64, 64, 64), value=0.5)
    inside = torch.zeros(384, 384)
    inside[64:320, 64:320] = 1
    with torch.no_grad():
        torch.testing.assert_close(metric(light, mask=inside), metric(light))
        assert torch.isfinite(metric(light, mask=1 - inside))


def test_the_exponent_is_that_of_energies() -> None:
    """One window e times as energetic as another: as HDR-VDP-2 of the two side by side says."""
    energies = [torch.rand(1, count, dtype=torch.float64) + 0.1 for count in (1, 4, 4, 4, 4, 1)]
    sizes = [256.0**2 / 4 ** max(0, band - 1) for band in range(6)]
    frequencies = [15 * 2.0**-band for band in range(6)]

    def quality(factor: float) -> float:
        scaled = [energy * factor for energy in energies]
        return float(quality_of_energies(scaled, sizes, frequencies))

    beta = window_exponent(256, 30.0)
    windows = torch.tensor([quality(1.0), quality(3.0)], dtype=torch.float64)
    pooled = float((beta * windows).exp().mean().log() / beta)
    assert pooled == pytest.approx(quality(2.0), abs=1e-6)
    assert beta == pytest.approx(15.1, abs=0.1)


def test_descending_the_loss_raises_the_score() -> None:
    metric = metric_of("itmo")
    light = pictures(1, 256, 256)
    leaf = light.log().requires_grad_()
    loss = metric.as_loss()
    for _ in range(3):
        (gradient,) = torch.autograd.grad(loss(leaf.exp()), leaf)
        leaf = (leaf.detach() - 0.02 * gradient.sign()).requires_grad_()
    with torch.no_grad():
        assert float(metric(leaf.exp())) > float(metric(light))


def test_gradients_in_float64() -> None:
    metric = metric_of()
    light = pictures(1, 64, 64).double().requires_grad_()
    assert torch.autograd.gradcheck(metric, light, fast_mode=True, eps=1e-5, rtol=1e-3)


def test_masks() -> None:
    metric = metric_of().double()
    light = pictures(1, 176, 176).double()
    everything = metric(light, mask=torch.ones(176, 176))
    torch.testing.assert_close(everything, metric(light), rtol=1e-5, atol=1e-5)
    mask = torch.zeros(176, 176)
    mask[:60] = 1
    assert float(metric(light, mask=mask)) != float(metric(light, mask=1 - mask))


# -- intervals and the domain guard ----------------------------------------------------------


def test_pictures_of_several_windows_have_intervals_of_their_own() -> None:
    metric = metric_of()
    assert metric.head_card.interval is not None
    wide = replace(metric.head_card.interval, whole=0.4)
    metric.head_card = replace(metric.head_card, interval=wide)
    plain = metric_of()
    one, several = pictures(1, 256, 256), pictures(1, 256, 300)
    assert metric.assess(one) == plain.assess(one)
    found, narrow = metric.assess(several), plain.assess(several)
    assert found.low is not None
    assert narrow.low is not None
    assert float(found.low) < float(narrow.low)
    assert HeadCard.from_dict(metric.head_card.to_dict()) == metric.head_card
    with pytest.raises(OptionError, match="whole"):
        replace(wide, whole=1.5)


def test_intervals() -> None:
    metric = metric_of()
    light = pictures(3, 256, 256)
    found = metric.assess(light)
    torch.testing.assert_close(found.value, metric(light))
    assert found.low is not None
    assert found.high is not None
    quality = metric.network(light, domain="hdr")[:, 0]
    target = torch.sigmoid(quality.detach())
    for end, side in ((found.low, -0.15), (found.high, 0.15)):
        expected = VDP.score(VDP.quality(torch.logit((target + side).clamp(1e-6, 1 - 1e-6))))
        torch.testing.assert_close(end, expected, rtol=1e-3, atol=1e-2)
    assert bool((found.low < found.value).all())
    assert bool((found.value < found.high).all())


@pytest.mark.parametrize("interval", [None, Interval(0.9, None, 3)])
def test_no_interval_where_none_was_measured(interval: Interval | None) -> None:
    metric = metric_of()
    metric.head_card = replace(metric.head_card, interval=interval)
    found = metric.assess(pictures(1, 256, 256))
    assert found.low is None
    assert found.high is None


def test_the_interval_holds_the_value_at_the_ends_of_the_scale() -> None:
    for least, most in ((-1.0, -0.9), (0.5, 0.6)):
        target = replace(VDP, least=least, most=most)
        card = card_of(NOR, heads={"hdr-c": target})
        metric = LearnedMetric(alive(build_network(NOR, seed=3)), card, "hdr-c")
        found = metric.assess(pictures(2, 256, 256))
        assert found.low is not None
        assert found.high is not None
        assert bool((found.low <= found.value).all() and (found.value <= found.high).all())


def test_what_is_odd_is_said() -> None:
    metric = metric_of()
    usual = pictures(1, 256, 256, seed=5)
    assert metric.assess(usual).warnings == ((),)
    flat = torch.full_like(usual, 50.0)
    for strange, message in (
        ((usual / 400).clamp(0, 1), r"brightest light is \S+ cd/m².*display codes"),
        (usual / usual.amax() * 15, r"brightest light is \S+ cd/m².*scale right"),
        (usual / usual.mean() * 1e5, r"brightest light .*scale right"),
        (flat, "100% of the picture holds no structure"),
    ):
        ((found,),) = metric.assess(strange).warnings
        assert re.search(message, found), found
        assert found.startswith(f"{metric.info.name}: ")
    half = torch.cat([usual, usual, flat], dim=-1)
    assert metric.assess(half).warnings == ((),), "a third of it may be empty"
    both = metric.assess(torch.cat([usual, flat])).warnings
    assert both == (*metric.assess(usual).warnings, *metric.assess(flat).warnings)
    image = np.moveaxis(flat[0].numpy(), 0, 2)
    with pytest.warns(HdrMetricsWarning, match="holds no structure"):
        score = hdrmetrics.score(image, metric)
    assert any("holds no structure" in message for message in score.warnings)


def test_both_pictures_are_doubted_and_once_what_is_odd_about_both() -> None:
    network = alive(build_network(DIQM, seed=3))
    metric = LearnedMetric(network, card_of(DIQM), "hdr-c")
    usual = pictures(1, 256, 256, seed=5)
    codes = (usual / 400).clamp(0, 1)
    ((found,),) = metric.assess(codes, codes).warnings
    assert "test and reference: the brightest light" in found
    ((found,),) = metric.assess(usual, codes).warnings
    assert ": reference: the brightest light" in found
    ((found,),) = metric.assess(codes, usual).warnings
    assert ": test: the brightest light" in found


def test_widths_follow_the_picture() -> None:
    metric = metric_of()
    one, several = pictures(1, 256, 256), pictures(1, 256, 300)
    emptier = several.clone()
    emptier[..., 40:260] = 50.0
    spread = Spread(("flat",), (0.0,), (1.0,), (-3.0, 2.0), (-4.0, 2.0), 1.5)
    assert metric.head_card.interval is not None
    interval = replace(metric.head_card.interval, adapts_whole=spread)
    plain = metric.assess(one)
    metric.head_card = replace(metric.head_card, interval=interval)
    assert metric.assess(one) == plain, "of one window nothing was said"
    for picture in (several, emptier):
        found = metric.assess(picture)
        flat = traits.measure(picture[0], "light")["flat"]
        assert found.low is not None
        assert found.high is not None
        wanted = [150 * math.exp(bias + 2.0 * flat) for bias in (-3.0, -4.0)]
        value = float(found.value)
        assert float(found.low) == pytest.approx(max(0.0, value - wanted[0]), abs=1e-3)
        assert float(found.high) == pytest.approx(min(100.0, value + wanted[1]), abs=1e-3)
    batch = metric.assess(torch.cat([several, emptier]))
    assert batch.low is not None
    assert float(batch.low[1]) == pytest.approx(float(found.low), abs=1e-3)


def test_an_interval_too_wide_to_order_by_is_said() -> None:
    metric = metric_of()
    spread = Spread((), (), (), (0.0,), (0.0,), 1.0)
    interval = Interval(0.9, 0.1, 12, adapts=spread)
    metric.head_card = replace(metric.head_card, interval=interval)
    ((found,),) = metric.assess(pictures(1, 256, 256)).warnings
    assert "the interval goes from 0 to 100: too wide to order pictures by" in found


# -- the general predictor ------------------------------------------------------------------


def image(codes: bool) -> Image:
    light = pictures(1, 256, 256)[0].movedim(0, 2).numpy()
    if codes:
        encoded = np.clip(light / 400, 0, 1) ** (1 / 2.2)
        return Image(encoded.astype(np.float32), Calibration("display", transfer="srgb", rule="x"))
    return Image(light, Calibration("absolute", rule="x"))


def test_general_takes_the_head_of_the_image(names: list[str]) -> None:
    for codes, head in ((False, "hdr-c"), (True, "sdr-d")):
        score = hdrmetrics.score(image(codes), "norvdpnet")
        alone = hdrmetrics.score(image(codes), f"norvdpnet-{head}")
        assert score.metric == "norvdpnet"
        assert score.value == alone.value
        assert (score.low, score.high) == (alone.low, alone.high)
        assert score.low is not None
        assert score.high is not None
        assert score.low < score.value < score.high
        assert score.conditions["head"] == head
        assert score.conditions["domain"] == ("sdr" if codes else "hdr")
        assert len(score.conditions["weights_sha256"]) == 64
        json.dumps(score.to_dict(), allow_nan=False)
        maps = [hdrmetrics.score_map(image(codes), "norvdpnet")]

        def keep(_: int, one: hdrmetrics.ScoreMap, maps: list[hdrmetrics.ScoreMap] = maps) -> None:
            maps.append(one)

        hdrmetrics.score_files([(image(codes), None)], ["norvdpnet"], on_map=keep)
        assert len(maps) == 2
        wanted = hdrmetrics.score_map(image(codes), f"norvdpnet-{head}").values
        for one in maps:
            np.testing.assert_array_equal(one.values, wanted)
    # An 8-bit array is display-encoded; floats are cd/m², as for every HDR metric.
    array = (image(True).pixels * 255).astype(np.uint8)
    assert hdrmetrics.score(array, "norvdpnet").conditions["head"] == "sdr-d"
    light = image(False).pixels
    assert hdrmetrics.score(light, "norvdpnet").conditions["head"] == "hdr-c"
    # A tensor has no units: it is of the domain that the metric says.
    metric = create_metric("norvdpnet")
    tensor = pictures(1, 256, 256)
    assert metric.info.domain == "hdr"
    assert float(metric(tensor)) == float(create_metric("norvdpnet-hdr-c")(tensor))


@pytest.mark.parametrize("display", ["pq-10000", "hlg-1000"])
def test_general_decodes_codes_by_the_display_that_is_named(
    names: list[str], display: str, tmp_path: Path
) -> None:
    light = torch.from_numpy(image(False).pixels)[None].movedim(3, 1)
    codes = get_display(display).inverse(light)[0].movedim(0, 2).numpy()
    deep = np.round(codes * 65535).astype(np.uint16)
    untagged = Image(codes, Calibration("display", transfer="srgb", rule="x"))
    model = tmp_path / "screen.json"
    model.write_text(json.dumps([get_display(display).to_dict()]))
    for source in (codes, deep, light.new_tensor(codes).movedim(2, 0), untagged):
        for named in (display, get_display(display), model):
            score = hdrmetrics.score(source, "norvdpnet", display=named)
            alone = hdrmetrics.score(source, "norvdpnet-hdr-c", display=named)
            assert score.value == alone.value
            assert score.conditions == alone.conditions
            assert score.conditions["calibration"]["display"]["name"] == display
            plain = hdrmetrics.score(light[0], "norvdpnet")
            assert score.value == pytest.approx(plain.value, abs=0.5)
    pq = display == "pq-10000"
    for source in (codes, deep, untagged):
        # Codes of PQ that are taken for those of SDR are doubted.
        doubted = pytest.warns(HdrMetricsWarning, match="codes of PQ") if pq else nullcontext()
        if source is not codes:
            with doubted:
                score = hdrmetrics.score(source, "norvdpnet")
            assert score.conditions["head"] == "sdr-d", "nothing says that they are of HDR"
        doubted = pytest.warns(HdrMetricsWarning, match="codes of PQ") if pq else nullcontext()
        with doubted:
            score = hdrmetrics.score(source, "norvdpnet", display="srgb-100")
        assert score.conditions["head"] == "sdr-d"
    assert create_metric("norvdpnet").suited_to(untagged, get_display(display)).info.domain == "hdr"


def test_general_leaves_the_heads_it_is_given_as_they_are(names: list[str]) -> None:
    heads: dict[Domain, LearnedMetric] = {"hdr": metric_of(), "sdr": metric_of("sdr-d")}
    before = {domain: head.info for domain, head in heads.items()}
    metric = GeneralMetric(heads)
    assert {domain: head.info for domain, head in heads.items()} == before
    assert heads["sdr"].info.name == "norvdpnet-sdr-d"
    assert metric.info == metric_info("norvdpnet")
    found = metric.suited_to(image(True))
    assert (found.info.name, found.info.domain) == ("norvdpnet", "sdr")
    assert found.info.title == metric.info.title
    tensor = pictures(1, 256, 256)
    assert float(metric(tensor)) == float(heads["hdr"](tensor))


def test_general_prefers_a_head_of_both_sets(clean: None, tmp_path: Path) -> None:
    heads = ("hdr-c", "hdr", "sdr")
    architecture = NOR.with_heads(*heads)
    save_weights(
        tmp_path / "all.safetensors", alive(build_network(architecture)), card_of(architecture)
    )
    assert set(catalogue.register(tmp_path)) == {
        "norvdpnet", "norvdpnet-hdr", "norvdpnet-sdr", "norvdpnet-hdr-c",
    }  # fmt: skip
    assert hdrmetrics.score(image(False), "norvdpnet").conditions["head"] == "hdr"
    assert hdrmetrics.score(image(True), "norvdpnet").conditions["head"] == "sdr"


def test_general_of_one_domain_takes_what_it_has(clean: None, tmp_path: Path) -> None:
    architecture = NOR.with_heads("sdr-d")
    save_weights(
        tmp_path / "sdr.safetensors", alive(build_network(architecture)), card_of(architecture)
    )
    assert set(catalogue.register(tmp_path)) == {"norvdpnet", "norvdpnet-sdr-d"}
    assert metric_info("norvdpnet").domain == "sdr"
    assert hdrmetrics.score(image(True), "norvdpnet").conditions["head"] == "sdr-d"
    with pytest.raises(DomainError, match="linear light"):
        hdrmetrics.score(image(False), "norvdpnet")
    with pytest.raises(OptionError, match="head of some domain"):
        GeneralMetric({})


# -- registration ----------------------------------------------------------------------------


def test_nothing_is_registered_without_weights(clean: None, tmp_path: Path) -> None:
    before = set(METRICS.entries)
    assert catalogue.register(tmp_path) == []
    assert catalogue.register(tmp_path / "absent") == []
    assert set(METRICS.entries) == before
    with pytest.raises(UnknownNameError):
        create_metric("norvdpnet")


def test_the_packages_weights_are_what_its_names_say() -> None:
    names = {i.name for i in list_metrics() if i.name.startswith(("norvdpnet", "diqm"))}
    files = sorted(catalogue.WEIGHTS.glob("*.safetensors"))
    assert bool(names) == bool(files)
    for name in names:
        assert create_metric(name).info.name == name


def test_training_outputs_and_cards_without_heads_are_no_metrics(
    clean: None, tmp_path: Path
) -> None:
    save_weights(tmp_path / "a.safetensors", build_network(NOR), Card(NOR))
    only = card_of(NOR, heads={"tmo": card_of(NOR).heads["tmo"].target})
    save_weights(tmp_path / "b.safetensors", build_network(NOR), only)
    assert catalogue.register(tmp_path) == ["norvdpnet-tmo"]


def test_a_broken_file_does_not_take_the_others_with_it(clean: None, tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "bad.safetensors").write_bytes(b"x")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.warns(HdrMetricsWarning, match=r"bad\.safetensors are left out"):
        names = catalogue.register(tmp_path)
    assert len(names) == 9


def test_two_files_with_the_same_head(clean: None, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_weights(tmp_path / f"{name}.safetensors", build_network(NOR), card_of(NOR))
    with pytest.warns(HdrMetricsWarning, match=r"b\.safetensors.*already"):
        assert len(catalogue.register(tmp_path)) == 5


# -- bad input -------------------------------------------------------------------------------


def test_bad_input() -> None:
    with pytest.raises(OptionError, match="precision is one of"):
        metric_of(precision="int8")
    with pytest.raises(OptionError, match="no head 'nima'"):
        metric_of("nima")
    light = pictures(1, 128, 128)
    with pytest.raises(ShapeError, match="at least 64×64"):
        metric_of()(light[..., :63])
    with pytest.raises(DomainError, match=r"\[0, 1\]"):
        metric_of("sdr-d")(light)
    with pytest.raises(DomainError, match=r"\[0, 1\]"):
        metric_of("tmo")(light)
    with pytest.raises(OptionError, match="no-reference"):
        metric_of()(light, light)
    network = alive(build_network(DIQM))
    with pytest.raises(OptionError, match="give one"):
        LearnedMetric(network, card_of(DIQM), "hdr-c")(light)
