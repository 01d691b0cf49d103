import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from hdrmetrics.collection.bursts.keeper import MERITS, choose, merits_of
from hdrmetrics.collection.bursts.looks import look_of
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import OptionError
from hdrmetrics.result import Score

from .leaves import leaves, picture

CODES = leaves(0)


def seen(name, codes, **scores):
    image = picture(codes)
    return Record(
        name, name, width=image.width, height=image.height, look=look_of(image),
        scores={key: Score(key, value, "", (1.0, 10.0), True) for key, value in scores.items()},
    )  # fmt: skip


def compressed(codes, quality):
    file = io.BytesIO()
    Image.fromarray(np.round(255 * codes).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)) / 255


SPOILED = {
    "blurred": ndimage.gaussian_filter(CODES, (1.5, 1.5, 0)),
    "noisy": CODES + np.random.default_rng(0).normal(0, 0.08, CODES.shape),
    "smaller": CODES[::2, ::2],
    "brighter": np.clip(CODES * 1.9, 0, 1),
    "darker": CODES * 0.3,
}


@pytest.mark.parametrize("fault", SPOILED)
def test_the_unspoiled_one_is_kept_and_the_fault_named(fault):
    unspoiled = [seen("b", CODES[1:]), seen("c", CODES[:, 1:])]
    keeper, words = choose([seen("a", SPOILED[fault]), *unspoiled])
    assert keeper != 0
    assert fault in words[0]


def test_heavy_compression_is_not_kept():
    keeper, _ = choose([seen("a", compressed(CODES, 15)), seen("b", CODES)])
    assert keeper == 1


def test_a_score_decides_among_equals_and_is_told():
    keeper, words = choose([seen("a", CODES, nima=4.0), seen("b", CODES, nima=6.0)])
    assert keeper == 1
    assert words == ["2 worse in nima", "2.0 points above the others in nima"]


def test_blur_counts_though_it_is_liked_as_well():
    blurred = seen("a", ndimage.gaussian_filter(CODES, (2, 2, 0)), nima=5.1)
    assert choose([blurred, seen("b", CODES, nima=5.0)])[0] == 1


def test_what_could_still_be_gained_is_no_merit():
    name = "improvability"
    merits = merits_of([seen("a", CODES, **{name: 1.0}), seen("b", CODES, **{name: 9.0})])
    assert (merits == 0).all()


def test_scores_that_not_all_have_count_for_nothing():
    merits = merits_of([seen("a", CODES, nima=9.0), seen("b", CODES)])
    assert (merits == 0).all()
    merits = merits_of([seen("a", CODES, nima=9.0), seen("b", CODES, nima=float("nan"))])
    assert (merits == 0).all()
    merits = merits_of([seen("a", CODES, gone=9.0), seen("b", CODES, gone=1.0)])
    assert (merits == 0).all()


def test_the_first_of_equals_is_kept():
    keeper, words = choose([seen("a", CODES), seen("b", CODES)])
    assert keeper == 0
    assert words == ["as good as the others", "nearly as good"]


def test_merits_have_their_names():
    assert merits_of([seen("a", CODES)]).shape == (1, len(MERITS))


def test_looks_are_needed():
    with pytest.raises(OptionError, match="looks=True"):
        choose([Record("a", "a")])
    with pytest.raises(OptionError, match="looks=True"):
        choose([])
