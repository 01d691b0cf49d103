"""Where photographs stand on the axes, and where these disagree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdrmetrics.jobs import axes
from hdrmetrics.jobs.axes import Standing, standing
from hdrmetrics.jobs.defaults import ranked_by, without_reference
from hdrmetrics.result import Score


def score(metric: str, value: float, domain: str = "sdr") -> Score:
    return Score(metric, value, "", (0.0, 100.0), True, {"domain": domain})


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "axes.json"
    quantiles = {"nima": [1, 3, 5, 7, 9], "norvdpnet": [0, 50, 80, 90, 100]}
    path.write_text(json.dumps({"of": "tests", "quantiles": quantiles}))
    monkeypatch.setattr(axes, "FILE", path)
    axes._quantiles.cache_clear()
    yield
    axes._quantiles.cache_clear()


@pytest.mark.usefixtures("tables")
def test_a_photograph_stands_between_the_quantiles() -> None:
    found = standing({"nima": score("nima", 5.0), "norvdpnet": score("norvdpnet", 95.0)})
    assert found is not None
    assert found.liked == pytest.approx(0.5)
    assert found.faithful == pytest.approx(0.875)
    assert found.text == ""
    ends = standing({"nima": score("nima", 0.0), "norvdpnet": score("norvdpnet", 101.0)})
    assert ends == Standing(0.0, 1.0)
    assert ends is not None
    assert ends.text == "faithful, not liked"


def test_the_words_say_which_is_which() -> None:
    assert Standing(0.9, 0.2).text == "liked, not faithful"
    assert Standing(0.2, 0.9).text == "faithful, not liked"
    assert Standing(0.6, 0.2).text == ""


@pytest.mark.usefixtures("tables")
def test_light_and_single_axes_stand_nowhere() -> None:
    assert standing({"nima": score("nima", 5.0)}) is None
    light = score("norvdpnet", 90.0, "hdr")
    assert standing({"nima": score("nima", 5.0), "norvdpnet": light}) is None


def test_the_packages_quantiles_rise() -> None:
    found = json.loads(axes.FILE.read_text())
    for values in found["quantiles"].values():
        assert values == sorted(values)
        assert len(values) > 10
    assert found["of"]


def test_endings_say_what_pictures_are_scored_by() -> None:
    assert without_reference(["a.JPG", "b.webp"]) == ("nima", "norvdpnet")
    assert without_reference(["a.exr", "b.hdr"]) == ("norvdpnet", "pu21-piqe")
    assert without_reference(["a.jpg", "b.exr"]) == ("norvdpnet", "pu21-piqe", "nima")
    assert without_reference(["noending"]) == ("norvdpnet", "pu21-piqe")
    assert ranked_by(["a.jpg"])[0] == "nima"
    assert ranked_by([]) == ("norvdpnet",)
