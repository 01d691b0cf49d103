"""Whether scores fall with strength: the order, the choice of heads, the page."""

from __future__ import annotations

import pytest

from hdrmetrics import create_metric
from hdrmetrics.learned.general import CHOICE, GeneralMetric
from results.learned.strength import STRENGTHS, falls, page, pictures


def test_a_falling_score_is_in_order() -> None:
    assert falls([90, 80, 70, 50, 20, 1]) == pytest.approx(1)
    assert falls([1, 20, 50, 70, 80, 90]) == pytest.approx(-1)
    assert falls([90, 80, 70, 20, 50, 1]) == pytest.approx(1 - 6 * 2 / (6 * 35))
    assert falls([50] * 6) == 0


def test_both_kinds_of_pictures_have_their_head() -> None:
    found = create_metric("norvdpnet")
    assert isinstance(found, GeneralMetric)
    assert {domain: one.head for domain, one in found.by_domain.items()} == {
        domain: heads[0] for domain, heads in CHOICE.items()
    }


def test_pictures_are_of_light_or_of_codes() -> None:
    light, codes = pictures("hdr"), pictures("sdr")
    assert list(light) == list(codes)
    for name, picture in light.items():
        assert picture.amax() > 1000
        assert codes[name].shape == picture.shape
        assert 0 <= codes[name].amin() < codes[name].amax() <= 1


def test_the_page_points_out_what_is_not_marked_down() -> None:
    down = [90.0 - 10 * i for i in range(len(STRENGTHS))]
    text = page({"hdr": {"good": {"a": down, "b": down}, "bad": {"a": down, "b": down[::-1]}}})
    assert "1 of 2 distortions" in text
    assert "| good | 90 | 80 | 70 | 60 | 50 | 40 | 1.00 |" in text
    assert "| **bad** | 65 | 65 | 65 | 65 | 65 | 65 | -1.00 |" in text
