"""One training step: forward, loss, gradients over all processes, new weights, their average."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor, nn

from datasets.streams import digest
from hdrmetrics.errors import ImageReadError, PixelValueError
from hdrmetrics.learned.network import QualityNetwork
from trainers.config import Config
from trainers.feeding.kept import KeptStatistics
from trainers.feeding.labels import Labels
from trainers.learning.auxiliary import AuxiliaryTargets
from trainers.learning.average import WeightAverage
from trainers.learning.losses import mixed_loss
from trainers.learning.material import Batch, SetMaterial
from trainers.learning.standardise import Standardiser
from trainers.learning.whole import pooled_targets, series_loss, whole_loss
from trainers.running.processes import Processes
from trainers.running.schedule import learning_rate

_FIRST = 8  # batches whose moments a run begins with
_LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step.

    Parameters
    ----------
    loss
        Of the joint batch, auxiliary targets included.
    gradient_norm
        Before clipping.
    terms
        The loss of each head on each set, and of the auxiliary targets.
    stop
        Whether one of the processes was asked to stop.
    """

    loss: float
    gradient_norm: float
    terms: dict[str, float]
    stop: bool


class Learner:
    """A network with what changes its weights.

    Parameters
    ----------
    network
        As :func:`hdrmetrics.learned.network.build_network` makes it, on its device.
    material
        The sets; see :func:`~trainers.learning.material.collect`.
    config
        Of the run.
    processes
        Those that share a batch.
    seed
        Of the run; every draw of a step follows from it and from the step.
    precision, layout
        See :class:`~trainers.running.plan.Plan`.
    """

    def __init__(
        self,
        network: QualityNetwork,
        material: Sequence[SetMaterial],
        config: Config,
        processes: Processes,
        *,
        seed: int,
        precision: str = "float32",
        layout: str = "contiguous",
    ) -> None:
        self.network, self.material = network, list(material)
        self.config, self.processes, self.seed = config, processes, seed
        self.precision, self.layout = precision, layout
        if config.optimiser.trunk == "kept":
            network.stages.requires_grad_(False)
        set_layout(network, layout)
        count = network.architecture.statistics
        self.standardiser: Standardiser | None = None
        if config.optimiser.standardise:
            made = Standardiser(count, config.optimiser.standardise)
            self.standardiser = made.to(processes.device)
        self.auxiliary: AuxiliaryTargets | None = None
        if config.auxiliary.any:
            torch.manual_seed(digest(seed, "auxiliary") % 2**63)
            self.auxiliary = AuxiliaryTargets(
                # Of a frame damaged in one place most windows show nothing.
                [one.train for one in material if one.series is None],
                count,
                config.auxiliary,
            ).to(processes.device)
        parts: list[nn.Module] = [network, *([self.auxiliary] if self.auxiliary else [])]
        self.parameters = [p for m in parts for p in m.parameters() if p.requires_grad]
        settings = config.optimiser
        groups: list[dict[str, Any]] = [
            {"params": [p for p in self.parameters if p.ndim > 1]},
            {"params": [p for p in self.parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(
            groups,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        judged = [network, *([self.standardiser] if self.standardiser else [])]
        self.judged = nn.ModuleList(judged)
        """What leads to a prediction: it trains, or it is judged."""
        self.average = WeightAverage(network, settings.average)

    def begin(self, *, taken: Sequence[str] = ()) -> None:
        """Measure the statistics' moments before the first step of a run.

        A run that goes on needs none: :meth:`restore` brings those that it had.

        Parameters
        ----------
        taken
            Heads from trained weights: they change, so that they say of standardised statistics
            what they said of plain ones.
        """
        if self.standardiser is None:
            return
        with torch.no_grad():
            for number in range(_FIRST):
                for one in self.material:
                    batch = one.batch(number, self.config, self.processes, seed=self.seed)
                    pooled = self.pooled(one, batch.test, batch.reference)
                    self.standardiser.follow(self.processes.gather(pooled))
        if taken:
            self.standardiser.unfold(self.network, taken)
        self.average.begin()

    def exported(self) -> QualityNetwork:
        """Return a copy of the network with averaged weights, which wants plain statistics."""
        with self.average.applied():
            network = copy.deepcopy(self.network)
        set_layout(network, "contiguous")
        if self.standardiser is not None:
            self.standardiser.fold(network)
        return network

    def step(self, number: int, steps: int, *, stop: bool = False) -> StepResult:
        """Take step ``number`` (from 0) of ``steps``.

        Raises
        ------
        PixelValueError
            If the loss is no longer finite: the learning rate is too high, or pixels are broken.
        """
        settings = self.config.optimiser
        rate = learning_rate(
            number,
            steps,
            peak=settings.learning_rate,
            warm_up=settings.warm_up,
            final=settings.final,
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # What a network draws itself (dropout) follows from the step too, so that a resumed run
        # needs no state of a generator.
        torch.manual_seed(digest(self.seed, "network", number, self.processes.rank) % 2**63)
        self.judged.train()
        self.optimiser.zero_grad(set_to_none=True)
        terms: dict[str, float] = {}
        total = 0.0
        for one in self.material:
            batch = one.batch(number, self.config, self.processes, seed=self.seed)
            loss = self._loss(one, batch, terms)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        stop = self.processes.sum_gradients(self.parameters, stop=stop)
        norm = float(nn.utils.clip_grad_norm_(self.parameters, settings.clip))
        if not (torch.isfinite(torch.tensor([total, norm])).all()):
            raise PixelValueError(
                f"step {number}: the loss is {total} and the gradient's norm {norm}; lower "
                "[optimiser] learning_rate, or look for broken crops"
            )
        self.optimiser.step()
        self.average.update()
        return StepResult(total, norm, terms, stop)

    def outputs(
        self, one: SetMaterial, test: Tensor, reference: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return targets ``(n, heads)`` in (0, 1) and the statistics that led there ``(n, F)``.

        Parameters
        ----------
        one
            The set.
        test, reference
            Its pixels, or channels where it has prepared ones.
        """
        pooled = self.pooled(one, test, reference)
        if self.standardiser is not None:
            if self.judged.training:
                self.standardiser.follow(self.processes.gather(pooled.detach()))
            pooled = self.standardiser(pooled)
        pooled = functional.dropout(
            pooled, self.config.optimiser.dropout, training=self.judged.training
        )
        return self.network.head(pooled).float().sigmoid(), pooled

    def pooled(self, one: SetMaterial, test: Tensor, reference: Tensor | None) -> Tensor:
        """Return the network's statistics ``(n, F)``, float32."""
        if one.kept is not None:
            return test
        test = test.contiguous(memory_format=_LAYOUTS[self.layout])
        if reference is not None:
            reference = reference.contiguous(memory_format=_LAYOUTS[self.layout])
        with autocast(self.processes.device, self.precision):
            if one.prepared is None:
                features = self.network.features(test, reference, domain=one.domain)
            else:
                features = self.network.trunk(test)
            return self.network.pool(features).float()

    def column(self, head: str) -> int:
        """Return the place of a head among the network's outputs."""
        return self.network.architecture.heads.index(head)

    def _loss(self, one: SetMaterial, batch: Batch, terms: dict[str, float]) -> Tensor:
        predicted, pooled = self.outputs(one, batch.test, batch.reference)
        joint = self.processes.gather(predicted)
        targets, weights = (self.processes.gather(v) for v in (batch.targets, batch.weights))
        settings = self.config.loss
        total = predicted.new_zeros(())
        for i, head in enumerate(one.heads):
            loss = mixed_loss(
                joint[:, self.column(head.name)],
                targets[:, i],
                weights,
                settings.mix,
                delta=settings.huber_delta,
            )
            terms[f"{head.name}/{one.name}"] = float(loss.detach())
            total = total + one.share * loss / len(one.heads)
        if batch.inside is not None and (settings.whole or settings.series):
            total = total + one.share * self._whole(one, batch, predicted, terms)
        if self.auxiliary is not None and one.series is None:
            # A mean over this process's items, of which the joint one is the mean. Only the own
            # part has a gradient, and gradients are summed.
            own = self.auxiliary(pooled, one.name, batch.rows) / self.processes.world
            extra = self.processes.gather(own[None]).sum()
            terms[f"auxiliary/{one.name}"] = float(extra.detach())
            total = total + one.share * extra
        return total

    def _whole(
        self, one: SetMaterial, batch: Batch, predicted: Tensor, terms: dict[str, float]
    ) -> Tensor:
        """Return the loss of whole frames: a mean over this process's, averaged over all."""
        assert batch.inside is not None
        assert batch.whole is not None
        settings = self.config.loss
        total = predicted.new_zeros(())
        for i, head in enumerate(one.heads):
            own = predicted[:, self.column(head.name)].view(batch.inside.shape)
            pooled = pooled_targets(own, batch.inside, head.described(one.train), settings.exponent)
            wanted = batch.whole[..., i]
            loss = settings.whole * whole_loss(pooled, wanted, delta=settings.huber_delta)
            loss = (loss + settings.series * series_loss(pooled, wanted)) / self.processes.world
            joint = self.processes.gather(loss[None]).sum()
            terms[f"whole {head.name}/{one.name}"] = float(joint.detach())
            total = total + joint / len(one.heads)
        return total

    # -- for checkpoints ---------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "standardiser": self.standardiser.state_dict() if self.standardiser else {},
            "auxiliary": self.auxiliary.state_dict() if self.auxiliary else {},
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state(),
            "updates": self.average.updates,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` returned.

        Raises
        ------
        ImageReadError
            If it is of another network or run.
        """
        try:
            self.network.load_state_dict(state["network"])
            if self.standardiser is not None:
                self.standardiser.load_state_dict(state["standardiser"])
            if self.auxiliary is not None:
                self.auxiliary.load_state_dict(state["auxiliary"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.restore(state["average"], int(state["updates"]))
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise ImageReadError(f"the checkpoint is that of another network: {error}") from error


def with_kept_statistics(learner: Learner, material: Sequence[SetMaterial]) -> list[SetMaterial]:
    """Return the sets with what the learner's trunk, which does not learn, makes of their items."""

    def source(one: SetMaterial, labels: Labels) -> Callable[[NDArray[np.int64]], Tensor]:
        return lambda rows: learner.pooled(one, *one.load(labels, rows))

    return [
        replace(
            one,
            kept=KeptStatistics(
                [(part["test_name"], source(one, part)) for part in (one.train, one.validation)]
            ),
        )
        for one in material
    ]


def set_layout(network: nn.Module, layout: str) -> None:
    """Lay the kernels of a network out in memory."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=_LAYOUTS[layout])


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which a network runs in a precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
