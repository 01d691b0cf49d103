"""Checkpoints: states of a run that appear complete or not at all, read without running code."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from hdrmetrics.errors import ImageReadError
from hdrmetrics.text.textfile import draft_of

_MAGIC = b"hdrmetrics checkpoint 1\n"
_DIGEST = hashlib.sha256().digest_size


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state, replacing the file in one step once it is on the disk.

    Parameters
    ----------
    path
        Of the file.
    state
        Tensors, numbers, texts, and lists and dictionaries of them.
    """
    payload = io.BytesIO()
    torch.save(state, payload)
    data = payload.getbuffer()
    with draft_of(path) as draft, draft.open("wb") as file:
        file.write(_MAGIC)
        file.write(hashlib.sha256(data).digest())
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: Path, *, device: torch.device) -> dict[str, Any]:
    """Return a state that :func:`save_checkpoint` wrote; nothing in the file is executed.

    Raises
    ------
    ImageReadError
        If the file is missing, damaged, or holds anything but plain data.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageReadError(f"{path}: {error.strerror or error}") from error
    start = len(_MAGIC) + _DIGEST
    if not data.startswith(_MAGIC):
        raise ImageReadError(f"{path} is no checkpoint of ours")
    if hashlib.sha256(memoryview(data)[start:]).digest() != data[len(_MAGIC) : start]:
        raise ImageReadError(f"{path} is damaged: its digest is that of other bytes")
    try:
        state = torch.load(io.BytesIO(data[start:]), map_location=device, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise ImageReadError(f"{path} holds more than plain data, or less: {error}") from error
    if not isinstance(state, dict):
        raise ImageReadError(f"{path} holds no state of a run")
    return state
