import json

import pytest

from hdrmetrics.collection.bursts.look import SIDE, WIDTH, Look
from hdrmetrics.errors import TableError

LOOK = Look(bytes(range(256)) * 4, bytes(WIDTH), "2024-05-06T07:08:09", 400.5, 1.5, 0.1, 0.2, 0.3)


def test_it_comes_back_from_json():
    assert Look.from_dict(json.loads(json.dumps(LOOK.to_dict()))) == LOOK


def test_a_hundred_thousand_fit_into_memory():
    assert len(json.dumps(LOOK.to_dict())) < 2000


@pytest.mark.parametrize(
    "spoil",
    [
        {"small": "AAAA"}, {"embedding": "?"}, {"hashes": []}, {"small": None},
    ],
)  # fmt: skip
def test_another_record_is_refused(spoil):
    with pytest.raises(TableError, match="make it again"):
        Look.from_dict(LOOK.to_dict() | spoil)


def test_bytes_are_counted():
    with pytest.raises(TableError, match=f"{SIDE**2} and {WIDTH}"):
        Look(b"", b"")
