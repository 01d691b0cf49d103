import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.stats import rankdata

from hdrmetrics.collection.bursts.alike import layouts, levelled, likenesses

from .leaves import leaves, squeezed


def likeness(one, two):
    codes = np.stack([squeezed(one).ravel(), squeezed(two).ravel()])
    return float(likenesses(codes, np.array([0]), np.array([1]))[0])


def turned(codes, degrees):
    found = ndimage.rotate(codes, degrees, reshape=False, order=1, mode="nearest")
    cut = int(0.03 * codes.shape[1])
    return found[cut:-cut, cut:-cut]


CODES = leaves(0, 192, 256)


@pytest.mark.parametrize(
    ("made", "least"),
    [
        (CODES, 0.999),
        (CODES[8:-10, 4:-20], 0.85),
        (turned(CODES, 3), 0.8),
        (CODES**2.0, 0.97),
        (0.3 * CODES, 0.999),
        (np.clip(1.8 * CODES, 0, 1), 0.85),
        (ndimage.gaussian_filter(CODES, (2, 2, 0)), 0.95),
        (CODES + np.random.default_rng(1).normal(0, 0.08, CODES.shape), 0.95),
        (CODES[::2, ::2], 0.9),
    ],
    ids=["same", "cut", "turned", "gamma", "darker", "clipped", "blurred", "noisy", "smaller"],
)
def test_the_same_place_is_found(made, least):
    assert likeness(CODES, made) >= least
    assert likeness(made, CODES) >= least


def test_strangers_are_told():
    codes = np.stack([squeezed(leaves(seed)).ravel() for seed in range(20)])
    first, second = np.triu_indices(20, 1)
    assert likenesses(codes, first, second).max() < 0.45


def test_what_shares_too_little_is_a_stranger():
    assert likeness(CODES[:, :160], CODES[:, 80:240]) < 0.45


def test_pictures_without_detail_are_like_nothing():
    flat, ramp = np.full((64, 64, 3), 0.5), np.linspace(0, 1, 64)[:, None, None] * np.ones((64, 3))
    assert likeness(flat, flat) == 0
    assert likeness(flat, ramp) == 0
    assert (layouts(squeezed(flat).reshape(1, -1)) == 0).all()


def test_no_pairs_have_no_likeness():
    none = np.zeros(0, np.int64)
    assert likenesses(np.zeros((3, 1024), np.uint8), none, none).shape == (0,)
    assert layouts(np.zeros((0, 1024), np.uint8)).shape == (0, 64)


def test_ranks_are_those_of_another_library():
    codes = squeezed(CODES).reshape(1, -1)
    expected = (2 * rankdata(codes[0]) - 1) / codes.size - 1
    np.testing.assert_allclose(levelled(codes)[0], expected, atol=1e-6)


def test_what_a_known_hash_joins_is_alike():
    imagehash = pytest.importorskip("imagehash", reason="imagehash is a peer to compare with")
    pictures = [leaves(seed) for seed in range(6)]
    pictures += [np.clip(one[2:-1, 1:-3] + 0.03, 0, 1) for one in pictures]
    hashes = [
        imagehash.phash(Image.fromarray(np.round(255 * one).astype(np.uint8))) for one in pictures
    ]
    first, second = np.triu_indices(len(pictures), 1)
    theirs = np.array([hashes[i] - hashes[j] for i, j in zip(first, second, strict=True)])
    codes = np.stack([squeezed(one).ravel() for one in pictures])
    ours = likenesses(codes, first, second)
    assert (ours[theirs <= 10] > 0.8).all()
    assert (ours[theirs >= 24] < 0.45).all()
    assert (theirs <= 10).sum() >= 5
