"""What the base of all codecs does around encoder and decoder."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs import Codec, CodecInfo
from hdrmetrics.codecs.codec import check_picture
from hdrmetrics.errors import (
    DomainError,
    ImageReadError,
    MissingCodecError,
    OptionError,
    PixelValueError,
    ShapeError,
)


class Half(Codec):
    """Stores half floats; ``returned`` stands in for what a faulty decoder gives back."""

    info = CodecInfo(
        name="half",
        title="Half floats",
        domain="hdr",
        parameters=(Parameter("gain", 1.0, (0.5, 2.0), "", "a factor"),),
        needs="",
        citation="",
        peak=100.0,
    )
    returned: torch.Tensor | None = None
    lacking: str | None = None

    @classmethod
    def missing(cls) -> str | None:
        return cls.lacking

    def encode(self, image: torch.Tensor) -> bytes:
        self.shape = image.shape
        return image.half().numpy().tobytes()

    def decode(self, data: bytes) -> torch.Tensor:
        if self.returned is not None:
            return self.returned
        return torch.frombuffer(bytearray(data), dtype=torch.float16).view(self.shape)


def test_a_picture_of_known_bytes_has_the_bits_per_pixel_of_arithmetic() -> None:
    coded = Half()(torch.ones(3, 5, 7))
    assert coded.n_bytes == 3 * 5 * 7 * 2
    assert coded.bits_per_pixel == pytest.approx(3 * 16)
    assert coded.image.shape == (1, 3, 5, 7)
    assert coded.image.dtype == torch.float32


def test_light_above_the_peak_is_clipped_before_coding() -> None:
    image = torch.tensor([[1.0, 99.0], [101.0, 1e30]])
    assert Half()(image).image.flatten().tolist() == [1.0, 99.0, 100.0, 100.0]
    assert image[1, 1] == torch.tensor(1e30)


def test_a_grey_picture_that_came_back_in_colour_becomes_grey_again() -> None:
    codec = Half()
    codec.returned = torch.tensor([10.0, 20.0, 30.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    coded = codec(torch.ones(2, 2))
    wanted = 0.212656 * 10 + 0.715158 * 20 + 0.072186 * 30
    assert coded.image.shape == (1, 1, 2, 2)
    assert torch.allclose(coded.image, torch.tensor(wanted))


@pytest.mark.parametrize(
    ("domain", "peak", "wanted"),
    [("hdr", None, [0.0, 0.5, 7.0]), ("hdr", 3.0, [0.0, 0.5, 3.0]), ("sdr", None, [0.0, 0.5, 1.0])],
)
def test_what_a_decoder_overshoots_is_clipped(
    domain: str, peak: float | None, wanted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Half, "info", dataclasses.replace(Half.info, domain=domain, peak=peak))
    codec = Half()
    codec.returned = torch.tensor([-0.25, 0.5, 7.0]).view(1, 1, 1, 3)
    assert codec(torch.ones(1, 3)).image.flatten().tolist() == wanted


def test_a_decoder_that_returns_another_size_or_no_numbers_is_an_error() -> None:
    codec = Half()
    codec.returned = torch.ones(1, 1, 3, 2)
    with pytest.raises(ImageReadError, match="went in"):
        codec(torch.ones(2, 3))
    codec.returned = torch.tensor([[[[1.0, float("nan")]]]])
    with pytest.raises(ImageReadError, match="not finite"):
        codec(torch.ones(1, 2))


def test_a_codec_that_lacks_something_says_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Half, "lacking", "install the half package")
    with pytest.raises(MissingCodecError, match="install the half package"):
        Half()(torch.ones(2, 2))


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (torch.ones(2, 3, 4, 4), ShapeError, "one picture at a time"),
        (torch.ones(1, 4, 4, 4), ShapeError, "1 or 3 channels"),
        (torch.ones(0, 4), ShapeError, "1 or 3 channels"),
        (torch.ones(4, 4, dtype=torch.uint8), ShapeError, "must hold floats"),
        (torch.tensor([[1.0, float("nan")]]), PixelValueError, "repair"),
        (torch.tensor([[1.0, float("inf")]]), PixelValueError, "repair"),
        (torch.tensor([[1.0, 1e300]], dtype=torch.float64), PixelValueError, "repair"),
        (torch.tensor([[1.0, -1e-3]]), PixelValueError, "negative light"),
    ],
)
def test_bad_light_is_refused(image: torch.Tensor, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Half()(image)


def test_codes_outside_0_to_1_are_refused_but_for_rounding() -> None:
    with pytest.raises(DomainError, match="Divide 8-bit values by 255"):
        check_picture(torch.tensor([[0.0, 255.0]]), "sdr")
    with pytest.raises(DomainError, match="HDR"):
        check_picture(torch.tensor([[-0.1, 0.5]]), "sdr")
    image = check_picture(torch.tensor([[-1e-7, 1 + 1e-6]]), "sdr")
    assert image.flatten().tolist() == [0.0, 1.0]


def test_gradients_and_double_precision_stop_at_the_codec() -> None:
    image = torch.rand(1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    coded = Half()(image)
    assert coded.image.dtype == torch.float32
    assert not coded.image.requires_grad


def test_settings_are_checked_and_shown() -> None:
    assert repr(Half()) == "<half>"
    assert repr(Half(gain=None)) == "<half>"
    assert repr(Half(gain=2)) == "<half {'gain': 2.0}>"
    with pytest.raises(OptionError, match="between"):
        Half(gain=3.0)
    with pytest.raises(OptionError, match="not a tensor"):
        Half(gain=torch.tensor(3.0, requires_grad=True))
    with pytest.raises(OptionError, match="no parameter quality"):
        Half(quality=3)
