"""What is wrong, in numbers and in words."""

from __future__ import annotations

import pytest
import torch

from hdrmetrics.explanation import Explanation, fault_text, place_text, said

NAMES = ("blur", "noise", "none")


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        ({"blocks": 0.71, "noise": 0.2, "none": 0.09}, "blocks 71 %, noise 20 %"),
        ({"none": 0.97, "blur": 0.03}, "nothing 97 %"),
        ({"blur": 0.3, "noise": 0.3, "banding": 0.3, "none": 0.1}, ("blur 30 %, noise 30 %, "
         "banding 30 %")),
        ({"blur": 0.08, "noise": 0.07, "none": 0.06}, "blur 8 %"),
    ],
)  # fmt: skip
def test_words(faults: dict[str, float], text: str) -> None:
    assert fault_text(faults) == text
    assert 1 <= len(said(faults)) <= 3


def test_places_of_what_is_named() -> None:
    places = torch.zeros(1, 3, 10, 20)
    places[:, 2] = 0.6
    places[:, 0] = 0.3
    places[:, 1] = 0.1
    places[:, :, 2:8, 5:15] = torch.tensor([0.1, 0.8, 0.1])[None, :, None, None]
    faults = torch.tensor([[0.2, 0.5, 0.3]])
    record = Explanation(NAMES, faults, places, 16).to_dict()
    assert record["text"] == "noise 50 %, nothing 30 %, blur 20 %"
    assert list(record["faults"]) == ["noise", "none", "blur"]
    # Blur is named but nowhere the likeliest.
    (place,) = record["places"]
    assert place == {
        "fault": "noise", "area": 0.3, "probability": 0.8, "box": [80, 32, 160, 96],
    }  # fmt: skip
    assert place_text(place) == "noise in 30 % of the picture, about 160×96 at x = 80, y = 32"


def test_specks_are_no_place() -> None:
    places = torch.zeros(1, 3, 40, 40)
    places[:, 2] = 1.0
    places[:, :, 3, 3] = torch.tensor([1.0, 0.0, 0.0])
    record = Explanation(NAMES, torch.tensor([[0.5, 0.0, 0.5]]), places, 16).to_dict()
    assert record["places"] == []
