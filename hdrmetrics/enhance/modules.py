"""A network of the user's as an enhancer, or as what makes light of a picture."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any, Literal, overload

import torch
from torch import Tensor, nn

from hdrmetrics.enhance.enhancer import ADVICE, Enhancer
from hdrmetrics.enhance.guest_form import HDR, GuestForm
from hdrmetrics.enhance.guest_weights import load_guest_weights
from hdrmetrics.errors import EnhancerError, OptionError, ShapeError
from hdrmetrics.picture.pixels import check_codes

Guest = Callable[[Tensor], Any]
"""A network or a function: one picture ``(1, 3, H, W)`` in, and whatever it makes of it."""

PEAK = 1000.0
"""Luminance in cd/m² that the value 1 of a guest's light stands for, where nobody says."""


class ModuleEnhancer(Enhancer):
    """An enhancer that calls a network; see :func:`from_module`.

    Parameters
    ----------
    module, name, form
        The network or function, what results call it, and what it wants.
    """

    def __init__(self, module: Guest, name: str, form: GuestForm) -> None:
        self.module, self.name, self.form = module, name, form

    def enhance(self, image: Tensor) -> Tensor:
        """Return what the network makes of a picture; see :meth:`GuestForm.codes`."""
        return self.form.codes(placed(self.module, image.device), image, self.name)

    def __repr__(self) -> str:
        return f"<{self.name}>"


class LightGuest:
    """A guest that makes light of display-encoded pictures; see :func:`from_module`.

    Parameters
    ----------
    module, name, form
        As for :class:`ModuleEnhancer`.
    peak
        Luminance in cd/m² that the value 1 of its answer stands for.
    """

    def __init__(self, module: Guest, name: str, form: GuestForm, peak: float) -> None:
        self.module, self.name, self.form, self.peak = module, name, form, peak

    def __call__(self, image: Tensor) -> Tensor:
        """Return the light of each picture of a batch.

        Parameters
        ----------
        image
            ``(N, 3, H, W)`` of any size; ``(3, H, W)`` is taken as a batch of one.
            Display-encoded (sRGB) RGB in [0, 1].

        Returns
        -------
        Tensor
            ``(N, 3, H, W)``, float32: linear light in cd/m², of the input's primaries.

        Raises
        ------
        ShapeError, PixelValueError, DomainError
            For pictures that are not as above.
        EnhancerError
            If the guest fails, or returns no picture.
        """
        batch = check_codes(image, ADVICE)
        if batch.shape[1] != 3:
            raise ShapeError("a guest takes RGB: give a grey picture as .expand(-1, 3, -1, -1)")
        module = placed(self.module, batch.device)
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            parts = [
                self.form.light(module, one[None].detach().float(), self.name, self.peak)
                for one in batch
            ]
        return torch.cat(parts)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def placed(module: Guest, device: torch.device) -> Guest:
    """Return a network where the picture is; a function stays what it is."""
    return module.to(device) if isinstance(module, nn.Module) else module


@overload
def from_module(
    module: Guest, *, name: str = ..., weights: str | os.PathLike[str] | None = ...,
    multiple: int = ..., values: str = ..., channels: str = ..., pick: int | str | None = ...,
    tile: int = ..., margin: int = ..., output: Literal["sdr"] = ..., peak: float = ...,
) -> Enhancer: ...  # fmt: skip


@overload
def from_module(
    module: Guest, *, output: Literal["hdr"], name: str = ...,
    weights: str | os.PathLike[str] | None = ..., multiple: int = ..., values: str = ...,
    channels: str = ..., pick: int | str | None = ..., tile: int = ..., margin: int = ...,
    peak: float = ...,
) -> LightGuest: ...  # fmt: skip


def from_module(
    module: Guest,
    *,
    name: str = "",
    weights: str | os.PathLike[str] | None = None,
    multiple: int = 1,
    values: str = "0..1",
    channels: str = "rgb",
    pick: int | str | None = None,
    tile: int = 0,
    margin: int = 32,
    output: str = "sdr",
    peak: float = PEAK,
) -> Enhancer | LightGuest:
    """Return a network as an enhancer, or as what makes light of pictures.

    Parameters
    ----------
    module
        A network, set to evaluation, or any function: it is given one picture ``(1, 3, H, W)``,
        float32, on the picture's device.
    name
        What results call it; the network's class or the function's name where none is given.
    weights
        A file that fills it; see :func:`hdrmetrics.enhance.guest_weights.load_guest_weights`.
    multiple
        Pictures are padded to sides of multiples of this (borders repeated), and cut again.
    values
        ``"0..1"`` or ``"-1..1"``: what black and white are to it. Of light, only what goes in.
    channels
        ``"rgb"`` or ``"bgr"``, in and out.
    pick
        Which of several outputs is the picture: a place from 0, or a key; needed where there are
        several.
    tile, margin
        Side in pixels of tiles that a large picture is worked on in, and how much is seen around
        each; 0 hands over whole pictures. Right for nets that see no further than the margin: one
        that looks at the whole picture, such as HDRNet, would judge every tile by itself.
    output
        ``"sdr"``: code values, clipped to [0, 1] where they are not far outside; ``"hdr"``: linear
        light.
    peak
        Luminance in cd/m² that the value 1 of light stands for; 1 for a net that returns cd/m².

    Returns
    -------
    Enhancer or LightGuest
        Called as ``enhancer(image)`` with ``(N, 3, H, W)``, display-encoded in [0, 1]; returns
        code values, or cd/m² for ``output="hdr"``.

    Raises
    ------
    OptionError
        If a setting cannot be, or weights are given for a function.
    EnhancerError
        If it is nothing that can be called.
    WeightsError
        If the weights cannot be read, or are another network's. When it is called:
        :class:`EnhancerError`, :class:`ShapeError`, :class:`PixelValueError` and
        :class:`DomainError`, which name the guest.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Conv2d(3, 3, 3, padding=1)
    >>> mine = from_module(net.requires_grad_(False), multiple=8, name="mine")
    >>> brighter = from_module(lambda x: (x.sqrt(), None), pick=0)
    >>> brighter(torch.full((1, 3, 5, 7), 0.25)).unique().tolist()
    [0.5]
    >>> light = from_module(lambda x: x**2.2, output="hdr", peak=500)
    >>> light(torch.ones(1, 3, 2, 2)).max().item()
    500.0
    """
    if not callable(module):
        raise EnhancerError(f"a guest is a network or a function, not {module!r}")
    named = name or getattr(module, "__name__", type(module).__name__)
    form = GuestForm.of(
        named,
        {
            "multiple": multiple, "values": values, "channels": channels, "pick": pick,
            "tile": tile, "margin": margin, "output": output,
        },
    )  # fmt: skip
    if weights is not None:
        if not isinstance(module, nn.Module):
            raise OptionError(f"{named} is no network (nn.Module): weights cannot fill it")
        load_guest_weights(module, weights)
    if isinstance(module, nn.Module):
        module.eval()
    if form.output != HDR:
        return ModuleEnhancer(module, named, form)
    if not (isinstance(peak, (int, float)) and math.isfinite(peak) and peak > 0):
        raise OptionError(f"peak is a positive number of cd/m², not {peak!r}")
    return LightGuest(module, named, form, float(peak))
