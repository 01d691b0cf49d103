"""Naming what is wrong with a picture: a further output beside the heads, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_number, check_whole

FAULTS = ("blur", "noise", "blocks", "banding", "clipping", "pattern", "other", "none")
"""What is told apart: loss of detail; noise; blocks and other traces of compression, and lost
blocks; too few levels; light cut off; gratings; what is none of these, such as a change of tone or
colour or the ghost of something that moved; nothing that is seen."""

REACH = 2
"""Cells around the middle of what is called the surroundings of a place: 80 px a side."""

_NAMES, _HIDDEN, _TEMPERATURES = 16, 512, (1e-3, 1e3)


@dataclass(frozen=True, slots=True)
class FaultCard:
    """What the output that names faults means and how good it is.

    Parameters
    ----------
    names
        Of the faults, in the order of the output; ``none`` is one of them.
    hidden
        Width of its hidden layer.
    domains
        Of the pictures that it was fitted to; only heads of these can explain.
    sets
        Names of the labelled sets that it was fitted to.
    temperature
        By which outputs are divided, so that their probabilities hold on unseen scenes.
    place_temperature
        The same for the surroundings of a place, which say less than a whole window.
    results
        Test table: JSON values.

    Raises
    ------
    OptionError
        For names, widths, domains or temperatures that cannot be.
    """

    names: tuple[str, ...]
    hidden: int
    domains: tuple[Domain, ...]
    sets: tuple[str, ...] = ()
    temperature: float = 1.0
    place_temperature: float = 1.0
    results: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        good = all(isinstance(name, str) and name.isidentifier() for name in self.names)
        if not good or not 2 <= len(set(self.names)) == len(self.names) <= _NAMES:
            raise OptionError(f"faults have 2 to {_NAMES} different names, not {self.names!r}")
        if "none" not in self.names:
            raise OptionError(f"one of the faults is called none, for no fault; not {self.names!r}")
        check_whole(self.hidden, "hidden", 1, _HIDDEN)
        if not self.domains or not set(self.domains) <= set(get_args(Domain)):
            raise OptionError(
                f"domains are some of {', '.join(get_args(Domain))}, not {self.domains!r}"
            )
        for value in (self.temperature, self.place_temperature):
            check_number(value, "a temperature", *_TEMPERATURES)

    def probabilities(self, logits: Tensor, *, places: bool = False) -> Tensor:
        """Return the probabilities of the faults from outputs ``(…, len(names))``."""
        temperature = self.place_temperature if places else self.temperature
        return (logits / temperature).softmax(dim=-1)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "names": list(self.names),
            "hidden": self.hidden,
            "domains": list(self.domains),
            "sets": list(self.sets),
            "temperature": self.temperature,
            "place_temperature": self.place_temperature,
            "results": dict(self.results),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FaultCard:
        """Return what :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing, unknown or cannot be.
        """
        entries = dict(data)
        try:
            for name in ("names", "domains", "sets"):
                value = entries.get(name, ())
                if isinstance(value, str):
                    raise OptionError(f"{name} of faults are a list of texts, not one text")
                entries[name] = tuple(value)
            results = entries.get("results", {})
            if not isinstance(results, Mapping):
                raise OptionError("results of faults are an object with named entries")
            return cls(**entries)
        except TypeError as error:
            raise OptionError(f"not the description of faults: {error}") from None


def joint_probabilities(probabilities: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
    """Return what is wrong with pictures from what is wrong with their windows.

    A window speaks for the picture by how many points it takes off the score: where one half is
    destroyed, the other half's innocence is not the answer. One point is added to each, so that in
    a picture without faults all windows are heard.

    Parameters
    ----------
    probabilities
        ``(N, K, D)``.
    weights
        ``(N, K)``: how much windows count at all.
    missing
        ``(N, K)``: points of each window's score that are missing to 100.

    Returns
    -------
    Tensor
        ``(N, D)``, which add up to 1. Of a picture of one window they are the window's.
    """
    share = weights * (missing.clamp(min=0.0) + 1.0)
    joint = (probabilities * share[..., None]).sum(dim=1)
    return joint / joint.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(joint.dtype).tiny)
