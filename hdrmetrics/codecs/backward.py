"""Backward-compatible codecs: their base picture is any tone mapping, shown by ordinary readers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import Codec
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.io.colour.curves import srgb
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.catalogue import create_operator
from hdrmetrics.tonemap.encode import to_display

SRGB: NDArray[np.float32] = srgb(np.arange(256) / 255.0).astype(np.float32)
"""Linear light in [0, 1] of each sRGB code."""

HALFWAY: NDArray[np.float32] = np.divide(SRGB[1:] + SRGB[:-1], 2, dtype=np.float32)
"""Light at which the nearest code changes, ``(255,)``."""


Samples = NDArray[np.uint8]
"""Codes, ``(H, W, C)``."""


class BackwardCompatible(Codec):
    """Base of the codecs whose files show a picture of eight bits to readers that know no HDR.

    The settings ``quality``, ``base`` and ``base_settings`` are common to all; what restores the
    light has a quality of its own, called :attr:`second`.
    """

    second: ClassVar[str]
    """Name of the setting with the quality of what restores the light."""

    own_bases: ClassVar[tuple[str, ...]] = ()
    """Base pictures that are no operators of :mod:`hdrmetrics.tonemap`; they have no settings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        check_base(self.settings["base"], self.settings["base_settings"], self.own_bases)

    @abstractmethod
    def tone(self, image: Tensor) -> Samples:
        """Return the codes ``(H, W, C)`` of the base picture of light, before it is coded."""

    @abstractmethod
    def encode_with(self, image: Tensor, codes: Samples) -> bytes:
        """Return the file of light ``(1, C, H, W)`` with what :meth:`tone` made of it.

        Whoever tries several qualities tone-maps once.
        """

    def encode(self, image: Tensor) -> bytes:
        """Return the file of light ``(1, C, H, W)`` in cd/m².

        Raises
        ------
        ImageWriteError, ShapeError
            If the file cannot hold a picture of that size.
        """
        self.check_sides(*image.shape[-2:])
        return self.encode_with(image, self.tone(image))

    @abstractmethod
    def check_sides(self, height: int, width: int) -> None:
        """Raise an error for a picture that the file cannot hold."""

    def with_qualities(self, quality: int, second: int) -> Self:
        """Return the same codec with other qualities of the base picture and what restores it."""
        return type(self)(**{**self.settings, "quality": quality, self.second: second})

    @abstractmethod
    def base_picture(self, data: bytes) -> Tensor:
        """Return what ordinary readers show of a file.

        Parameters
        ----------
        data
            What :meth:`encode` returned.

        Returns
        -------
        Tensor
            ``(1, C, H, W)``, display-encoded (sRGB) in [0, 1], float32.

        Raises
        ------
        ImageReadError
            If the bytes are no file of this codec, or damaged.
        """


def base_parameters(default: str, own: tuple[str, ...] = ()) -> tuple[Parameter, Parameter]:
    """Return the settings that choose the base picture.

    Parameters
    ----------
    default
        Which it is.
    own
        Those that are no operators.
    """
    known = f"{', '.join(own)} or any operator" if own else "any operator"
    return (
        Parameter("base", default, None, "", f"tone mapping of the base picture: {known}", "any"),
        Parameter(
            "base_settings", None, None, "",
            "settings of that operator by name, color and saturation among them", "any",
            automatic="those of the operator as it is",
        ),
    )  # fmt: skip


def check_base(base: Any, settings: Any, own: tuple[str, ...]) -> None:
    """Raise what is wrong with a base picture and its settings.

    Raises
    ------
    OptionError
        If there is no such base picture or operator, or its settings cannot be.
    """
    if settings is not None and not isinstance(settings, Mapping):
        raise OptionError(f"base_settings are names with numbers, not {settings!r}")
    if base in own:
        if settings:
            raise OptionError(f"the base {base} has no settings: leave base_settings out")
        return
    for name, value in (settings or {}).items():
        if hasattr(value, "detach"):
            raise OptionError(f"{name} is one number, not a tensor: no codec has a gradient")
    if not isinstance(base, str):
        raise OptionError(f"a base is a name, not {base!r}")
    try:
        create_operator(base, **(settings or {}))
    except UnknownNameError as error:
        raise OptionError(f"base: {error}") from error


def operator_codes(
    light: NDArray[np.float32], operator: str, settings: Mapping[str, Any] | None = None
) -> Samples:
    """Return the codes of light tone-mapped by an operator.

    Parameters
    ----------
    light
        ``(H, W, C)``, cd/m², not negative.
    operator
        One of :func:`hdrmetrics.tonemap.list_operators`.
    settings
        Its settings, ``color`` and ``saturation`` among them; those left out are as the operator
        has them.

    Returns
    -------
    ndarray
        ``(H, W, C)``, sRGB.

    Raises
    ------
    UnknownNameError, OptionError
        For operators and settings that there are not.

    Examples
    --------
    >>> import numpy as np
    >>> light = np.array([1.0, 10.0, 100.0], np.float32)[None, :, None]
    >>> operator_codes(light, "reinhard_free", {"alpha": 0.36}).ravel().tolist()
    [52, 141, 229]
    """
    chosen = create_operator(operator, **(settings or {}))
    # In double precision, so that no code depends on how many threads make the sums.
    image = torch.from_numpy(np.moveaxis(light, 2, 0)[None].copy())
    with torch.no_grad():
        if chosen.color is not None or chosen.info.own_color or chosen.info.encoded:
            shown = to_display(chosen(image.double()), encoded=chosen.info.encoded)
            codes = torch.round(shown[0] * 255).to(torch.uint8).numpy()
            return np.ascontiguousarray(np.moveaxis(codes, 0, 2))
        bright = luminance(image).double()
        gain = (chosen(bright) / bright.clamp(min=1e-30))[0].float().numpy()
    scaled = light * np.moveaxis(gain, 0, 2)
    found: Samples = np.searchsorted(HALFWAY, scaled).astype(np.uint8)
    return found
