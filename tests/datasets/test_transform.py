from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from datasets.labelling.transform import LabelTransform, coverage
from hdrmetrics.errors import OptionError

TRANSFORMS = st.builds(
    LabelTransform,
    location=st.floats(-5, 5),
    scale=st.floats(1e-3, 10),
    skew=st.floats(-2, 2),
    tail=st.floats(0.25, 1.41),
    higher_is_better=st.booleans(),
)
HDRVDP_LIKE = LabelTransform(-1.26, 0.31, -0.31, 0.93, higher_is_better=False)


def test_neutral_transform_is_the_logistic_function() -> None:
    x = np.linspace(-20, 20, 101)
    assert LabelTransform(0.0, 1.0)(x) == pytest.approx(special.expit(x), rel=1e-12)
    assert LabelTransform(2.0, 3.0, higher_is_better=False)(x) == pytest.approx(
        stats.logistic.sf(x, 2.0, 3.0), rel=1e-12
    )


def test_written_out_formula() -> None:
    # y = 2 and asinh 2 = 3·ln φ, the golden ratio, so everything is a power of φ and of e.
    golden = (1 + math.sqrt(5)) / 2
    z = (golden**1.5 * math.exp(-0.2) - golden**-1.5 * math.exp(0.2)) / 2
    assert float(LabelTransform(1.0, 0.5, 0.2, 0.5)(2.0)) == pytest.approx(1 / (1 + math.exp(-z)))


@given(TRANSFORMS, st.lists(st.floats(-40, 40), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_inverse_returns_the_quality(transform: LabelTransform, offsets: list[float]) -> None:
    values = transform.location + transform.scale * np.array(offsets)
    targets = transform(values)
    # Where the target keeps twelve digits of its distance to 0 and to 1.
    inside = (targets > 1e-4) & (targets < 1 - 1e-4)
    back = transform.inverse(targets)[inside]
    np.testing.assert_allclose(back, values[inside], rtol=1e-9, atol=1e-7 * transform.scale)


@given(TRANSFORMS, st.floats(1e-6, 1 - 1e-6))
@settings(max_examples=150, deadline=None)
def test_target_of_the_inverse(transform: LabelTransform, target: float) -> None:
    assert float(transform(transform.inverse(target))) == pytest.approx(target, abs=1e-9)


@given(TRANSFORMS, st.floats(-30, 30), st.floats(1e-3, 10))
@settings(max_examples=150, deadline=None)
def test_strictly_monotone(transform: LabelTransform, offset: float, step: float) -> None:
    pair = transform.location + transform.scale * np.array([offset, offset + step])
    low, high = transform(pair)
    assert 0 < low < 1
    assert 0 < high < 1
    rise = (high - low) * (1 if transform.higher_is_better else -1)
    assert rise >= 0
    if 1e-6 < low < 1 - 1e-6:
        assert rise > 0


@given(TRANSFORMS)
@settings(max_examples=60, deadline=None)
def test_density_has_one_peak(transform: LabelTransform) -> None:
    centre = np.sinh(np.linspace(-3.5, 3.5, 4001) + transform.skew)
    x = transform.location + transform.scale * np.sinh(np.arcsinh(centre) / transform.tail)
    mass, width = np.abs(np.diff(transform(x))), np.diff(x)
    usable = mass > 1e-6
    slope = np.diff(np.log(mass[usable] / width[usable]))
    signs = np.sign(slope[np.abs(slope) > 1e-6])
    assert np.count_nonzero(np.diff(signs)) <= 1


def test_tensor_and_array_agree() -> None:
    values = np.linspace(-3.6, 0.5, 50).reshape(5, 10)
    exact = HDRVDP_LIKE(values)
    double, single = torch.from_numpy(values), torch.from_numpy(values).float()
    assert HDRVDP_LIKE(double).numpy() == pytest.approx(exact, rel=1e-12)
    assert HDRVDP_LIKE(single).dtype == torch.float32
    assert HDRVDP_LIKE(single).numpy() == pytest.approx(exact, abs=1e-6)
    assert HDRVDP_LIKE.inverse(HDRVDP_LIKE(double)).numpy() == pytest.approx(values, rel=1e-9)
    # A float32 target near 1 knows its distance to 1 to 6e-8 only.
    assert HDRVDP_LIKE.inverse(HDRVDP_LIKE(single)).numpy() == pytest.approx(values, abs=1e-4)


def test_gradients() -> None:
    values = torch.linspace(-3.5, 0.2, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(HDRVDP_LIKE, (values,))
    targets = torch.linspace(0.02, 0.98, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(HDRVDP_LIKE.inverse, (targets,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extremes_stay_finite(dtype: torch.dtype) -> None:
    most = torch.finfo(dtype).max
    values = torch.tensor([-most, -1e6, 1e6, most], dtype=dtype, requires_grad=True)
    transform = LabelTransform(0.0, 1e-3, 1.0, 1.4)
    targets = transform(values)
    (slope,) = torch.autograd.grad(targets.sum(), values)
    assert bool(torch.isfinite(targets).all())
    assert bool(torch.isfinite(slope).all())
    assert float(targets[0].detach()) < 1e-6 < 1 - 1e-6 < float(targets[-1].detach())
    saturated = torch.tensor([0.0, 1.0, -0.1, 1.1], dtype=dtype)
    back = transform.inverse(saturated)
    assert bool(torch.isfinite(back).all())
    assert back[0] == back[2] < back[1] == back[3]
    assert np.isfinite(transform.inverse([0.0, 1.0])).all()


def test_nan_stays_nan() -> None:
    assert np.isnan(HDRVDP_LIKE(np.array([np.nan]))).all()
    assert bool(torch.isnan(HDRVDP_LIKE(torch.tensor([torch.nan]))).all())


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize(
    "truth",
    [
        LabelTransform(-1.3, 0.4, 0.3, 0.8),
        LabelTransform(0.8, 0.015, -0.3, 0.56),
        LabelTransform(40.0, 9.0, 0.0, 1.2),
    ],
)
def test_fit_finds_the_distribution(truth: LabelTransform, higher_is_better: bool) -> None:
    # The exact quantiles of the family itself: the fit has no excuse.
    labels = truth.inverse((np.arange(4000) + 0.5) / 4000)
    fitted = LabelTransform.fit(labels, higher_is_better=higher_is_better)
    for name in LabelTransform.parameters:
        assert getattr(fitted, name) == pytest.approx(getattr(truth, name), rel=2e-3, abs=2e-3)
    assert fitted.higher_is_better is higher_is_better
    assert coverage(fitted(labels)) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(
    "labels",
    [
        stats.norm(1.5, 0.4),
        stats.gumbel_l(0.8, 0.05),
        stats.gamma(3.0),
        stats.uniform(-3, 2),
        stats.t(2),
    ],
    ids=["normal", "gumbel", "gamma", "uniform", "student"],
)
def test_fit_evens_out_other_distributions(labels: stats.rv_continuous) -> None:
    values = labels.ppf((np.arange(2000) + 0.5) / 2000)
    shares = coverage(LabelTransform.fit(values)(values))
    assert shares.min() > 0.08
    assert shares.max() < 0.135


def test_fit_does_not_hide_a_gap() -> None:
    rng = np.random.default_rng(5)
    labels = np.concatenate([rng.normal(-3, 0.2, 1000), rng.normal(-1, 0.2, 1000)])
    assert coverage(LabelTransform.fit(labels)(labels)).min() < 0.01


def test_fit_depends_on_the_labels_alone() -> None:
    rng = np.random.default_rng(7)
    labels = rng.gumbel(-1.5, 0.5, 3000)
    fitted = LabelTransform.fit(labels)
    assert LabelTransform.fit(rng.permutation(labels)) == fitted
    assert LabelTransform.fit(np.append(labels, [np.nan, np.inf, -np.inf])) == fitted
    mirrored = LabelTransform.fit(-labels, higher_is_better=False)
    assert mirrored(-labels) == pytest.approx(fitted(labels), abs=1e-4)


def test_fit_follows_shift_and_scale() -> None:
    labels = np.random.default_rng(8).gumbel(0.0, 1.0, 1000)
    plain, moved = LabelTransform.fit(labels), LabelTransform.fit(100 + 20 * labels)
    assert moved(100 + 20 * labels) == pytest.approx(plain(labels), abs=1e-4)


def test_wild_labels_move_the_fit_little() -> None:
    labels = np.random.default_rng(9).normal(0.0, 1.0, 1000)
    plain = LabelTransform.fit(labels)
    wild = LabelTransform.fit(np.append(labels, [1e9, -1e12, 1e6]))
    assert np.abs(wild(labels) - plain(labels)).max() < 0.01


@pytest.mark.parametrize(
    "labels", [[0.3], [0.3, 0.3], [0.0], [1.0, 2.0], [0.0] * 60 + [1.0] * 3, [-3.65] * 99 + [-1.0]]
)
def test_fit_of_few_or_equal_labels(labels: list[float]) -> None:
    targets = LabelTransform.fit(labels)(labels)
    assert ((targets > 0) & (targets < 1)).all()
    assert np.array_equal(np.argsort(targets, kind="stable"), np.argsort(labels, kind="stable"))


def test_dictionary_round_trip() -> None:
    text = json.dumps(HDRVDP_LIKE.to_dict())
    assert LabelTransform.from_dict(json.loads(text)) == HDRVDP_LIKE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "polynomial"},
        {"scale": -1.0},
        {"tail": 0.0},
        {"tail": 2.0},
        {"skew": math.nan},
        {"location": "far"},
        {"location": None},
        {"higher_is_better": 1},
        {"power": 2.0},
    ],
)
def test_broken_dictionaries_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        LabelTransform.from_dict(HDRVDP_LIKE.to_dict() | change)


def test_dictionary_without_an_entry_is_refused() -> None:
    data = HDRVDP_LIKE.to_dict()
    del data["tail"]
    with pytest.raises(OptionError, match="tail"):
        LabelTransform.from_dict(data)


@pytest.mark.parametrize("labels", [[], [math.nan], [math.inf, -math.inf]])
def test_fit_wants_a_finite_label(labels: list[float]) -> None:
    with pytest.raises(OptionError, match="no finite label"):
        LabelTransform.fit(labels)


def test_coverage_of_even_targets() -> None:
    assert coverage((np.arange(1000) + 0.5) / 1000) == pytest.approx(0.1, abs=1e-12)


def test_coverage_counts() -> None:
    shares = coverage([0.0, 0.05, 0.1, 0.95, 1.0, math.nan])
    assert shares == pytest.approx([0.4, 0.2, 0, 0, 0, 0, 0, 0, 0, 0.4])


def test_coverage_of_nothing() -> None:
    assert np.isnan(coverage([math.nan])).all()


def test_coverage_refuses_labels() -> None:
    with pytest.raises(OptionError, match="transform the labels first"):
        coverage([-1.2, 0.5])
