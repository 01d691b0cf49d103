"""The list of distortions by name."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from hdrmetrics.catalogue.names import look_up
from hdrmetrics.distort.banding import Banding
from hdrmetrics.distort.block_loss import BlockLoss
from hdrmetrics.distort.camera_noise import CameraNoise
from hdrmetrics.distort.checking import Strength
from hdrmetrics.distort.colour_cast import ColourCast
from hdrmetrics.distort.colour_shift import ColourShift
from hdrmetrics.distort.contrast_change import ContrastChange
from hdrmetrics.distort.defocus_blur import DefocusBlur
from hdrmetrics.distort.degradation import Degradation
from hdrmetrics.distort.distortion import Distortion, DistortionInfo
from hdrmetrics.distort.exposure_change import ExposureChange
from hdrmetrics.distort.gaussian_blur import GaussianBlur
from hdrmetrics.distort.gaussian_noise import GaussianNoise
from hdrmetrics.distort.ghosting import Ghosting
from hdrmetrics.distort.grating import Grating
from hdrmetrics.distort.motion_blur import MotionBlur
from hdrmetrics.distort.pixels import Domain
from hdrmetrics.distort.quantisation import Quantisation
from hdrmetrics.distort.resampling import Resampling
from hdrmetrics.distort.saturation_clipping import SaturationClipping

_CLASSES: tuple[type[Distortion], ...] = (
    Banding, BlockLoss, CameraNoise, ColourCast, ColourShift, ContrastChange, DefocusBlur,
    Degradation, ExposureChange, GaussianBlur, GaussianNoise, Ghosting, Grating, MotionBlur,
    Quantisation, Resampling, SaturationClipping,
)  # fmt: skip
_DISTORTIONS = {one.info.name: one for one in _CLASSES}


def _lookup(name: str) -> type[Distortion]:
    return look_up("distortion", name, _DISTORTIONS)


def distortion_info(name: str) -> DistortionInfo:
    """Return the description of the distortion called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return _lookup(name).info


def list_distortions(domain: Domain | None = None) -> list[DistortionInfo]:
    """Return the descriptions of all distortions, sorted by name, or of those for one domain.

    Parameters
    ----------
    domain
        Keep those that take ``"hdr"`` or ``"sdr"`` pictures.
    """
    infos = sorted((one.info for one in _CLASSES), key=lambda info: info.name)
    return [info for info in infos if domain is None or domain in info.domains]


def create_distortion(name: str, **settings: float | str | None) -> Distortion:
    """Return a distortion, called as ``distortion(image, strength=0.5, domain="hdr", seed=7)``.

    Parameters
    ----------
    name
        One of :func:`list_distortions`.
    settings
        The distortion's parameters; ``None`` (and leaving them out) stands for the default, or
        for a value drawn from each image's seed where there is none.

    Raises
    ------
    UnknownNameError
        If there is no such distortion.
    OptionError
        If a setting is unknown or out of bounds.

    Examples
    --------
    >>> import torch
    >>> distortion = create_distortion("motion_blur", angle=30)
    >>> distortion(torch.rand(1, 3, 16, 16) * 1000, strength=0.5, domain="hdr").shape
    torch.Size([1, 3, 16, 16])
    """
    return _lookup(name)(**settings)


def distort(
    image: Tensor,
    name: str,
    *,
    strength: Strength,
    domain: Domain,
    seed: int | Sequence[int] = 0,
    **settings: float | str | None,
) -> Tensor:
    """Distort a picture or a batch.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, C = 1 or 3; HDR: linear BT.709 in cd/m², not negative; SDR:
        display-encoded in [0, 1].
    name, settings
        As for :func:`create_distortion`.
    strength, domain, seed
        As for :meth:`Distortion.__call__ <hdrmetrics.distort.Distortion.__call__>`.

    Returns
    -------
    Tensor
        ``(N, C, H, W)`` in the units of the input.

    Raises
    ------
    UnknownNameError, OptionError, ShapeError, PixelValueError, DomainError
        As :func:`create_distortion` and the distortion itself.

    Examples
    --------
    >>> import torch
    >>> grey = torch.full((1, 3, 8, 8), 100.0)
    >>> brighter = distort(
    ...     grey, "exposure_change", strength=1.0, domain="hdr", direction="over"
    ... )
    >>> bool((brighter > 2 * grey).all())
    True
    """
    distortion = create_distortion(name, **settings)
    return distortion(image, strength=strength, domain=domain, seed=seed)
