"""Several pictures by one metric at once: each gets the score that it would get alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.inputs import Source
from hdrmetrics.jobs.scoring import Ready, Scored, named_score, ready_for
from hdrmetrics.jobs.settings import Setting
from hdrmetrics.metric import Glance, Metric
from hdrmetrics.resources.shortage import is_shortage

USUAL = 16
"""Pictures that networks see at once on an accelerator, where nobody says how many."""


def usual_batch(device: torch.device | str | None) -> int:
    """Return how many pictures networks see at once where nobody says how many.

    One on a CPU, whose cache holds no more.

    Examples
    --------
    >>> usual_batch(None), usual_batch("cpu:0"), usual_batch("cuda:1")
    (1, 1, 16)
    """
    return 1 if device is None or str(device).partition(":")[0] == "cpu" else USUAL


@dataclass(frozen=True, slots=True)
class Glanced:
    """A picture at which a metric has glanced.

    Parameters
    ----------
    ready
        As the metric is to see it, on the CPU.
    glance
        What it knows of it already.
    """

    ready: Ready
    glance: Glance


def glanced(test: Source, model: Metric, setting: Setting) -> Glanced:
    """Do what of a score needs no network, on the CPU; any thread may.

    Raises
    ------
    HdrMetricsError
        As :func:`hdrmetrics.score`, for what is wrong with the picture.
    """
    ready = ready_for(test, model, None, dataclasses.replace(setting, device=None))
    with torch.no_grad():
        return Glanced(ready, ready.metric.glance(ready.inputs.test, mask=ready.mask))


class Together:
    """Scores several pictures by one metric without a reference, as many at once as memory allows.

    Where memory falls short, or a picture of several makes the metric fail, their number is halved,
    down to one: a picture fails by itself only. After a shortage fewer are tried from then on.

    Parameters
    ----------
    device
        On which the metric computes.
    most
        Pictures at once.

    Raises
    ------
    OptionError
        If ``most`` is not positive.
    """

    def __init__(self, device: torch.device | str | None, most: int) -> None:
        if most < 1:
            raise OptionError(f"a batch has at least 1 picture, not {most}")
        self.device, self.most = device, most

    def __call__(self, pictures: Sequence[Glanced]) -> list[Scored | Exception]:
        """Return the score of each, or why there is none."""
        found: list[Scored | Exception] = []
        while len(found) < len(pictures):
            found += self._scored(pictures[len(found) : len(found) + self.most])
        return found

    def _scored(self, pictures: Sequence[Glanced]) -> list[Scored | Exception]:
        try:
            return self._at_once(pictures)
        except Exception as error:
            if len(pictures) == 1:
                return [error.with_traceback(None)]  # which holds what it was about
            if is_shortage(error):
                self.most = min(self.most, len(pictures) // 2)
        # Not where the error is still held.
        middle = len(pictures) // 2
        return self._scored(pictures[:middle]) + self._scored(pictures[middle:])

    @torch.no_grad()
    def _at_once(self, pictures: Sequence[Glanced]) -> list[Scored | Exception]:
        # Of pictures of light and of photographs one metric may be two.
        places: dict[int, list[int]] = {}
        for place, one in enumerate(pictures):
            places.setdefault(id(one.ready.metric), []).append(place)
        found: dict[int, Scored | Exception] = {}
        for own in places.values():
            metric = pictures[own[0]].ready.metric.to(self.device)
            glances = [pictures[place].glance.to(self.device) for place in own]
            for place, glance, assessed in zip(
                own, glances, metric.assess_together(glances), strict=True
            ):
                ready = pictures[place].ready
                inputs = dataclasses.replace(ready.inputs, test=glance.test)
                score = named_score(dataclasses.replace(ready, inputs=inputs), assessed)
                found[place] = Scored(score, ready.inputs, metric, assessed.seen)
        return [found[place] for place in range(len(pictures))]
