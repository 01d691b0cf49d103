import dataclasses

import numpy as np
import pytest

import hdrmetrics as hm
from hdrmetrics.collection.bursts import looks
from hdrmetrics.collection.bursts.looks import look_of
from hdrmetrics.errors import PixelValueError
from hdrmetrics.learned.liked.nima import Nima

from .leaves import leaves, picture


def cosine(one, two):
    a, b = (np.frombuffer(look.embedding, np.int8).astype(float) for look in (one, two))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_what_nima_saw_gives_the_same_look():
    image = picture(leaves(0))
    statistics = hm.create_metric("nima").statistics(image.tensor())
    assert look_of(image, statistics=statistics) == look_of(image)


def test_light_is_seen_whatever_its_unit():
    light = leaves(1) ** 2.2 * 50
    one, two = (
        look_of(hm.as_image(np.float32(factor * light), domain="hdr")) for factor in (1, 64)
    )
    small = [np.frombuffer(look.small, np.uint8).astype(int) for look in (one, two)]
    assert np.abs(small[0] - small[1]).max() <= 1
    assert cosine(one, two) > 0.99
    assert one.bright == one.dark == 0


def test_the_small_picture_is_the_mean_of_its_places():
    codes = np.zeros((64, 96, 3), np.uint8)
    codes[:32, :48] = 200
    small = np.frombuffer(look_of(hm.as_image(codes)).small, np.uint8).reshape(32, 32)
    assert (small[:16, :16] == 200).all()
    assert small.sum() == 200 * 256


def test_grey_is_seen_as_grey_colours_are():
    codes = np.round(255 * leaves(2)[..., :1]).astype(np.uint8)
    one, three = look_of(hm.as_image(codes)), look_of(hm.as_image(np.repeat(codes, 3, axis=2)))
    assert np.abs(
        np.frombuffer(one.small, np.uint8).astype(int) - np.frombuffer(three.small, np.uint8)
    ).max() <= 1  # fmt: skip
    assert cosine(one, three) > 0.99


def test_a_photograph_is_more_like_its_copy_than_like_another():
    first, again, other = leaves(3), leaves(3)[4:, 5:], leaves(4)
    looks = [look_of(picture(one)) for one in (first, again, other)]
    assert cosine(looks[0], looks[1]) > cosine(looks[0], looks[2])


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 3, 3), (2, 300, 3)])
def test_odd_sizes_have_looks(shape):
    look = look_of(hm.as_image(np.full(shape, 90, np.uint8)))
    assert set(look.small) <= {89, 90}


def test_nan_is_refused():
    image = picture(leaves(5))
    pixels = image.pixels.copy()
    pixels[3, 4] = np.nan
    with pytest.raises(PixelValueError, match="NaN"):
        look_of(dataclasses.replace(image, pixels=pixels))


def test_what_threads_share_stays_where_it_is_in_memory():
    """Weights laid out anew under the hands of another thread would end the process."""
    looks._loaded.cache_clear()
    try:
        network = looks._network()
        before = [one.data_ptr() for one in network.parameters()]
        assert looks.enough() == 699
        looks.seen_of(hm.as_image(np.full((40, 50, 3), 0.5, np.float32), domain="sdr"))
        Nima(*looks._loaded())
        assert [one.data_ptr() for one in network.parameters()] == before
    finally:
        looks._loaded.cache_clear()
