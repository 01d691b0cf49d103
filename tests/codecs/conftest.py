from __future__ import annotations

import pytest
import torch

import hdrmetrics as hm
from hdrmetrics.codecs import CodecInfo
from hdrmetrics.photometry.color import luminance


@pytest.fixture(scope="session")
def light() -> torch.Tensor:
    """A piece of a photograph, ``(1, 3, 96, 128)`` float32, up to about 1000 cd/m²."""
    pixels = torch.from_numpy(hm.read_image(hm.sample_images()["courtyard"]).pixels.copy())
    piece = pixels.permute(2, 0, 1)[None, :, 120:216, 200:328].clamp(min=0)
    return (piece * (1000 / luminance(piece).max())).contiguous()


@pytest.fixture(scope="session")
def code(light: torch.Tensor) -> torch.Tensor:
    """The same, display-encoded in [0, 1]."""
    return (light / 600).clamp(0, 1) ** (1 / 2.2)


@pytest.fixture
def picture(light: torch.Tensor, code: torch.Tensor):
    """Return the picture in the domain of a codec."""
    return lambda info: light if info.domain == "hdr" else code


@pytest.fixture
def psnr():
    """Return the fidelity of a codec's output in dB: PU21-PSNR of light, PSNR of codes."""

    def measure(info: CodecInfo, test: torch.Tensor, reference: torch.Tensor) -> float:
        name = "pu21-psnr" if info.domain == "hdr" else "psnr"
        return float(hm.create_metric(name)(test, reference))

    return measure
