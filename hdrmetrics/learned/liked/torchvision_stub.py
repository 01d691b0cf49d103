"""The names of two operators that a torchvision built for another torch cannot bring along."""

from __future__ import annotations

from importlib import import_module

import torch

_MISSING = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[torch.library.Library] = []  # a library that is let go takes its operators with it


def declare_operators() -> None:
    """Make ``import torchvision`` work beside a torch that its compiled part was not built for.

    The packages' torchvision is built for CUDA; beside the CPU's torch its import fails with
    "operator torchvision::nms does not exist" (pytorch/vision#9085), and with it that of timm.
    Declaring the operators is enough for all that does not call them. Where the import works,
    nothing is done.
    """
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or _kept:
            return
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for schema in _MISSING:
            library.define(schema)  # type: ignore[no-untyped-call]
        _kept.append(library)
    except ImportError:
        return
