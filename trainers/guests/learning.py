"""Minutes of learning: windows in, weights out, with checkpoints to go on from."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdrmetrics.errors import OptionError, PixelValueError
from hdrmetrics.learned.saving import weights_path, write_both
from trainers.guests.hdrnet import hdrnet
from trainers.guests.material import Material
from trainers.guests.pyramid import pyramid
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.interruption import StopRequest

NETS = {"hdrnet": hdrnet, "pyramid": pyramid}
"""What can be trained."""

_RATE, _BATCH = 2e-3, 8
_KEPT, _NOTED = 500, 100  # steps between checkpoints, and between lines of progress
_HELD = 64  # windows of the validation split


def learn(
    name: str,
    out: Path,
    train: Material,
    held: Material,
    *,
    steps: int,
    seed: int = 0,
    quiet: bool = False,
) -> nn.Module | None:
    """Train a net by the mean absolute error of codes; goes on where ``out`` holds a checkpoint.

    Parameters
    ----------
    name
        One of :data:`NETS`.
    out
        Folder: ``NAME.pt`` while it learns, then ``NAME.safetensors`` with ``NAME.json``.
    train, held
        What it learns from, and what its progress is told by.
    steps
        How many; the rate falls from the first to nothing at the last. A run that goes on may be
        given others, which its card tells.
    seed
        Of weights and windows: the same seed and steps give the same net, also after a stop.
    quiet
        No lines of progress.

    Returns
    -------
    Module or None
        The net, ready; ``None`` if it was asked to stop before, which a checkpoint remembers.

    Raises
    ------
    OptionError
        If the name is unknown, or the checkpoint is of another run.
    PixelValueError
        If learning diverges.
    """
    if name not in NETS:
        raise OptionError(f"a guest is one of {', '.join(NETS)}, not {name!r}")
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = NETS[name]()
    optimiser = torch.optim.Adam(net.parameters(), _RATE)
    told: dict[str, Any] = {"net": name, "seed": seed}
    plans = [[0, steps]]
    done, path = 0, out / f"{name}.pt"
    if path.exists():
        state = load_checkpoint(path, device=torch.device("cpu"))
        if any(state["told"].get(key) != value for key, value in told.items()):
            raise OptionError(f"{path} is of another run ({state['told']}): remove it, or go on so")
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        done = int(state["step"])
        plans = state["plans"]
        if plans[-1][1] != steps:
            plans = [*plans, [done, steps]]
    began, first, mean = time.monotonic(), done, 0.0
    with StopRequest() as stop:
        while done < steps:
            net.train()
            for group in optimiser.param_groups:
                group["lr"] = _RATE * min(1.0, (done + 1) / 100) * (1 - done / steps)
            wrong, right = train.batch(seed, done, _BATCH)
            loss = (net(wrong) - right).abs().mean()
            if not bool(loss.isfinite()):
                raise PixelValueError(f"{name} diverged at step {done}: try another seed")
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            done += 1
            mean += (float(loss.detach()) - mean) / min(done - first, _NOTED)
            if not quiet and done % _NOTED == 0:
                pace = (time.monotonic() - began) / (done - first)
                print(f"{name} {done}/{steps} error {mean:.4f}, {1000 * pace:.0f} ms a step",
                      file=sys.stderr, flush=True)  # fmt: skip
            if done % _KEPT == 0 or stop.asked:
                state = {"net": net.state_dict(), "optimiser": optimiser.state_dict()}
                save_checkpoint(path, {"told": told, "plans": plans, "step": done, **state})
            if stop.asked and done < steps:
                return None
    net.eval()
    seconds = round(time.monotonic() - began, 1)
    told |= {"steps": done, "plans": plans, "seconds": seconds}
    told |= {"steps_of_these_seconds": done - first, "held_out": held_out(net, held)}
    _save(out, name, net, told)
    return net


@torch.no_grad()
def held_out(net: nn.Module, held: Material) -> dict[str, float]:
    """Return mean PSNR of held-out windows before and after, in dB."""
    wrong, right = held.batch(1, 0, _HELD)
    return {"before": _psnr(wrong, right), "after": _psnr(net(wrong), right)}


def _psnr(test: Tensor, reference: Tensor) -> float:
    error = (test - reference).square().mean((1, 2, 3)).clamp(min=1e-8)
    return round(float((-10 * error.log10()).mean()), 2)


def _save(out: Path, name: str, net: nn.Module, told: dict[str, Any]) -> None:
    from safetensors.torch import save

    kept = {key: value.detach().contiguous() for key, value in net.state_dict().items()}
    told["parameters"] = sum(one.numel() for one in net.parameters())
    write_both(weights_path(out / f"{name}.safetensors"), save(kept), told)
