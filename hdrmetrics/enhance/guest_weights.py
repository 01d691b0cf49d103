"""Weights of a guest from a file: tensors by name, never anything that runs."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdrmetrics.errors import WeightsError

_INSIDE = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net", "generator")
_PARALLEL = "module."  # what nn.DataParallel puts before every name
_NAMED = 3


def load_guest_weights(module: nn.Module, path: str | os.PathLike[str]) -> None:
    """Fill a network with the weights of a file.

    Parameters
    ----------
    module
        The network.
    path
        A ``.safetensors`` file; or a file of ``torch.save`` that holds a state dict, or a
        dictionary with one under a usual name (``state_dict``, ``model``, ``params`` …), which is
        read without running code. ``module.`` before every name is taken away.

    Raises
    ------
    WeightsError
        If the file is missing or damaged, holds more than tensors, NaN, or the weights of another
        network.

    Examples
    --------
    >>> import tempfile, torch
    >>> from safetensors.torch import save_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/a.safetensors"
    ...     save_file({"weight": torch.zeros(1, 2), "bias": torch.ones(1)}, path)
    ...     net = torch.nn.Linear(2, 1)
    ...     load_guest_weights(net, path)
    >>> net.bias.item()
    1.0
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file of weights")
    found = _safe(path) if path.suffix.lower() == ".safetensors" else _unpickled(path)
    if found and all(name.startswith(_PARALLEL) for name in found):
        found = {name.removeprefix(_PARALLEL): value for name, value in found.items()}
    _check(found, module.state_dict(), path)
    module.load_state_dict(found)


def _safe(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, ValueError, KeyError, OSError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors ({error})") from error


def _unpickled(path: Path) -> dict[str, Tensor]:
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path}: holds more than tensors, which would run code when it is read. Where you "
            "trust it, keep its weights alone: torch.save(net.state_dict(), …), or safetensors"
        ) from error
    except Exception as error:  # torch raises whatever damaged bytes lead it to
        raise WeightsError(f"{path}: cannot be read as weights ({error!r})") from error
    for key in _INSIDE:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        raise WeightsError(
            f"{path}: holds no state dict (tensors by name): save it by "
            "torch.save(net.state_dict(), …)"
        )
    return {str(name): value for name, value in found.items()}


def _check(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path) -> None:
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or unknown:
        parts = [
            f"{len(names)} {what} ({', '.join(names[:_NAMED])}{', …' * (len(names) > _NAMED)})"
            for names, what in ((missing, "missing"), (unknown, "unknown"))
            if names
        ]
        raise WeightsError(f"{path}: these are weights of another network: {'; '.join(parts)}")
    for name, value in found.items():
        if value.shape != wanted[name].shape:
            raise WeightsError(
                f"{path}: {name} is {tuple(value.shape)}, the network's is "
                f"{tuple(wanted[name].shape)}"
            )
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise WeightsError(f"{path}: {name} holds NaN or infinity")
