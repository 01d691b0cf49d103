"""Distortions one after another as one distortion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import Case, Distortion, DistortionInfo
from hdrmetrics.distort.draws import derived_seed
from hdrmetrics.errors import OptionError


class Composition(Distortion):
    """Several distortions applied in order, each with its share of the strength.

    Parameters
    ----------
    steps
        Distortions, the first one first.
    shares
        In [0, 1], one per step: a step's strength is the share times the strength of the call. 1
        for all where it is not given.

    Raises
    ------
    OptionError
        Without steps, or for shares that do not fit.
    """

    def __init__(self, steps: Sequence[Distortion], shares: Sequence[float] | None = None) -> None:
        self.steps = tuple(steps)
        self.shares = (1.0,) * len(self.steps) if shares is None else tuple(map(float, shares))
        if not self.steps or len(self.shares) != len(self.steps):
            raise OptionError(
                "a composition has one share per step, and at least one step; not "
                f"{len(self.steps)} steps with {len(self.shares)} shares"
            )
        if not all(0 <= share <= 1 for share in self.shares):
            raise OptionError(f"the shares of the strength lie in [0, 1], not {self.shares}")
        infos = [step.info for step in self.steps]
        self.info = DistortionInfo(  # type: ignore[misc]  # of these steps, not of the class
            name="compose",
            title=", then ".join(info.title for info in infos),
            parameters=(),
            random=any(info.random for info in infos),
            extent="; ".join(info.extent for info in infos),
            citation="; ".join(info.citation for info in infos),
            domains=tuple(d for d in get_args(PixelDomain) if all(d in i.domains for i in infos)),
            color=any(info.color for info in infos),
        )
        super().__init__()

    def drawn(self, seed: int, *, domain: PixelDomain = "hdr") -> dict[str, Any]:
        """Return ``steps``: the distortion, share, seed and settings of each."""
        self.check_domain(domain)
        return {
            "steps": [
                {
                    "distortion": step.info.name,
                    "share": share,
                    "seed": own,
                    "settings": step.drawn(own, domain=domain),
                }
                for step, share, own in self._each(seed)
            ]
        }

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the amounts of all steps by position, distortion and name, as ``"0.blur.x"``."""
        found = {}
        for index, (step, used) in enumerate(zip(self.steps, settings["steps"], strict=True)):
            own = used["share"] * strength
            amounts = step.scale(own, domain, used["settings"]) if own else {}
            for name, value in amounts.items():
                found[f"{index}.{step.info.name}.{name}"] = value
        return found

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image after all steps."""
        for step, share, own in self._each(case.seed):
            image = step.distort_one(image, share * case.strength, case.domain, own)
        return image

    def check_domain(self, domain: PixelDomain) -> None:
        """Raise what is wrong with the domain for any of the steps."""
        super().check_domain(domain)
        for step in self.steps:
            step.check_domain(domain)

    def __repr__(self) -> str:
        return f"<compose {list(self.steps)}>"

    def _each(self, seed: int) -> list[tuple[Distortion, float, int]]:
        # A seed of its own for each step: two equal steps do not add the same noise twice.
        return [
            (step, share, derived_seed(seed, "step", index))
            for index, (step, share) in enumerate(zip(self.steps, self.shares, strict=True))
        ]


def compose(steps: Sequence[Distortion], shares: Sequence[float] | None = None) -> Composition:
    """Return a distortion that applies others in order.

    Parameters
    ----------
    steps, shares
        As for :class:`Composition`.

    Raises
    ------
    OptionError
        Without steps, or for shares that do not fit.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import compose, create_distortion
    >>> chain = compose([create_distortion("gaussian_blur"), create_distortion("gaussian_noise")])
    >>> chain(torch.rand(2, 3, 16, 16), strength=0.5, domain="sdr", seed=[1, 2]).shape
    torch.Size([2, 3, 16, 16])
    """
    return Composition(steps, shares)
