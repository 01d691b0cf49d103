"""The base of what is made with settings: operators, distortions, codecs."""

from __future__ import annotations

from typing import Any, ClassVar

from hdrmetrics.catalogue.parameters import resolve
from hdrmetrics.errors import OptionError


class Configured:
    """A named thing with settings, which its description lists as ``parameters``.

    Parameters
    ----------
    settings
        Those that are not left at their defaults; ``None`` stands for the default.

    Raises
    ------
    OptionError
        For an unknown setting or a value out of bounds.
    """

    info: ClassVar[Any]
    no_tensors: ClassVar[str] = ""
    """What a setting is in place of a tensor, where it cannot be one."""

    def __init__(self, **settings: Any) -> None:
        for name, value in settings.items():
            if self.no_tensors and hasattr(value, "detach"):
                raise OptionError(f"{name} is {self.no_tensors}")
        self.settings: dict[str, Any] = resolve(self.info.name, self.info.parameters, settings)

    def __repr__(self) -> str:
        chosen = {
            one.name: value
            for one in self.info.parameters
            if not _same(value := self.settings[one.name], one.default)
        }
        return f"<{self.info.name} {chosen}>" if chosen else f"<{self.info.name}>"


def _same(value: Any, default: Any) -> bool:
    return value is default or (not hasattr(value, "detach") and bool(value == default))
