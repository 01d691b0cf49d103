"""The processes of a run, started by ``torchrun`` or alone, as one joint batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

import torch
import torch.distributed as dist
from torch import Tensor

from hdrmetrics.errors import OptionError


class Processes:
    """Who else works on this run.

    Every process computes its part of the joint batch. Terms that look at the whole batch (a
    correlation) get all predictions by :meth:`gather`, the others' without a gradient; the *sum* of
    the processes' gradients is then that of the joint batch.

    Parameters
    ----------
    device
        ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, or any name that torch knows.

    Raises
    ------
    OptionError
        If there is no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = _choose(device, int(os.environ.get("LOCAL_RANK", "0")))
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Return this process's part of ``count`` items of a joint batch."""
        each = count // self.world
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, part: Tensor) -> Tensor:
        """Return the joint ``(world·n, …)`` of equal parts; only the own one has a gradient."""
        if self.world == 1:
            return part
        parts = [torch.empty_like(part) for _ in range(self.world)]
        dist.all_gather(parts, part.detach().contiguous())
        parts[self.rank] = part
        return torch.cat(parts)

    def sum_gradients(self, parameters: Sequence[Tensor], *, stop: bool) -> bool:
        """Sum the gradients over all processes; returns whether any of them wants to stop."""
        if self.world == 1:
            return stop
        # Weights that no loss reaches have no gradient, in any of the processes.
        used = [p for p in parameters if p.grad is not None]
        grads = [p.grad for p in used if p.grad is not None]
        # The wish to stop travels with the gradients: all must stop after the same step.
        flat = torch.cat([*(g.reshape(-1) for g in grads), grads[0].new_tensor([float(stop)])])
        dist.all_reduce(flat)
        at = 0
        for parameter, grad in zip(used, grads, strict=True):
            parameter.grad = flat[at : at + grad.numel()].view_as(grad)
            at += grad.numel()
        return bool(flat[-1] > 0)

    def agree(self, values: Iterable[float]) -> list[float]:
        """Return the first process's numbers."""
        own = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        if self.world > 1:
            dist.broadcast(own, 0)
        return [float(value) for value in own]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            # A broadcast would let its sender run ahead; a sum needs everybody.
            dist.all_reduce(torch.zeros(1, device=self.device))

    def synchronise(self) -> None:
        """Wait for this process's device, before a clock is read."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def close(self) -> None:
        """Leave the group."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()


def leave(status: int) -> NoReturn:
    """End this process; one that shared a batch without taking the interpreter down.

    Threads of a process group outlive it and may still let go of tensors. Where the interpreter is
    being taken down at that moment, C++ ends the process with an abort, and ``torchrun`` then all
    the others, though nothing is left to do: files are closed, and the streams flushed here.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _choose(name: str, local_rank: int) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        if device.type == "cuda":
            device = torch.device("cuda", local_rank if device.index is None else device.index)
            torch.cuda.set_device(device)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise OptionError(f"there is no device {name!r} here: {reason}") from error
    return device
