"""What ``enhance`` does to one photograph: reads it, enhances it, expands it, and writes it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance import Enhancer, LightGuest, create_enhancer, enhancer_info, from_module
from hdrmetrics.enhance.blended import Blended
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.expand import get_expansion
from hdrmetrics.improve.photograph import bits_of, enhanced, read_photograph
from hdrmetrics.improve.saving import written
from hdrmetrics.io import write_image
from hdrmetrics.picture.image import Calibration, Image, pixel_tensor

if TYPE_CHECKING:
    from hdrmetrics.cli.guests import Model
    from hdrmetrics.cli.variants import Variant


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture that was read, and the file it is from."""

    image: Image
    source: Path


class Work:
    """Reads a photograph and writes what the enhancers make of it; refuses what cannot be, first.

    Parameters
    ----------
    arguments
        Of the command.
    variants
        What is made of each photograph.
    models
        The guests among them by name.
    peak
        In cd/m², where the arguments say none.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        variants: Sequence[Variant],
        models: Mapping[str, Model],
        peak: float,
    ) -> None:
        self.arguments, self.models = arguments, models
        self.peak: float = arguments.peak or peak
        self.strength: float | None = arguments.strength
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise OptionError(f"--strength lies between 0 and 1, not {self.strength:g}")
        if arguments.expand is not None:
            _check_expansion(arguments.expand)
        self.tools = {variant.label: self._tool(variant) for variant in variants}
        lit = [label for label, tool in self.tools.items() if isinstance(tool, LightGuest)]
        self.light = bool(lit) or arguments.expand is not None
        """Whether light is written."""
        if lit and len(lit) < len(self.tools) and arguments.expand is None:
            raise OptionError(
                f"{', '.join(lit)} makes light, the others code values: run them apart, or expand "
                "what the others make with --expand"
            )
        if arguments.peak is not None and not self.light:
            raise OptionError("--peak goes with --expand, or a model whose output is hdr")

    def _tool(self, variant: Variant) -> Enhancer | LightGuest:
        name, settings = variant.operator, dict(variant.settings)
        if name in self.models:
            one = self.models[name]
            tool: Enhancer | LightGuest = from_module(
                one.guest, name=name, weights=one.weights, peak=self.peak, **settings
            )
            if isinstance(tool, LightGuest) and self.strength is not None:
                raise OptionError(f"{name} makes light: --strength mixes code values only")
        else:
            own = _own_strength(enhancer_info(name).parameters)
            if own and self.strength is not None:
                if "strength" in settings:
                    raise OptionError("give --strength or --set strength=…, not both")
                return create_enhancer(name, **settings, strength=self.strength)
            tool = create_enhancer(name, **settings)
        if isinstance(tool, LightGuest) or self.strength is None:
            return tool
        return Blended(tool, self.strength)

    def facts(self) -> list[tuple[str, str]]:
        """Return what must be known of the pictures."""
        found = []
        if self.strength is not None:
            found.append(("strength", f"{self.strength:g}"))
        if self.arguments.expand is not None:
            found.append(
                ("light", f"expanded by {self.arguments.expand} for white of {self.peak:g} cd/m²")
            )
        elif self.light:
            found.append(("light", f"as the model says, its 1 being {self.peak:g} cd/m²"))
        return found

    def read(self, path: Path) -> tuple[Photograph, int, tuple[str, ...]]:
        """Return a photograph, its number of pixels, and warnings."""
        image = read_photograph(path, isolate=self.arguments.isolate)
        return Photograph(image, path), image.width * image.height, image.notes

    def write(self, photograph: Photograph, variant: Variant, path: Path) -> dict[str, Any]:
        """Enhance and write the photograph, and return facts about it."""
        tool, image = self.tools[variant.label], photograph.image
        facts: dict[str, Any] = {
            "parameters": _settings(tool), "strength": self.strength,
            "size": [image.width, image.height],
        }  # fmt: skip
        if isinstance(tool, LightGuest):
            codes = pixel_tensor(image).float().expand(-1, 3, -1, -1).contiguous()
            light = tool(codes.to(device=self.arguments.device)).cpu()
            rule = f"light of {variant.operator}, whose 1 is {self.peak:g} cd/m²"
            return facts | self._write_light(path, light, image, rule)
        made = enhanced(image, tool, self.arguments.device)
        if self.arguments.expand is not None:
            operator = get_expansion(self.arguments.expand)
            light = operator(made.tensor(), peak=self.peak)
            rule = f"enhanced by {variant.operator}, expanded by {self.arguments.expand} for a "
            rule += f"display of {self.peak:g} cd/m²"
            return facts | self._write_light(path, light, image, rule)
        with written(path, made, photograph.source, overwrite=self.arguments.overwrite):
            pass
        return facts | {"depth": bits_of(made) if path.suffix.lower() == ".png" else 8}

    def _write_light(self, path: Path, light: Tensor, image: Image, rule: str) -> dict[str, Any]:
        calibration = Calibration("absolute", rule=rule)
        pixels = light[0].movedim(0, 2).contiguous().numpy()
        write_image(path, Image(pixels, calibration, primaries=image.primaries))
        return {
            "range": [float(light.min()), float(light.max())],
            "calibration": calibration.to_dict(),
        }


def _own_strength(parameters: Sequence[Parameter]) -> bool:
    """Return whether an enhancer has a strength that means what ``--strength`` does."""
    return any(
        one.name == "strength" and one.bounds is not None and one.bounds[1] <= 1
        for one in parameters
    )


def _settings(tool: Enhancer | LightGuest) -> dict[str, Any]:
    if isinstance(tool, Blended):
        return _settings(tool.enhancer)
    if isinstance(tool, Configured):
        return {name: _plain(value) for name, value in tool.settings.items()}
    form = getattr(tool, "form", None)
    return {} if form is None else form.settings()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _check_expansion(name: str) -> None:
    try:
        get_expansion(name)
    except UnknownNameError as error:
        hint = ""
        if Path(name).suffix or Path(name).exists():
            hint = f": {name!r} looks like a file; put --expand last, or write --expand=OPERATOR"
        raise OptionError(f"--expand: {error}{hint}") from None
