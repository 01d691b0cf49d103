"""Display models: what light a screen emits for a signal, and how large a pixel looks."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.photometry.color import Primaries

if TYPE_CHECKING:
    from torch import Tensor

Eotf = Literal["srgb", "gog", "bt1886", "pq", "hlg", "linear"]

DEFAULT_DISPLAY: dict[str, str] = {
    "srgb": "srgb-100",
    "gog": "gog-100",
    "bt1886": "bt1886-100",
    "pq": "pq-10000",
    "hlg": "hlg-1000",
}
"""Display assumed for a file of each transfer function when the caller names none."""


@dataclass(frozen=True, slots=True)
class Display:
    """A screen, its room and the viewer's distance.

    Parameters
    ----------
    name, title
        Short name, and one line for tables.
    eotf
        Electro-optical transfer function: ``srgb``, ``gog`` (gain-offset-gamma), ``bt1886``,
        ``pq``, ``hlg``, or ``linear`` (the signal is luminance in cd/m², which the screen clips).
    peak
        Luminance of white, cd/m².
    contrast
        Peak over the screen's own black, without ambient light; ``None`` for a perfect black.
    gamma
        Exponent of ``gog`` and ``bt1886``; ``None`` for 2.2 and 2.4.
    ambient_lux, reflectivity
        Room light on the screen, and the part of it that comes back: ambient/π · reflectivity.
    primaries
        Of the RGB signal that the screen takes.
    diagonal_inches, resolution, distance_m
        Visible size, pixels (width, height) and viewing distance.

    Raises
    ------
    OptionError
        If a value is not possible.

    References
    ----------
    R. K. Mantiuk and M. Azimi, "PU21", PCS 2021 (gain-offset-gamma with ambient light);
    ITU-R BT.1886; ITU-R BT.2100-2 (PQ, HLG with its system gamma and black-level lift).
    """

    name: str
    title: str = ""
    eotf: Eotf = "srgb"
    peak: float = 100.0
    contrast: float | None = 1000.0
    gamma: float | None = None
    ambient_lux: float = 0.0
    reflectivity: float = 0.005
    primaries: Primaries = "bt709"
    diagonal_inches: float = 24.0
    resolution: tuple[int, int] = (1920, 1080)
    distance_m: float = 0.6

    def __post_init__(self) -> None:
        positive: dict[str, Any] = {
            "peak": self.peak,
            "diagonal_inches": self.diagonal_inches,
            "distance_m": self.distance_m,
            "resolution": min(self.resolution) if _is_size(self.resolution) else None,
            "contrast": 2 if self.contrast is None else self.contrast,
            "gamma": 2 if self.gamma is None else self.gamma,
        }
        for field, value in positive.items():
            if not (_is_number(value) and value > 0):
                got = getattr(self, field)
                raise OptionError(f"display {self.name!r}: {field} must be positive, not {got!r}")
        if self.eotf not in get_args(Eotf) or self.primaries not in get_args(Primaries):
            raise OptionError(
                f"display {self.name!r}: eotf is one of {', '.join(get_args(Eotf))}, primaries one "
                f"of {', '.join(get_args(Primaries))}; not {self.eotf!r}, {self.primaries!r}"
            )
        room = _is_number(self.ambient_lux) and _is_number(self.reflectivity)
        if not room or self.ambient_lux < 0 or not 0 <= self.reflectivity <= 1:
            raise OptionError(
                f"display {self.name!r}: ambient_lux must not be negative, and reflectivity lies "
                f"in [0, 1]; not {self.ambient_lux!r}, {self.reflectivity!r}"
            )
        if self.black >= self.peak:
            raise OptionError(
                f"display {self.name!r}: black ({self.black:g} cd/m², with the room's light) must "
                f"stay below the peak ({self.peak:g})"
            )
        object.__setattr__(self, "resolution", tuple(self.resolution))

    @property
    def reflected(self) -> float:
        """Room light reflected by the screen, cd/m²."""
        return self.ambient_lux / math.pi * self.reflectivity

    @property
    def native_black(self) -> float:
        """Luminance of black in a dark room, cd/m²."""
        return 0.0 if self.contrast is None else self.peak / self.contrast

    @property
    def black(self) -> float:
        """Luminance of black with the room's light, cd/m²."""
        return self.native_black + self.reflected

    @property
    def ppd(self) -> float:
        """Pixels per degree of visual angle at the centre of the screen."""
        width, height = self.resolution
        screen_width = self.diagonal_inches * 0.0254 * width / math.hypot(width, height)
        return 1.0 / math.degrees(2 * math.atan(0.5 * screen_width / width / self.distance_m))

    def forward(self, signal: Tensor) -> Tensor:
        """Return the luminance in cd/m² that the screen shows for a signal.

        Parameters
        ----------
        signal
            ``(N, C, H, W)``: code values in [0, 1], or cd/m² for ``linear``; clamped to what the
            screen can show. RGB in the display's primaries; the light stays in them.

        Returns
        -------
        Tensor
            Same shape, between :attr:`black` and about :attr:`peak`.
        """
        from hdrmetrics.photometry import transfer

        if self.eotf == "linear":
            return self.show(signal)
        code = signal.clamp(0.0, 1.0)
        if self.eotf == "pq":
            return self.show(transfer.pq_decode(code))
        if self.eotf == "hlg":
            return self._hlg_forward(code) + self.reflected
        if self.eotf == "bt1886":
            return transfer.bt1886_decode(
                code, peak=self.peak, black=self.black, gamma=self.gamma or 2.4
            )
        curve = transfer.srgb_decode(code) if self.eotf == "srgb" else code ** (self.gamma or 2.2)
        return (self.peak - self.black) * curve + self.black

    def inverse(self, luminance: Tensor) -> Tensor:
        """Return the signal that shows a luminance in cd/m²; inverse of :meth:`forward`.

        Luminance outside the screen's range is clamped to it.
        """
        from hdrmetrics.photometry import transfer

        if self.eotf == "linear":
            return (luminance - self.reflected).clamp(self.native_black, self.peak)
        if self.eotf == "pq":
            light = (luminance - self.reflected).clamp(self.native_black, self.peak)
            return transfer.pq_encode(light)
        if self.eotf == "hlg":
            return self._hlg_inverse(luminance - self.reflected)
        if self.eotf == "bt1886":
            return transfer.bt1886_encode(
                luminance, peak=self.peak, black=self.black, gamma=self.gamma or 2.4
            )
        curve = ((luminance - self.black) / (self.peak - self.black)).clamp(0.0, 1.0)
        return (
            transfer.srgb_encode(curve)
            if self.eotf == "srgb"
            else curve ** (1 / (self.gamma or 2.2))
        )

    def show(self, luminance: Tensor) -> Tensor:
        """Return what the screen emits when asked for a luminance in cd/m².

        Clips to the screen's range and adds the room's reflections.
        """
        return luminance.clamp(self.native_black, self.peak) + self.reflected

    # HLG couples the channels: the system gamma acts on the luminance of the scene light.

    @property
    def _hlg_gamma(self) -> float:
        return 1.2 + 0.42 * math.log10(self.peak / 1000.0)

    @property
    def _hlg_lift(self) -> float:
        return math.sqrt(3 * (self.native_black / self.peak) ** (1 / self._hlg_gamma))

    def _hlg_forward(self, code: Tensor) -> Tensor:
        from hdrmetrics.photometry import transfer
        from hdrmetrics.photometry.color import luminance

        lifted = ((1 - self._hlg_lift) * code + self._hlg_lift).clamp(min=0.0)
        scene = transfer.hlg_decode(lifted)
        y = luminance(scene, self.primaries).clamp(min=1e-12)
        return self.peak * y ** (self._hlg_gamma - 1) * scene

    def _hlg_inverse(self, light: Tensor) -> Tensor:
        from hdrmetrics.photometry import transfer
        from hdrmetrics.photometry.color import luminance

        relative = (light / self.peak).clamp(0.0, 1.0)
        y = luminance(relative, self.primaries).clamp(min=1e-12)
        scene = y ** (1 / self._hlg_gamma - 1) * relative
        return ((transfer.hlg_encode(scene) - self._hlg_lift) / (1 - self._hlg_lift)).clamp(
            0.0, 1.0
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as JSON-ready values, as in a display file."""
        return dataclasses.asdict(self)


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)


def _is_size(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value))


def load_displays(path: str | Path) -> dict[str, Display]:
    """Read display models from a JSON file: a list of objects with the fields of :class:`Display`.

    Raises
    ------
    OptionError
        If the file cannot be read, is not such a list, or a display is impossible.
    """
    try:
        return _parse_displays(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"cannot read the display file {str(path)!r}: {error}") from error


def _parse_displays(text: str) -> dict[str, Display]:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise OptionError(f"a display file is JSON; {error}") from error
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise OptionError("a display file holds a list of objects, one per display")
    displays = {}
    for record in records:
        try:
            display = Display(**record)
        except TypeError as error:
            raise OptionError(f"display {record.get('name', '?')!r}: {error}") from error
        displays[display.name] = display
    return displays


@functools.cache
def _builtin() -> dict[str, Display]:
    data = importlib.resources.files("hdrmetrics") / "data" / "displays.json"
    return _parse_displays(data.read_text(encoding="utf-8"))


def list_displays() -> list[Display]:
    """Return the display models that come with the package."""
    return list(_builtin().values())


def get_display(display: str | Path | Display) -> Display:
    """Return a display by name, or the only (or first) one of a JSON file.

    Parameters
    ----------
    display
        A built-in name, a path to a display file (``file.json`` or ``file.json#name``), or a
        :class:`Display`, which is returned as it is.

    Raises
    ------
    UnknownNameError
        If there is no such display.
    OptionError
        If the file cannot be read.
    """
    if isinstance(display, Display):
        return display
    text = str(display)
    if text in _builtin():
        return _builtin()[text]
    file, _, name = text.partition("#")
    if file.endswith(".json"):
        displays = load_displays(file)
        if not displays:
            raise OptionError(f"the display file {file!r} holds no display")
        if name and name not in displays:
            raise UnknownNameError(f"{file} has the displays {', '.join(displays)}; not {name!r}")
        return displays[name] if name else next(iter(displays.values()))
    raise UnknownNameError(
        f"unknown display {text!r}; there are {', '.join(_builtin())}, or give a .json file"
    )
