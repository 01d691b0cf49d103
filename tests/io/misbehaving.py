"""A reader for the processes under test: takes EXR files and does what they say."""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from hdrmetrics.io import signatures as formats
from hdrmetrics.io.build import linear_image

MAGIC = b"\x76\x2f\x31\x01"
_broken = False


def read(source):
    """Do what the file says."""
    global _broken
    word = source.data[len(MAGIC) :].decode()
    if _broken:
        os.abort()
    if word == "abort":
        os.abort()
    elif word == "hang":
        time.sleep(600)
    elif word == "spin":
        while True:
            pass
    elif word == "eat":
        hoard = []
        while True:
            hoard.append(np.empty(1 << 24))  # the limit is on address space
    elif word == "exit":
        os._exit(3)
    elif word == "raise":
        print("here it ends", file=sys.stderr)
        raise SystemExit("no")
    elif word == "break the memory":
        _broken = True
    elif word == "chat":
        print("not pixels")
        os.write(1, b"not pixels either")
    elif word == "who":
        return linear_image(source, np.full((2, 2), os.getpid(), np.float32), **_KIND)
    return linear_image(source, np.ones((4, 5, 3), np.float32), **_KIND)


_KIND = {"format_name": "exr", "depth": "float32"}
sys.modules["hdrmetrics.io.formats.misbehaving"] = sys.modules[__name__]
formats.READERS["exr"] = ("misbehaving", "read")
