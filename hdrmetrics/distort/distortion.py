"""The common shape of every distortion: its description, its settings and its call."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.catalogue.catalogue import Catalogue
from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.checking import Strength, check_image, check_seeds, check_strengths
from hdrmetrics.distort.draws import stream
from hdrmetrics.errors import DomainError, OptionError, ShapeError


@dataclass(frozen=True, slots=True)
class DistortionInfo:
    """What a user has to know about a distortion.

    Parameters
    ----------
    name
        The name that :func:`~hdrmetrics.distort.create_distortion` takes.
    title
        One line for tables.
    parameters
        The settings beside strength. Those whose default is ``None`` are drawn from the seed.
    random
        Whether pixels depend on the seed even where all settings are given.
    extent
        How far a pixel's result reaches: a pixel, a neighbourhood, or the statistics of the whole
        picture, so that a crop of the result is not the result of a crop.
    citation
        The paper, standard or definition.
    domains
        Which pictures it takes.
    color
        Whether it needs three channels.
    hdr_only
        Names of the settings that SDR pictures do not have.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    random: bool
    extent: str
    citation: str
    domains: tuple[PixelDomain, ...] = ("hdr", "sdr")
    color: bool = False
    hdr_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What one image is distorted with.

    Parameters
    ----------
    name
        Of the distortion.
    domain
        Of the image.
    strength
        In (0, 1].
    seed
        Of the image.
    settings
        All settings, given or drawn.
    amount
        The physical amounts that the strength stands for.
    """

    name: str
    domain: PixelDomain
    strength: float
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    amount: Mapping[str, float] = field(default_factory=dict)

    def random(self) -> np.random.Generator:
        """Return the generator for this image's pixels."""
        return stream(self.seed, self.name, "pixels")


DISTORTIONS: Catalogue[DistortionInfo, Distortion] = Catalogue(
    "distortion", "hdrmetrics.distort", group="hdrmetrics.distort"
)
"""All distortions; each file adds its own."""


class Distortion(Configured, ABC):
    """Base of all distortions: ``distortion(image, strength=0.5, domain="hdr", seed=7)``.

    Parameters
    ----------
    settings
        The distortion's parameters; ``None`` (and leaving them out) stands for the default, or
        for a value drawn from each image's seed where there is none.

    Raises
    ------
    OptionError
        For an unknown setting or a value out of bounds.
    """

    info: ClassVar[DistortionInfo]
    logarithmic: ClassVar[tuple[str, ...]] = ()
    """Names of the settings whose logarithm is drawn uniformly."""

    no_tensors = "one number for all images, not a tensor"

    def __call__(
        self,
        image: Tensor,
        *,
        strength: Strength,
        domain: PixelDomain,
        seed: int | Sequence[int] = 0,
    ) -> Tensor:
        """Distort each image of a batch.

        Parameters
        ----------
        image
            ``(N, C, H, W)``, C = 1 or 3; ``(C, H, W)`` and ``(H, W)`` are taken as a batch of
            one. HDR: linear BT.709 in cd/m², not negative; SDR: display-encoded in [0, 1].
            float32 or float64; half precision is computed in float32.
        strength
            In [0, 1], one number or one per image: 0 returns the image as it is, 1 is severe, and
            visibility rises about evenly between.
        domain
            ``"hdr"`` or ``"sdr"``.
        seed
            One whole number for all images, or one per image. An image's result depends on its
            own seed only.

        Returns
        -------
        Tensor
            ``(N, C, H, W)`` in the units of the input: finite light that is not negative, or
            codes in [0, 1].

        Raises
        ------
        ShapeError
            For other shapes, for numbers of strengths or seeds that are not the number of images,
            and for one channel where the distortion is one of colour.
        PixelValueError
            For NaN, infinity or negative light.
        DomainError
            For an unknown domain, or an SDR image with values outside [0, 1].
        OptionError
            For a strength outside [0, 1], or a setting that the domain does not have.
        """
        self.check_domain(domain)
        batch = check_image(image, domain)
        if self.info.color and batch.shape[1] != 3:
            raise ShapeError(f"{self.info.name} changes colour: it needs three channels, not one")
        strengths = check_strengths(strength, batch.shape[0])
        seeds = check_seeds(seed, batch.shape[0])
        with torch.autocast(batch.device.type, enabled=False):
            # One by one: arithmetic on a batch may round otherwise than on a single image.
            parts = [
                self.distort_one(batch[i : i + 1], s, domain, k)
                for i, (s, k) in enumerate(zip(strengths, seeds, strict=True))
            ]
        return torch.cat(parts)

    def distort_one(self, image: Tensor, strength: float, domain: PixelDomain, seed: int) -> Tensor:
        """Return the result for a checked image ``(1, C, H, W)``."""
        if strength == 0:
            return image
        out = self.apply(image, self.case(strength, domain=domain, seed=seed))
        return out.clamp(0.0, 1.0 if domain == "sdr" else torch.finfo(out.dtype).max)

    # -- what a data set stores -----------------------------------------------------------

    def drawn(self, seed: int, *, domain: PixelDomain = "hdr") -> dict[str, Any]:
        """Return all settings as used under a seed: those given, the rest drawn.

        Independent of strength and image. Passed back to
        :func:`~hdrmetrics.distort.create_distortion` they give the same result again.
        """
        self.check_domain(domain)
        found: dict[str, Any] = {}
        for parameter in self.info.parameters:
            if domain == "sdr" and parameter.name in self.info.hdr_only:
                continue
            value = self.settings[parameter.name]
            if value is None:
                # A stream each: giving one setting leaves the draws of the others as they were.
                random = stream(seed, self.info.name, "settings", parameter.name)
                value = self.draw(parameter, random)
            found[parameter.name] = value
        return found

    def amount(
        self, strength: float, *, domain: PixelDomain = "hdr", seed: int = 0
    ) -> dict[str, float]:
        """Return the physical amounts that a strength stands for, by name; none at strength 0.

        Parameters
        ----------
        strength
            In [0, 1].
        domain
            The two domains have scales of their own where their units differ.
        seed
            Of the image: drawn settings (a frequency, a direction) may decide on the scale.
        """
        (value,), (own,) = check_strengths(strength, 1), check_seeds(seed, 1)
        return dict(self.case(value, domain=domain, seed=own).amount)

    def case(self, strength: float, *, domain: PixelDomain, seed: int) -> Case:
        """Return everything that one image is distorted with."""
        settings = self.drawn(seed, domain=domain)
        amount = self.scale(strength, domain, settings) if strength else {}
        return Case(self.info.name, domain, strength, seed, settings, amount)

    def record(self, strength: float, *, domain: PixelDomain, seed: int = 0) -> dict[str, Any]:
        """Return everything that one image is distorted with, as JSON-ready values."""
        (value,), (own,) = check_strengths(strength, 1), check_seeds(seed, 1)
        case = self.case(value, domain=domain, seed=own)
        return {
            "distortion": case.name,
            "domain": domain,
            "strength": value,
            "seed": own,
            "settings": dict(case.settings),
            "amount": dict(case.amount),
        }

    # -- what subclasses write ------------------------------------------------------------

    @abstractmethod
    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the physical amounts for a strength in (0, 1]."""

    @abstractmethod
    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the distorted image of ``(1, C, H, W)``, not yet clipped to the domain."""

    def draw(self, parameter: Parameter, random: np.random.Generator) -> float | int | str:
        """Return a value of a setting that was not given: uniform in the range worth searching."""
        if parameter.kind == "choice":
            return parameter.choices[int(random.integers(len(parameter.choices)))]
        assert parameter.search_range is not None  # what is no choice has bounds
        low, high = parameter.search_range
        if parameter.kind == "integer":
            return int(random.integers(int(low), int(high) + 1))
        if parameter.name in self.logarithmic:
            return float(math.exp(random.uniform(math.log(low), math.log(high))))
        return float(random.uniform(low, high))

    def check_domain(self, domain: PixelDomain) -> None:
        """Raise :class:`DomainError` or :class:`OptionError` unless the domain can be served."""
        if domain not in self.info.domains:
            raise DomainError(
                f"{self.info.name} takes the domains {', '.join(self.info.domains)}; not {domain!r}"
            )
        given = [name for name in self.info.hdr_only if self.settings[name] is not None]
        if domain == "sdr" and given:
            raise OptionError(f"{', '.join(given)} is a setting for HDR pictures: leave it out")
