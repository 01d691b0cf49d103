"""What a caller may give as an image: each kind right, or a refusal whose advice works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import hdrmetrics as hm
from hdrmetrics import as_image, score
from hdrmetrics.errors import HdrMetricsWarning, OptionError, ShapeError

RNG = np.random.default_rng(1)
LIGHT = (100 * RNG.random((20, 30, 3)) + 1).astype(np.float32)
CODES = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_floats_need_a_domain_and_the_advice_works() -> None:
    for floats in (LIGHT, LIGHT.astype(np.float64), torch.from_numpy(LIGHT).movedim(2, 0)):
        with pytest.raises(OptionError, match='domain="hdr" for luminance') as error:
            as_image(floats)
        assert 'domain="sdr"' in str(error.value)
        assert as_image(floats, domain="hdr").calibration.kind == "absolute"
        assert as_image(floats, domain="sdr").calibration.transfer == "srgb"
        assert as_image(floats, domain="tonemapped").calibration.transfer == "srgb"
    with pytest.raises(OptionError, match="hdr, sdr or tonemapped"):
        as_image(LIGHT, domain="HDR")  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_srgb_codes_of_their_type(dtype: Any) -> None:
    codes = CODES.astype(dtype)
    image = as_image(codes)
    assert image.calibration.transfer == "srgb"
    assert "taken as sRGB" in image.calibration.rule
    assert image.pixels == pytest.approx(codes / np.iinfo(dtype).max, abs=1e-7)
    tensor = torch.from_numpy(codes).movedim(2, 0)
    for same in (codes.astype(np.dtype(dtype).newbyteorder()), tensor, tensor[None]):
        assert np.array_equal(as_image(same).pixels, image.pixels)


@pytest.mark.parametrize(
    "same",
    [
        LIGHT.astype(np.float16).astype(np.float32).astype(np.float16),
        LIGHT.astype(">f4"),
        LIGHT.astype("<f8"),
        LIGHT[::-1][::-1],
        np.asfortranarray(LIGHT),
        torch.from_numpy(LIGHT).movedim(2, 0),
        torch.from_numpy(LIGHT).movedim(2, 0)[None].requires_grad_(),
        torch.from_numpy(LIGHT).movedim(2, 0).bfloat16(),
    ],
    ids=["half", "big-endian", "double", "reversed", "fortran", "tensor", "batch", "bfloat16"],
)
def test_any_layout_of_floats_is_the_same_light(same: Any) -> None:
    image = as_image(same, "hdr")
    assert image.pixels.shape == LIGHT.shape
    assert image.pixels == pytest.approx(LIGHT, rel=1e-2)
    assert score(same, "pu21-psnr", reference=LIGHT).value > 40


def test_memory_that_must_not_be_written_is_read_without_a_word(
    recwarn: pytest.WarningsRecorder,
) -> None:
    for picture in (LIGHT.copy(), LIGHT[..., 0].copy()):
        picture.setflags(write=False)
        score(picture, "pu21-psnr", reference=picture)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("picture", "followed"),
    [
        (np.moveaxis(LIGHT, 2, 0), lambda array: np.moveaxis(array, 0, -1)),
        (np.moveaxis(LIGHT, 2, 0), torch.from_numpy),
        (LIGHT[None], lambda array: array[0]),
        (torch.from_numpy(LIGHT), lambda tensor: tensor.movedim(-1, 0)),
        (LIGHT.astype(np.longdouble), lambda array: array.astype(np.float64)),
        (LIGHT.round().astype(np.int64), lambda array: array.astype(np.float32)),
        (LIGHT.round().astype(np.uint32), lambda array: array.astype(np.uint16)),
        (LIGHT.astype(np.int8), lambda array: array.astype(np.uint8)),
        (LIGHT > 50, lambda array: array * np.uint8(255)),
        (LIGHT[:5, :5].tolist(), np.asarray),
        (Pillow.fromarray(CODES), np.asarray),
        (np.ma.masked_greater(LIGHT, 50), lambda array: array.filled(0)),
    ],
    ids=["chw", "chw-tensor", "batch", "hwc-tensor", "longdouble", "int64", "uint32", "int8",
         "bool", "list", "pillow", "masked"],
)  # fmt: skip
def test_what_is_refused_has_advice_that_works(picture: Any, followed: Any) -> None:
    if picture.__class__ is np.ndarray and picture.dtype == np.dtype(np.float64):
        pytest.skip("long doubles are doubles here")
    with pytest.raises(ShapeError, match=r"give |asarray\("):
        as_image(picture, "hdr")
    assert as_image(followed(picture), "hdr").channels == 3 or isinstance(picture, list)


def test_a_masked_array_is_scored_as_advised() -> None:
    hidden = np.ma.masked_greater(LIGHT, 50)
    with pytest.raises(ShapeError, match="getmaskarray"):
        score(hidden, "pu21-psnr", reference=LIGHT)
    mask = ~np.ma.getmaskarray(hidden)
    got = score(hidden.filled(0), "pu21-psnr", reference=LIGHT, mask=mask.all(axis=2))
    assert got.value == np.inf


@pytest.mark.parametrize(
    "nothing", [None, b"a.exr", 3.0, np.float64(3), np.zeros((2, 2), complex), np.zeros((4, 4, 5)),
                np.array([["a"]]), torch.zeros(1, 1, 3, 8, 8), torch.eye(8).to_sparse(),
                np.zeros((0, 3)), np.zeros(7)],
    ids=repr,
)  # fmt: skip
def test_what_is_no_picture_is_a_typed_error(nothing: Any) -> None:
    with pytest.raises(ShapeError):
        as_image(nothing, "hdr")


def test_several_pictures_are_sent_to_score_files() -> None:
    with pytest.raises(ShapeError, match=r"call score_files\(\[\(test, reference\), …\]"):
        score(["a.exr", "b.exr"], "pu21-psnr", reference=LIGHT)  # type: ignore[call-overload]


def test_alpha_is_left_out_with_a_word() -> None:
    for codes in (np.dstack([CODES, CODES[..., :1]]), CODES[..., :2]):
        image = as_image(codes)
        assert image.notes == ("alpha channel ignored",)
        assert image.channels == codes.shape[2] - 1
    tensor = torch.from_numpy(np.dstack([LIGHT, np.ones((20, 30), np.float32)])).movedim(2, 0)
    with pytest.warns(HdrMetricsWarning, match="test: alpha channel ignored"):
        assert score(tensor, "pu21-psnr", reference=LIGHT).value == np.inf


def test_paths_of_any_kind(tmp_path: Path) -> None:
    class Elsewhere:
        def __fspath__(self) -> str:
            return str(tmp_path / "a.png")

    hm.write_image(tmp_path / "a.png", CODES)
    for path in (tmp_path / "a.png", str(tmp_path / "a.png"), Elsewhere()):
        assert as_image(path).pixels.shape == CODES.shape  # type: ignore[arg-type]


# -- several metrics of one picture --------------------------------------------------------------


def test_a_list_of_metrics_gives_a_list_of_scores(tmp_path: Path) -> None:
    hm.write_image(tmp_path / "r.exr", LIGHT, depth="float")
    hm.write_image(tmp_path / "t.exr", LIGHT * 1.1, depth="float")
    files = tmp_path / "t.exr", tmp_path / "r.exr"
    made = hm.create_metric("mu-psnr", mu=1000.0)
    got = score(files[0], ["pu21-psnr", made, "pu21-piqe"], reference=files[1], peak=500)
    alone = [
        score(files[0], "pu21-psnr", reference=files[1], peak=500),
        score(files[0], made, reference=files[1], peak=500),
        score(files[0], "pu21-piqe", peak=500),
    ]
    assert [one.to_dict() for one in got] == [one.to_dict() | ({}) for one in alone]
    assert score(LIGHT, ("pu21-psnr",), reference=LIGHT)[0].value == np.inf
    rows = hm.score_files([files], "pu21-psnr", peak=500)
    assert rows[0].scores["pu21-psnr"].value == got[0].value


def test_a_list_that_cannot_be_scored_is_a_typed_error() -> None:
    pair = {"reference": LIGHT}
    for metrics, words in (
        ([], "empty list"),
        ({"pu21-psnr"}, "not set"),
        (5, "not int"),
        (None, "not NoneType"),
        ([5], "not int"),
        (["pu21-piqe"], "leave reference= out"),
    ):
        with pytest.raises(OptionError, match=words):
            score(LIGHT, metrics, **pair)  # type: ignore[call-overload]
    with pytest.raises(OptionError, match=r"create_metric\(name, option=value\)"):
        score(LIGHT, ["pu21-psnr"], **pair, encoder="peaks")  # type: ignore[call-overload]
    followed = hm.create_metric("pu21-psnr", encoder="peaks")
    assert score(LIGHT, [followed], **pair)[0].conditions["encoder"] == "peaks"
    with pytest.raises(OptionError, match="not list"):
        hm.score_map(LIGHT, ["pu21-ssim"], **pair)  # type: ignore[arg-type]


def test_regions_and_masks_of_other_forms_are_typed_errors() -> None:
    for region in ((1, 2, 3), (0, 0, 0.5, 9), "0,0,9,9", 7):
        with pytest.raises(OptionError, match="whole pixels"):
            score(LIGHT, "pu21-psnr", reference=LIGHT, region=region)  # type: ignore[arg-type]
    mask = np.ones((20, 30), np.int64)
    with pytest.raises(ShapeError, match="give mask > 0"):
        score(LIGHT, "pu21-psnr", reference=LIGHT, mask=mask)
    assert score(LIGHT, "pu21-psnr", reference=LIGHT, mask=mask > 0).conditions["mask"] == 1.0
