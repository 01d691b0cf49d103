"""The common shape of every inverse tone-mapping operator: its description with its call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.catalogue import Catalogue
from hdrmetrics.catalogue.parameters import Parameter, resolve
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.expand.signal import SdrTransfer, Signal, decoder, make_signal
from hdrmetrics.picture.pixels import check_codes

Settings = dict[str, Any]
"""Resolved settings: tensors for real numbers, ``int`` and ``str`` for the rest, ``None`` where
the operator derives the value from the picture."""

PEAK = Parameter("peak", 1000.0, (1.0, 1e6), "cd/m²", "luminance of the display's white")
TRANSFER = Parameter(
    "transfer",
    "gamma",
    None,
    "",
    "how code values become light",
    kind="choice",
    choices=("gamma", "srgb", "linear"),
)
GAMMA = Parameter("gamma", 2.2, (1.0, 4.0), "", "exponent of the transfer 'gamma'")
COMMON = (PEAK, TRANSFER, GAMMA)
"""What every operator takes besides its own parameters."""


@dataclass(frozen=True, slots=True)
class ExpansionInfo:
    """What a user has to know about an inverse operator.

    Parameters
    ----------
    name
        The name that :func:`expand` takes.
    title
        One line for tables.
    kind
        ``global``: one curve over luminance per image; ``local``: surroundings count.
    parameters
        Its own settings, besides :data:`COMMON`.
    monotone
        Whether a brighter grey pixel never comes out darker than a darker one.
    differentiable
        Whether gradients flow to the image and to every real-valued setting.
    citation
        The paper.
    searched
        The settings that a search moves unless it is told which; all real ones that are no sizes
        in pixels where none is named.
    """

    name: str
    title: str
    kind: Literal["global", "local"]
    parameters: tuple[Parameter, ...]
    monotone: bool
    differentiable: bool
    citation: str
    searched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """An inverse operator: its description and the formula from a signal to light in cd/m²."""

    info: ExpansionInfo
    formula: Callable[[Signal, Settings], Tensor]
    derive: Callable[[Signal, Settings], Settings] | None = None
    """Returns the settings that were left to the picture, ``(N, 1, 1, 1)`` each, by name."""

    def __call__(
        self,
        image: Tensor,
        *,
        peak: float | Tensor = 1000.0,
        transfer: SdrTransfer = "gamma",
        gamma: float | Tensor = 2.2,
        **settings: Any,
    ) -> Tensor:
        """Expand each image of a batch; see :func:`expand`."""
        common = {"peak": peak, "transfer": transfer, "gamma": gamma}
        with torch.autocast(image.device.type, enabled=False):
            return self.formula(*self._prepared(image, {**common, **settings}))

    def settings_of(
        self,
        image: Tensor,
        *,
        peak: float = 1000.0,
        transfer: SdrTransfer = "gamma",
        gamma: float = 2.2,
        **settings: Any,
    ) -> dict[str, Any]:
        """Return the settings with which one picture is expanded, those it decides included.

        Parameters
        ----------
        image, peak, transfer, gamma, settings
            As for :func:`expand`; one picture.

        Returns
        -------
        dict
            By name, numbers and choices.

        Raises
        ------
        OptionError, ShapeError, PixelValueError, DomainError
            As in a call; ShapeError for several pictures.

        Examples
        --------
        >>> import torch
        >>> from hdrmetrics.expand import get_expansion
        >>> code = torch.tensor([[0.2, 0.9, 1.0]]).expand(3, 3, 3)
        >>> round(get_expansion("masia09").settings_of(code)["exponent"], 3)
        0.45
        """
        common = {"peak": peak, "transfer": transfer, "gamma": gamma}
        with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
            signal, values = self._prepared(image, {**common, **settings})
            if signal.light.shape[0] != 1:
                raise ShapeError(f"settings of one picture, not of {signal.light.shape[0]}")
            if self.derive is not None:
                values = {**values, **self.derive(signal, values)}
        return {
            name: float(value) if isinstance(value, Tensor) else value
            for name, value in values.items()
        }

    def _prepared(self, image: Tensor, settings: Settings) -> tuple[Signal, Settings]:
        known = (*COMMON, *self.info.parameters)
        codes = check_codes(image, "Divide 8-bit values by 255; light in cd/m² is HDR already")
        values = _as_tensors(resolve(self.info.name, known, settings), known, codes)
        decode = decoder(values.pop("transfer"), values.pop("gamma"))
        return make_signal(codes, values.pop("peak"), decode), values


EXPANSIONS: Catalogue[ExpansionInfo, Expansion] = Catalogue(
    "inverse operator", "hdrmetrics.expand", group="hdrmetrics.expand"
)
"""All inverse operators; each file adds its own."""


def register_expansion(
    info: ExpansionInfo,
    formula: Callable[[Signal, Settings], Tensor],
    derive: Callable[[Signal, Settings], Settings] | None = None,
) -> None:
    """Make an inverse operator known by ``info.name``.

    Parameters
    ----------
    info
        Its description.
    formula
        From a signal and settings to light ``(N, C, H, W)`` in cd/m².
    derive
        Returns the settings that are left to the picture where some are.

    Raises
    ------
    OptionError
        If the name is taken.
    """
    one = Expansion(info, formula, derive)
    EXPANSIONS.register(info, lambda: one)


def one_number(values: Settings, name: str) -> float:
    """Return a setting that has to be the same for the whole batch, such as a filter's size.

    Raises
    ------
    OptionError
        If it was given per image.
    """
    value: Tensor = values[name]
    if value.numel() != 1:
        raise OptionError(f"{name} is one number for the whole batch")
    return float(value.detach())


def _as_tensors(settings: Settings, parameters: tuple[Parameter, ...], image: Tensor) -> Settings:
    found: Settings = {}
    for parameter in parameters:
        value = parameter.held(settings[parameter.name])
        if parameter.kind == "real" and value is not None:
            tensor = value if isinstance(value, Tensor) else image.new_tensor(value)
            if tensor.numel() not in (1, image.shape[0]):
                raise ShapeError(
                    f"{parameter.name} has one value, or one per image: not {tensor.numel()} for "
                    f"{image.shape[0]} images"
                )
            value = tensor.to(image).reshape(-1, 1, 1, 1)
        found[parameter.name] = value
    return found
