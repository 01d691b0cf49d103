"""When a photograph was taken, as its file says."""

from __future__ import annotations

import os
import re
import warnings
from datetime import datetime, timedelta
from typing import Any

from PIL import Image as PillowImage

_EXIF = 0x8769
_TIMES = ((0x9003, 0x9291), (0x9004, 0x9292))  # of taking, of digitising; each with its fractions
_DATE = re.compile(r"\s*(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_FIRST = 1990  # no camera wrote Exif before
_RESET = (1, 1, 0, 0)  # the first hour's start of a year: a clock that was never set


def taken_at(path: str | os.PathLike[str]) -> str:
    """Return when a photograph was taken, by the camera's clock, in ISO 8601 without a zone.

    Exif's DateTimeOriginal, or DateTimeDigitized, with the fraction of its second. The time at
    which a file was changed is not asked for: it says when somebody worked on it.

    Parameters
    ----------
    path
        A file of any kind.

    Returns
    -------
    str
        Such as ``"2024-05-06T07:08:09.250000"``; empty where the file says nothing, cannot be
        read, or says what cannot be: a day that no calendar has, a year before 1990, or midnight of
        a new year, at which clocks begin that were not set.

    Examples
    --------
    >>> taken_at("nothing.jpg")
    ''
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged tags, and of sizes: no pixel is decoded
            with PillowImage.open(path) as file:
                tags = dict(file.getexif().get_ifd(_EXIF))
    except Exception:  # Exif is often damaged, and Pillow then raises all kinds
        return ""
    said = (when(tags.get(date), tags.get(fraction)) for date, fraction in _TIMES)
    return next((one for one in said if one), "")


def when(date: Any, fraction: Any = None) -> str:
    """Return a date of Exif in ISO 8601, empty where it cannot be one.

    Examples
    --------
    >>> when("2024:05:06 07:08:09", "25"), when("0000:00:00 00:00:00"), when("2024:02:31 10:00:00")
    ('2024-05-06T07:08:09.250000', '', '')
    """
    found = _DATE.match(_text(date))
    if found is None:
        return ""
    try:
        year, month, day, hour, minute, second = (int(one) for one in found.groups())
        moment = datetime(year, month, day, hour, minute) + timedelta(seconds=min(second, 60))
    except (ValueError, OverflowError):
        return ""
    if year < _FIRST or (month, day, hour, minute, second) == (*_RESET, 0):
        return ""
    digits = re.match(r"\s*(\d{1,6})", _text(fraction))
    if digits:
        moment += timedelta(microseconds=int(digits[1].ljust(6, "0")))
    return moment.isoformat()


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
