"""Loading the optional packages that decode the newer formats."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from hdrmetrics.errors import MissingCodecError


def installed(package: str) -> bool:
    """Return whether an optional package is there, without loading it."""
    return importlib.util.find_spec(package) is not None


def require(package: str, what: str, hint: str = "", *, extra: str = "codecs") -> ModuleType:
    """Import an optional package.

    Parameters
    ----------
    package
        Import name: ``imagecodecs``, ``pillow_heif``, ``pylibjxl`` or ``rawpy``.
    what
        What it is needed for, for the message.
    hint
        What else the user can do.
    extra
        What brings it.

    Raises
    ------
    MissingCodecError
        If it is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise MissingCodecError(
            f'{what} files need {package}: pip install "hdrmetrics[{extra}]"{hint}'
        ) from error
    except ImportError as error:  # it is there, but lacks a library, or memory
        raise MissingCodecError(
            f"{what} files need {package}, which cannot be loaded ({error}){hint}"
        ) from error
