"""The list of distortions by name."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.checking import Strength
from hdrmetrics.distort.distortion import DISTORTIONS, Distortion, DistortionInfo


def distortion_info(name: str) -> DistortionInfo:
    """Return the description of the distortion called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return DISTORTIONS.entry(name).info


def list_distortions(domain: PixelDomain | None = None) -> list[DistortionInfo]:
    """Return the descriptions of all distortions, sorted by name, or of those for one domain.

    Parameters
    ----------
    domain
        Keep those that take ``"hdr"`` or ``"sdr"`` pictures.
    """
    return [info for info in DISTORTIONS.infos() if domain is None or domain in info.domains]


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
    return DISTORTIONS.create(name, settings)


def distort(
    image: Tensor,
    name: str,
    *,
    strength: Strength,
    domain: PixelDomain,
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
