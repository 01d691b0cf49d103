"""From whatever the caller has (path, image, array, tensor) to an image with its meaning."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.picture.image import Calibration, Image

Source = str | Path | Image | Tensor | NDArray[Any]
"""What a caller may give as an image: see :func:`as_image`."""

_CHANNELS = (1, 2, 3, 4)


def as_image(source: Source, domain: Domain | None = None) -> Image:
    """Return any accepted source as an :class:`Image`.

    Parameters
    ----------
    source
        - a path: read by :func:`hdrmetrics.read_image`;
        - an :class:`Image`: itself;
        - an integer array or tensor (uint8, uint16): display-encoded sRGB, divided by the largest
          value of its type;
        - a float array or tensor: luminance in cd/m² for ``domain="hdr"``, display-encoded sRGB
          values in [0, 1] for ``"sdr"`` and ``"tonemapped"``.

        Arrays are ``(H, W)`` or ``(H, W, C)``, tensors ``(H, W)``, ``(C, H, W)`` or
        ``(1, C, H, W)``. A second or fourth channel is alpha and is left out, with a note.
    domain
        Of the metric that will see it; floats need it.

    Raises
    ------
    ImageReadError
        If a file cannot be read.
    ShapeError
        If an array has another shape or type.
    OptionError
        For floats without a domain.

    Examples
    --------
    >>> import numpy as np
    >>> as_image(np.full((4, 4), 100.0), domain="hdr").calibration.kind
    'absolute'
    >>> as_image(np.full((4, 4), 128, np.uint8)).calibration.transfer
    'srgb'
    """
    if isinstance(source, Image):
        return source
    if isinstance(source, (str, os.PathLike)):
        from hdrmetrics.io import read_image

        return read_image(source)
    if isinstance(source, Tensor):
        source = _tensor_array(source.detach())
    elif not isinstance(source, np.ndarray):
        raise ShapeError(_what_instead(source))
    else:
        _check_layout(source)
    return _array_image(source, domain)


def is_array(source: object) -> bool:
    """Return whether a source is an array or tensor, which says nothing about its light."""
    return isinstance(source, (np.ndarray, Tensor))


def _what_instead(source: object) -> str:
    kind = type(source).__name__
    text = f"an image is a path, an Image, a tensor or an array, not {kind}"
    if isinstance(source, (list, tuple)):
        files = all(isinstance(one, (str, Path, Image, Tensor, np.ndarray)) for one in source)
        if source and files:
            return (
                f"{text}; for several pictures call score_files([(test, reference), …], [metric])"
            )
        return f"{text}; make it an array first: numpy.asarray(picture)"
    if hasattr(source, "__array_interface__") and not isinstance(source, np.generic):
        return f"{text}; make it an array first: numpy.asarray(picture)"
    return text


def _tensor_array(tensor: Tensor) -> NDArray[Any]:
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        tensor = tensor[0]
    elif tensor.ndim == 4:
        raise ShapeError(
            f"score() takes one image, not a batch of {tensor.shape[0]}; "
            "call create_metric(name)(test, reference) for batches"
        )
    if tensor.ndim == 3:
        if tensor.shape[0] not in _CHANNELS and tensor.shape[2] in _CHANNELS:
            raise ShapeError(
                f"a tensor is (channels, height, width), and {tuple(tensor.shape)} looks like "
                "(height, width, channels): give tensor.movedim(-1, 0)"
            )
        tensor = tensor.movedim(0, 2)
    if tensor.is_sparse or tensor.is_quantized:
        raise ShapeError(
            "an image is a dense tensor of plain numbers, not a sparse or quantised one"
        )
    if tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()  # NumPy has no bfloat16, nor floats of eight bits
    array: NDArray[Any] = tensor.cpu().numpy()
    return array


def _check_layout(array: NDArray[Any]) -> None:
    """Refuse the layouts of tensors in a NumPy array, saying how to turn them."""
    shape = array.shape
    if isinstance(array, np.ma.MaskedArray):
        raise ShapeError(
            "a masked array hides pixels that metrics would see: give array.filled(0), and mask= "
            "with ~numpy.ma.getmaskarray(array) where the metric takes one"
        )
    if len(shape) == 4:
        raise ShapeError(
            f"an array is one picture, not {shape}: give array[0] of a batch of one, or call "
            "score_files for several"
        )
    if len(shape) == 3 and shape[2] not in _CHANNELS and shape[0] in _CHANNELS:
        raise ShapeError(
            f"an array is (height, width, channels), and {shape} looks like (channels, height, "
            "width): give numpy.moveaxis(array, 0, -1), or a torch tensor"
        )


def _array_image(array: NDArray[Any], domain: Domain | None) -> Image:
    array = np.asarray(array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if array.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise ShapeError(_other_type(array.dtype))
    notes: tuple[str, ...] = ()
    if array.ndim == 3 and array.shape[2] in (2, 4):
        notes = ("alpha channel ignored",)
        array = array[..., : array.shape[2] - 1]
    if array.dtype in (np.uint8, np.uint16):
        code = array.astype(np.float32)
        code /= np.float32(np.iinfo(array.dtype).max)
        return Image(
            code,
            Calibration("display", transfer="srgb", rule=f"{array.dtype} array taken as sRGB"),
            notes=notes,
        )
    if domain is None:
        raise OptionError(
            'floats may be light or codes: give domain="hdr" for luminance in cd/m², domain="sdr" '
            "for display-encoded values in [0, 1]"
        )
    if domain == "hdr":
        calibration = Calibration("absolute", rule="floats taken as cd/m²")
    elif domain in ("sdr", "tonemapped"):
        calibration = Calibration(
            "display", transfer="srgb", rule="floats taken as codes in [0, 1]"
        )
    else:
        raise OptionError(f"a domain is hdr, sdr or tonemapped, not {domain!r}")
    return Image(array, calibration, notes=notes)


def _other_type(dtype: np.dtype[Any]) -> str:
    text = f"an array image holds uint8, uint16 or floats, not {dtype}"
    if dtype == np.bool_:
        return f"{text}: give array * numpy.uint8(255) for black and white"
    if dtype.kind in "iu":
        return (
            f"{text}: if its values are 8-bit codes give array.astype(numpy.uint8), if 16-bit "
            "array.astype(numpy.uint16); if they are cd/m² array.astype(numpy.float32)"
        )
    if dtype.kind == "f":
        return f"{text}: give array.astype(numpy.float64)"
    return text
