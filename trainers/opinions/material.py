"""The photographs of a run as steps, made ahead of the training by a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.streams import stream
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.liked.distribution import likeliest_distribution
from trainers.opinions.learner import Step
from trainers.opinions.opinions import Opinions
from trainers.opinions.recipe import Recipe
from trainers.opinions.views import Pixels, framed, load, spoil, view

_AHEAD = 4  # steps that wait for the training
_SAMPLE, _PART = 480, 16  # views that statistics are standardised by


class Material:
    """What the steps of a run see; it depends on photographs, recipe and seed alone.

    Parameters
    ----------
    opinions
        On the photographs to train on.
    recipe
        Of the run.
    seed
        Of the run.

    Raises
    ------
    OptionError
        If there are fewer photographs than a step takes.
    """

    def __init__(self, opinions: Opinions, recipe: Recipe, seed: int) -> None:
        if len(opinions) < recipe.batch:
            raise OptionError(
                f"{len(opinions)} photographs are fewer than {recipe.batch} in a step"
            )
        self.opinions, self.recipe, self.seed = opinions, recipe, seed
        self.targets = targets_of(opinions)
        self.per_epoch = len(opinions) // recipe.batch

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return max(1, round(self.recipe.epochs * self.per_epoch))

    def make(self, step: int) -> Step:
        """Return a step: each photograph once an epoch, in views of one side."""
        recipe, batch = self.recipe, self.recipe.batch
        epoch, place = divmod(step, self.per_epoch)
        order = stream(self.seed, "order", epoch).permutation(len(self.opinions))
        chosen = order[place * batch : (place + 1) * batch]
        draw = stream(self.seed, "step", step)
        side = recipe.sides[int(draw.integers(len(recipe.sides)))]
        seen = [view(load(self.opinions.paths[i]), side, draw, recipe.whole) for i in chosen]
        spoilt = draw.permutation(batch)[: recipe.spoilt]
        worse = [spoil(seen[i], draw) for i in spoilt]
        for i in range(batch):
            if i not in spoilt and draw.random() < recipe.framed:
                seen[i] = framed(seen[i], draw)
        return Step(as_tensor(seen + worse), self.targets[torch.from_numpy(chosen)], spoilt)

    def sample(self) -> Iterator[Tensor]:
        """Yield views for the centre and scale of statistics."""
        draw = stream(self.seed, "standard")
        chosen = draw.permutation(len(self.opinions))[:_SAMPLE]
        sides = self.recipe.sides
        for number, start in enumerate(range(0, len(chosen), _PART)):
            side = sides[number % len(sides)]
            part = chosen[start : start + _PART]
            paths = [self.opinions.paths[i] for i in part]
            yield as_tensor([view(load(path), side, draw, self.recipe.whole) for path in paths])

    def ahead(self, start: int, stop: int) -> Iterator[Step]:
        """Yield steps, a few of which are made while the one before is taken."""
        made: queue.Queue[Step | Exception] = queue.Queue(_AHEAD)
        ended = threading.Event()

        def feed() -> None:
            for step in range(start, stop):
                try:
                    found: Step | Exception = self.make(step)
                except Exception as error:  # handed to the training, which raises it
                    found = error
                while not ended.is_set():
                    try:
                        made.put(found, timeout=0.5)
                        break
                    except queue.Full:
                        continue
                if ended.is_set() or isinstance(found, Exception):
                    return

        thread = threading.Thread(target=feed, daemon=True)
        thread.start()
        try:
            for _ in range(start, stop):
                found = made.get()
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            ended.set()
            thread.join()


def targets_of(opinions: Opinions) -> Tensor:
    """Return the distributions that a network is taught, ``(N, 10)``.

    Those of the set, where it publishes them; else the likeliest of its means and spreads.
    """
    if opinions.distribution is not None:
        return torch.from_numpy(opinions.distribution).float()
    mean, spread = (torch.from_numpy(x) for x in (opinions.mean, opinions.spread))
    return likeliest_distribution(mean, spread).float()


def as_tensor(views: list[Pixels]) -> Tensor:
    """Return views of one size as ``(N, 3, side, side)`` in [0, 1]."""
    stacked: NDArray[np.uint8] = np.stack(views)
    channels = torch.from_numpy(stacked).permute(0, 3, 1, 2)
    return channels.contiguous(memory_format=torch.channels_last).float().div_(255)
