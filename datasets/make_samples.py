"""Cuts the sample pictures of the package from CC0 panoramas.

The panoramas are the studio lights of Blender, as Debian's package ``blender-data`` (3.4.1) ships
them: CC0, photographed by Greg Zaal for HDRI Haven (now Poly Haven), 1024×512 pixels, stored with
lossy DWAB compression, which rings slightly below zero in the darks.

    apt-get download blender-data && dpkg -x blender-data*.deb unpacked
    python datasets/make_samples.py unpacked/usr/share/blender/datafiles/studiolights/world OUT
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hdrmetrics import read_image, write_image

SIZE = (512, 320)  # width, height
CROPS = {
    # name: (panorama, x, y) of the top left corner; rows from the middle, away from the poles
    "courtyard": ("courtyard.exr", 496, 80),
    "forest_path": ("forest.exr", 380, 110),
    "hotel_room": ("interior.exr", 400, 90),
}


def main() -> None:
    """Cut and write every sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path, help="folder of the panoramas")
    parser.add_argument("out", type=Path, help="folder to write to")
    arguments = parser.parse_args()
    width, height = SIZE
    for name, (panorama, x, y) in CROPS.items():
        image = read_image(arguments.panoramas / panorama)
        crop = np.maximum(image.pixels[y : y + height, x : x + width], 0.0)
        write_image(arguments.out / f"{name}.exr", image.replace(pixels=crop), depth="half")


if __name__ == "__main__":
    main()
