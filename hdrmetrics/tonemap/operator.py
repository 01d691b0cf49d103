"""The common shape of every tone-mapping operator: its description, its settings and its call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.catalogue import Catalogue
from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.pieces import pieces_pay, row_slices
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.pixels import check_light
from hdrmetrics.tonemap.color import COLOR_TREATMENTS, ColorTreatment, recolor, scale_pixels
from hdrmetrics.tonemap.parameter import Value, Values, as_values, setting

Kind = Literal["global", "local", "histogram"]
"""How an operator looks at the picture: one curve for all pixels, each pixel's surroundings, or a
curve made from the histogram."""

_STRIP = 1 << 16
"""Pixels worked on at a time, so that a strip's temporaries stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """What a user has to know about an operator.

    Parameters
    ----------
    name
        The name that :func:`~hdrmetrics.tonemap.create_operator` takes.
    title
        One line for tables.
    kind
        See :data:`Kind`.
    parameters
        The settings, in the order of importance.
    monotone
        Whether a brighter grey pixel never comes out darker than a darker one.
    scale_invariant
        Whether multiplying the input by a factor leaves the output as it is (while its darkest
        tones stay well above the 1e-6 that logarithms add).
    differentiable
        Whether gradients flow to the image and to the settings.
    encoded
        Whether the values are display code values, as the paper has them, and not linear light:
        :func:`~hdrmetrics.tonemap.to_display` then applies no transfer function.
    own_color
        Whether the operator looks at colour, or changes it, so that luminance alone is not enough.
    citation
        The paper.
    searched
        The settings that a search moves unless it is told which; all where none is named. Named
        where some say the same twice.
    """

    name: str
    title: str
    kind: Kind
    parameters: tuple[Parameter, ...]
    monotone: bool
    scale_invariant: bool
    differentiable: bool
    citation: str
    encoded: bool = False
    own_color: bool = False
    searched: tuple[str, ...] = ()


OPERATORS: Catalogue[OperatorInfo, Operator] = Catalogue(
    "tone-mapping operator",
    "hdrmetrics.tonemap",
    "hdrmetrics.learned.tonemapping",
    group="hdrmetrics.tonemap",
)
"""All operators; each file adds its own, those with networks from the floor above."""


class Operator(Configured):
    """Base of all operators: ``operator(image)`` returns display-referred values, not yet clipped.

    Parameters
    ----------
    color
        ``None``: as the operator's paper has it, or pixels scaled by the change in luminance. Or
        one of ``"per-channel"``, ``"schlick"``, ``"mantiuk2009"``, ``"pouli2013"``; see
        :mod:`hdrmetrics.tonemap.color`.
    saturation
        Exponent of ``"schlick"``, in [0, 2]; 1 keeps the ratios between the channels.
    settings
        The operator's parameters, numbers or tensors of one value or one per image; ``None`` (and
        leaving them out) stands for the default. A tensor that requires a gradient may step out of
        its bounds: it then counts as the bound, with a gradient that leads back only.

    Raises
    ------
    OptionError
        For an unknown setting, a value out of bounds, or a treatment that the operator lacks.
    """

    info: ClassVar[OperatorInfo]

    def __init__(
        self,
        *,
        color: ColorTreatment | None = None,
        saturation: Value = 1.0,
        **settings: Value | None,
    ) -> None:
        name = self.info.name
        super().__init__(**settings)
        if color is not None and color not in COLOR_TREATMENTS:
            raise OptionError(f"color is one of {', '.join(COLOR_TREATMENTS)}; not {color!r}")
        if color == "per-channel" and not isinstance(self, CurveOperator):
            raise OptionError(
                f"{name} is not one curve over luminance, so it cannot be applied per channel"
            )
        if color != "schlick" and not (isinstance(saturation, (int, float)) and saturation == 1):
            raise OptionError('saturation goes with color="schlick", only')
        self.color = color
        self.saturation: Value = _SATURATION.check(saturation)
        self.check_settings()

    def __call__(self, image: Tensor) -> Tensor:
        """Tone-map each image of a batch.

        Parameters
        ----------
        image
            ``(N, C, H, W)``, C = 1 or 3, linear BT.709 in cd/m² (or relative to it, for operators
            that are scale invariant), not negative; ``(C, H, W)`` and ``(H, W)`` are taken as a
            batch of one. float32 or float64; half precision is computed in float32.

        Returns
        -------
        Tensor
            ``(N, C, H, W)``, display-referred: 0 is black, 1 the display's white. Values above 1
            are left for :func:`~hdrmetrics.tonemap.to_display` to clip.

        Raises
        ------
        ShapeError
            For other shapes.
        PixelValueError
            For NaN, infinity or negative values.
        """
        batch = check_light(image)
        with torch.autocast(batch.device.type, enabled=False):
            light = luminance(batch)
            values = as_values(self._held(), batch)
            if self.color is None:
                return self.tone(batch, light, values)
            if self.color == "per-channel":
                return self.per_channel(batch, light, values)
            held = {"saturation": _SATURATION.held(self.saturation)}
            saturation = as_values(held, batch)["saturation"]
            mapped = self.luminance_map(batch, light, values)
            return recolor(self.color, batch, light, mapped, saturation)

    def settings_of(self, image: Tensor) -> dict[str, Tensor]:
        """Return the settings with which each image is tone-mapped, those it decides included.

        Parameters
        ----------
        image
            As in a call.

        Returns
        -------
        dict
            By name, ``(N,)`` each, in the order of the parameters; without a gradient.

        Raises
        ------
        ShapeError, PixelValueError
            As in a call.

        Examples
        --------
        >>> import torch
        >>> from hdrmetrics.tonemap import create_operator
        >>> settings = create_operator("reinhard_free").settings_of(torch.full((1, 3, 4, 4), 50.0))
        >>> {name: round(float(value), 2) for name, value in settings.items()}
        {'alpha': 0.18, 'mu': 50.0, 'gamma': 1.0}
        """
        batch = check_light(image)
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            found = self.complete(luminance(batch), as_values(self._held(), batch))
            return {
                one.name: found[one.name].detach().reshape(-1).expand(batch.shape[0])
                for one in self.info.parameters
            }

    def _held(self) -> dict[str, Value | None]:
        return {p.name: p.held(self.settings[p.name]) for p in self.info.parameters}

    # -- what subclasses write ------------------------------------------------------------

    def check_settings(self) -> None:
        """Raise :class:`OptionError` for settings that do not go together."""

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred picture, colour as the operator has it."""
        raise NotImplementedError

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return a setting that was left to the picture, as a tensor like those of ``values``.

        Parameters
        ----------
        name
            Of a parameter without a default.
        light
            Luminance ``(N, 1, H, W)``.
        values
            The settings that were given, and those that were derived before it.

        Raises
        ------
        OptionError
            If the operator does not say how: a class with such a parameter overrides this.
        """
        raise OptionError(
            f"{self.info.name} does not say what its {name} is for a picture: give a number, or "
            "implement derive"
        )

    def complete(self, light: Tensor, values: Values) -> Values:
        """Return the settings with those that were left to the picture."""
        found = dict(values)
        for parameter in self.info.parameters:
            if parameter.name not in found:
                found[parameter.name] = self.derive(parameter.name, light, found)
        return found

    def luminance_map(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred luminance ``(N, 1, H, W)`` for a colour treatment."""
        return luminance(self.tone(image, light, values))

    def per_channel(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the picture with the curve applied to each channel."""
        raise NotImplementedError


class LuminanceOperator(Operator):
    """Base of the operators that map luminance and leave colour to a treatment."""

    def map_light(self, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred luminance ``(N, 1, H, W)`` of luminance ``(N, 1, H, W)``."""
        raise NotImplementedError

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the pixels scaled by the change in luminance."""
        mapped = self.map_light(light, values)
        if image.shape[1] == 1:
            return torch.where(light > 0, mapped, torch.zeros_like(mapped))
        if not pieces_pay(image, mapped):
            return scale_pixels(image, light, mapped)
        out = torch.empty_like(image)
        for index, rows in _strips(image):
            piece = light[index, :, rows], mapped[index, :, rows]
            out[index, :, rows] = scale_pixels(image[index, :, rows], *piece)
        return out

    def luminance_map(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred luminance."""
        return self.map_light(light, values)


class CurveOperator(LuminanceOperator):
    """Base of the operators that are one curve over luminance per image."""

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return what the curve needs, settings and measurements, ``(N, 1, 1, 1)`` each."""
        return values

    def constants_of(self, image: Tensor, light: Tensor, values: Values) -> Values:
        """Return the same for a picture whose colours are known too."""
        return self.constants(light, values)

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the display-referred values of ``x``, element by element, given constants."""
        raise NotImplementedError

    def map_light(self, light: Tensor, values: Values) -> Tensor:
        """Return the curve's values for luminance ``(N, 1, H, W)``."""
        return self._mapped(light, self.constants(light, values))

    def luminance_map(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the curve's values for the luminance of a picture."""
        return self._mapped(light, self.constants_of(image, light, values))

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the pixels scaled by the change in luminance, in one pass where possible."""
        constants = self.constants_of(image, light, values)
        if image.shape[1] == 1:
            return torch.where(light > 0, self._mapped(light, constants), 0.0)
        if not pieces_pay(image, *constants.values()):
            return scale_pixels(image, light, self.curve(light, constants))
        return self._in_strips(
            light, constants, lambda x, c, p: scale_pixels(p, x, self.curve(x, c)), image
        )

    def per_channel(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the curve of the whole picture's luminance, applied to each channel."""
        return self._mapped(image, self.constants_of(image, light, values))

    def _mapped(self, x: Tensor, constants: Values) -> Tensor:
        if not pieces_pay(x, *constants.values()):
            return self.curve(x, constants)
        return self._in_strips(x, constants, lambda piece, c, _: self.curve(piece, c))

    def _in_strips(
        self,
        x: Tensor,
        constants: Values,
        job: Callable[[Tensor, Values, Tensor], Tensor],
        image: Tensor | None = None,
    ) -> Tensor:
        """Return ``job(x, constants, image)`` worked out strip by strip, image by image."""
        pixels = x if image is None else image
        out = torch.empty_like(pixels)
        each = one_by_one(x, constants)
        for index, rows in _strips(pixels):
            _, own = each[index.start]
            out[index, :, rows] = job(x[index, :, rows], own, pixels[index, :, rows])
        return out


class EachLuminanceOperator(LuminanceOperator):
    """Base of the operators that work on the luminance of one image at a time."""

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred luminance of one image ``(1, 1, H, W)``."""
        raise NotImplementedError

    def map_light(self, light: Tensor, values: Values) -> Tensor:
        """Return the display-referred luminance of all images."""
        return torch.cat([self.map_one(one, own) for one, own in one_by_one(light, values)])


def one_by_one(batch: Tensor, values: Values) -> list[tuple[Tensor, Values]]:
    """Return each image ``(1, C, H, W)`` of a batch with its own settings."""
    return [
        (
            batch[i : i + 1],
            {k: v[i : i + 1] if v.shape[0] > 1 else v for k, v in values.items()},
        )
        for i in range(batch.shape[0])
    ]


_SATURATION = setting("saturation", 1.0, 0.0, 2.0, "", "exponent of the colour ratios")


def _strips(image: Tensor) -> list[tuple[slice, slice]]:
    return [
        (slice(index, index + 1), rows)
        for index in range(image.shape[0])
        for rows in row_slices(image.shape[-2], image.shape[-1], _STRIP)
    ]
