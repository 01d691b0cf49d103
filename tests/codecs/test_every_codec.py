"""What every codec keeps: fidelity, order of qualities, odd pictures, determinism."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from hdrmetrics.codecs import CodecInfo, codec_info, create_codec, list_codecs
from hdrmetrics.codecs.catalogue import codec_class
from hdrmetrics.errors import DomainError, PixelValueError, ShapeError

Picture = Callable[[CodecInfo], torch.Tensor]
Fidelity = Callable[[CodecInfo, torch.Tensor, torch.Tensor], float]

# PU21-PSNR in dB of light, PSNR of codes, that the best setting reaches on a photograph; grey, too.
# 8-bit rounding alone is 58.9 dB, 12-bit PQ 75 dB, half floats 79 to 85 dB; WebP halves colour.
BEST: dict[str, tuple[dict[str, Any], float, float]] = {
    "avif": ({"quality": 100, "bits": "12"}, 64, 73),
    "avif-sdr": ({"quality": 100}, 48, 58.5),
    "gainmap": ({"quality": 100}, 45, 45),
    "htj2k": ({"step": 1e-5}, 85, 90),
    "jpeg": ({"quality": 100, "subsampling": "4:4:4"}, 48, 54),
    "jpeg2000": ({"psnr": 100.0}, 83, 85),
    "jpeg2000-sdr": ({"psnr": 100.0}, 50, 53),
    "jpegxl": ({"distance": 0.01}, 56, 75),
    "jpegxl-sdr": ({"distance": 0.01}, 54, 56),
    "jpegxr": ({"quality": 100}, 83, 83),
    "jpegxt": ({"quality": 100}, 77, 77),
    "ultrahdr": ({"quality": 100}, 43, 48),
    "webp": ({"quality": 100, "method": 6}, 34, 46),
}
NAMES = sorted(BEST)
SMALLEST = {"gainmap": 8, "ultrahdr": 8}


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    lacking = codec_class(chosen).missing()
    if lacking:
        pytest.skip(lacking)
    return chosen


every = pytest.mark.parametrize("name", NAMES, indirect=True)


def test_every_codec_of_the_list_is_tried_here_or_is_a_layered_jpegxt() -> None:
    layered = {"jpegxt-a", "jpegxt-b", "jpegxt-c"}
    assert {info.name for info in list_codecs()} - layered == set(NAMES)


@every
def test_the_best_setting_returns_the_picture(name: str, picture: Picture, psnr: Fidelity) -> None:
    info = codec_info(name)
    settings, colour_db, grey_db = BEST[name]
    codec = create_codec(name, **settings)
    original = picture(info)
    coded = codec(original)
    assert coded.image.shape == original.shape
    assert psnr(info, coded.image, original) > colour_db
    grey = original[:, 1:2]
    coded = codec(grey[0, 0])
    assert coded.image.shape == grey.shape
    assert psnr(info, coded.image, grey) > grey_db


@every
def test_size_and_fidelity_fall_along_the_ladder(
    name: str, picture: Picture, psnr: Fidelity
) -> None:
    info = codec_info(name)
    first = info.parameters[0].name
    coded = [create_codec(name, **{first: step})(picture(info)) for step in info.ladder]
    sizes = [one.bits_per_pixel for one in coded]
    fidelity = [psnr(info, one.image, picture(info)) for one in coded]
    assert sizes == sorted(sizes, reverse=True)
    assert fidelity == sorted(fidelity, reverse=True)
    assert fidelity[0] - fidelity[-1] > 8


@every
def test_bits_per_pixel_are_those_of_the_file(name: str, picture: Picture) -> None:
    codec = create_codec(name)
    original = picture(codec.info)[..., :16, :24]
    coded = codec(original)
    assert coded.n_bytes == len(codec.encode(original))
    assert coded.bits_per_pixel == pytest.approx(8 * coded.n_bytes / (16 * 24))


@every
def test_the_same_picture_gives_the_same_file(name: str, picture: Picture) -> None:
    original = picture(codec_info(name))
    before = original.clone()
    files = {create_codec(name).encode(original) for _ in range(3)}
    assert len(files) == 1
    data = files.pop()
    again = create_codec(name)
    assert torch.equal(again.decode(data), create_codec(name).decode(data))
    assert torch.equal(original, before)


def odd_pictures(domain: str, least: int) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(5)
    noise = torch.rand(1, 3, 33, 26, generator=rng)
    found = {
        "one pixel": noise[..., :1, :1],
        "one grey pixel": noise[:, :1, :1, :1],
        "13×7": noise[..., :7, :13],
        "one row": noise[..., :1, :],
        "one column, grey": noise[:, :1, :, :1],
        "noise": noise,
        "black": torch.zeros(1, 3, 20, 12),
        "black, grey": torch.zeros(1, 1, 9, 9),
        "white": torch.ones(1, 3, 12, 20),
        "pure blue": noise * torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1),
    }
    if domain == "hdr":
        found = {key: image * 4000 for key, image in found.items()}
        found |= {
            "starlight": noise * 1e-4,
            "subnormal": noise * 1e-41,
            "suns": torch.where(noise > 0.9, 1e9, noise * 100),
            "beyond every format": noise * 3e38,
        }
    return {key: image for key, image in found.items() if min(image.shape[-2:]) >= least}


@every
def test_odd_pictures_come_back_whole(name: str) -> None:
    info = codec_info(name)
    codec = create_codec(name)
    pictures = odd_pictures(info.domain, SMALLEST.get(name, 1))
    if name == "jpegxt":  # two processes a picture
        pictures = {
            key: pictures[key] for key in ("one grey pixel", "13×7", "black", "beyond every format")
        }
    for label, original in pictures.items():
        decoded = codec(original).image
        assert decoded.shape == original.shape, label
        assert decoded.dtype == torch.float32, label
        assert bool(torch.isfinite(decoded).all()), label
        assert float(decoded.min()) >= 0, label
        if info.domain == "sdr":
            assert float(decoded.max()) <= 1, label


@every
def test_black_stays_black(name: str) -> None:
    info = codec_info(name)
    settings = BEST[name][0]
    decoded = create_codec(name, **settings)(torch.zeros(1, 3, 24, 24)).image
    assert float(decoded.max()) <= (0.01 if info.domain == "hdr" else 0.5 / 255)


@every
def test_light_above_the_peak_counts_as_the_peak(name: str, light: torch.Tensor) -> None:
    info = codec_info(name)
    if info.domain == "sdr":
        assert info.peak is None
        return
    assert info.peak is not None
    codec = create_codec(name)
    bright = light[..., :24, :24] * 1e6
    bright[..., :12] = light[..., :24, :12]
    assert codec(bright).n_bytes == codec(bright.clamp(max=info.peak)).n_bytes
    assert torch.equal(codec(bright).image, codec(bright.clamp(max=info.peak)).image)


@every
def test_bad_pictures_are_refused(name: str) -> None:
    codec = create_codec(name)
    with pytest.raises(ShapeError):
        codec(torch.ones(2, 3, 16, 16))
    with pytest.raises(PixelValueError):
        codec(torch.full((1, 3, 16, 16), float("nan")))
    with pytest.raises(PixelValueError if codec.info.domain == "hdr" else DomainError):
        codec(torch.full((1, 3, 16, 16), -0.5))
    if codec.info.domain == "sdr":
        with pytest.raises(DomainError):
            codec(torch.full((1, 3, 16, 16), 255.0))


def test_ultrahdr_says_which_sizes_it_takes() -> None:
    codec = create_codec("ultrahdr")
    if codec.missing():
        pytest.skip(str(codec.missing()))
    for height, width in ((7, 16), (16, 7), (8, 8193)):
        with pytest.raises(ShapeError, match="8 to 8192"):
            codec(torch.ones(1, 1, height, width))


@pytest.mark.parametrize("name", ["avif", "avif-sdr", "jpeg", "jpegxt"], indirect=True)
def test_half_the_colour_resolution_makes_files_smaller(name: str, picture: Picture) -> None:
    original = picture(codec_info(name))
    full, half = (
        create_codec(name, subsampling=chosen)(original).n_bytes for chosen in ("4:4:4", "4:2:0")
    )
    assert half < full


@pytest.mark.parametrize("name", ["jpegxt"], indirect=True)
def test_the_residual_has_a_quality_of_its_own(name: str, light: torch.Tensor) -> None:
    piece = light[..., :48, :48]
    sizes = [create_codec(name, quality=60, residual_quality=q)(piece).n_bytes for q in (5, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[1] == create_codec(name, quality=60)(piece).n_bytes


@pytest.mark.parametrize("name", ["ultrahdr"], indirect=True)
def test_a_smaller_gain_map_makes_smaller_files(name: str, light: torch.Tensor) -> None:
    sizes = [create_codec(name, scale=scale)(light).n_bytes for scale in (1, 2, 4)]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", ["avif"], indirect=True)
def test_ten_bits_are_coarser_than_twelve(name: str, light: torch.Tensor, psnr: Fidelity) -> None:
    ten, twelve = (create_codec(name, quality=100, bits=bits)(light) for bits in ("10", "12"))
    assert (
        psnr(codec_info(name), twelve.image, light) > psnr(codec_info(name), ten.image, light) + 6
    )


@pytest.mark.parametrize("name", ["jpeg2000", "jpeg2000-sdr"], indirect=True)
def test_jpeg2000_reaches_the_psnr_asked_for(name: str, picture: Picture) -> None:
    from hdrmetrics.codecs.samples import to_codes, to_pq_codes

    info = codec_info(name)
    original = picture(info)
    for asked in (34.0, 40.0):
        decoded = create_codec(name, psnr=asked)(original).image
        if info.domain == "hdr":
            errors = (to_pq_codes(decoded, 16) - to_pq_codes(original, 16).astype(float)) / 65535
        else:
            errors = (to_codes(decoded, 8) - to_codes(original, 8).astype(float)) / 255
        reached = -10 * torch.log10(torch.tensor((errors**2).mean()))
        assert float(reached) == pytest.approx(asked, abs=1.0)
