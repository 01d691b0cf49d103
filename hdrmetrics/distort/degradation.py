"""The way a picture degrades between a scene and its viewer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.camera_noise import CameraNoise
from hdrmetrics.distort.checking import Strength, check_image
from hdrmetrics.distort.composition import Composition
from hdrmetrics.distort.defocus_blur import DefocusBlur
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.gaussian_blur import GaussianBlur
from hdrmetrics.distort.gaussian_noise import GaussianNoise
from hdrmetrics.distort.motion_blur import MotionBlur
from hdrmetrics.distort.resampling import Resampling
from hdrmetrics.errors import ShapeError

_BLURS = {one.info.name: one for one in (GaussianBlur, DefocusBlur, MotionBlur)}
_NOISES = {one.info.name: one for one in (GaussianNoise, CameraNoise)}


def _share(part: str, automatic: str = "uniform in 0.2 to 1") -> Parameter:
    return Parameter(
        f"{part}_share", None, (0.0, 1.0), "", f"part of the strength that the {part} has",
        search=(0.2, 1.0), automatic=automatic,
    )  # fmt: skip


@DISTORTIONS.add
class Degradation(Distortion):
    """Blur, resampling, noise and compression: ``v = C(S(u∗k) + n)``.

    Each part has the strength of the call times its share. ``amount`` holds these strengths and
    the amounts of the parts.

    Parameters
    ----------
    compress
        ``C``: takes the batch ``(N, C, H, W)`` in the units of the input and returns one of the
        same shape. It is called at every strength, 0 as well: its own quality says how much it
        does. ``None`` leaves compression out.
    settings
        As for every distortion.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "degradation", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="degradation",
        title="Blur, resampling, noise (and compression)",
        parameters=(
            Parameter(
                "blur", None, None, "",
                "kind of blur",
                kind="choice", choices=tuple(_BLURS),
                automatic="any of the three",
            ),
            Parameter(
                "noise", None, None, "",
                "kind of noise",
                kind="choice", choices=tuple(_NOISES),
                automatic="either",
            ),
            _share("blur"),
            # The mildest resampling is plainly visible: always there, it would leave no mild case.
            _share("resampling", "0 under half of the seeds, else uniform in 0.2 to 1"),
            _share("noise"),
        ),
        random=True,
        extent="that of its parts",
        citation="the degradation model v = C(S(u∗k) + n) of WO2024076611A1",
    )  # fmt: skip

    def __init__(
        self,
        *,
        compress: Callable[[Tensor], Tensor] | None = None,
        **settings: float | str | None,
    ) -> None:
        super().__init__(**settings)
        self.compress = compress

    def __call__(
        self,
        image: Tensor,
        *,
        strength: Strength,
        domain: PixelDomain,
        seed: int | Sequence[int] = 0,
    ) -> Tensor:
        """Degrade each image of a batch; see :meth:`Distortion.__call__`.

        Raises
        ------
        ShapeError, PixelValueError, DomainError
            Also if ``compress`` returns another shape, or pixels that are not of the domain.
        """
        out = super().__call__(image, strength=strength, domain=domain, seed=seed)
        if self.compress is None:
            return out
        decoded = self.compress(out)
        if decoded.shape != out.shape:
            raise ShapeError(
                f"compress returned {tuple(decoded.shape)} for a batch of {tuple(out.shape)}"
            )
        return check_image(decoded, domain).to(out)

    def draw(self, parameter: Parameter, random: np.random.Generator) -> float | int | str:
        """Return a value of a setting; no resampling under half of the seeds."""
        if parameter.name == "resampling_share" and random.random() < 0.5:
            return 0.0
        return super().draw(parameter, random)

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the strengths of the three parts."""
        return {part: strength * settings[f"{part}_share"] for part in _PARTS}

    def case(self, strength: float, *, domain: PixelDomain, seed: int) -> Case:
        """Return everything that one image is distorted with, the amounts of the parts as well."""
        case = super().case(strength, domain=domain, seed=seed)
        parts = _chain(case.settings).amount(strength, domain=domain, seed=seed)
        return dataclasses.replace(case, amount={**case.amount, **parts})

    def record(self, strength: float, *, domain: PixelDomain, seed: int = 0) -> dict[str, Any]:
        """Return everything that one image is distorted with, with the settings of the parts."""
        found = super().record(strength, domain=domain, seed=seed)
        return {**found, **_chain(found["settings"]).drawn(seed, domain=domain)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the degraded image, before compression."""
        chain = _chain(case.settings)
        return chain.distort_one(image, case.strength, case.domain, case.seed)


_PARTS = ("blur", "resampling", "noise")


def _chain(settings: Mapping[str, Any]) -> Composition:
    steps = (_BLURS[settings["blur"]](), Resampling(), _NOISES[settings["noise"]]())
    return Composition(steps, [settings[f"{part}_share"] for part in _PARTS])
