"""Checks of numbers that a file may hold."""

from __future__ import annotations

from typing import Any

from hdrmetrics.errors import OptionError


def check_number(value: Any, what: str, least: float, most: float) -> None:
    """Refuse what is no number from ``least`` to ``most``; ``what`` begins the message.

    Raises
    ------
    OptionError
        For another type, NaN, and numbers beyond.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise OptionError(f"{what} is a number from {least:g} to {most:g}, not {str(value)[:80]!r}")


def check_whole(value: Any, what: str, least: int, most: int) -> None:
    """Refuse what is no whole number from ``least`` to ``most``; ``what`` begins the message.

    Raises
    ------
    OptionError
        For another type, and numbers beyond.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise OptionError(
            f"{what} is a whole number from {least} to {most}, not {str(value)[:80]!r}"
        )
