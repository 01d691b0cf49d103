"""Writes a folder of small pictures of every kind with the libraries that are installed.

Run from the root of a clone: ``python -m results.readers.make_folder FOLDER``.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import tifffile
from PIL import Image

HEIGHT, WIDTH = 48, 64


def light() -> np.ndarray:
    """Return an HDR picture with smooth parts, an edge and no symmetry."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
    picture = np.stack([x, y, 0.6 - 0.5 * x], -1) * 8 + 0.02
    picture[8:20, 12:40] *= 20
    return picture.astype(np.float32)


def codes(dtype: type[np.unsignedinteger], bits: int) -> np.ndarray:
    """Return the same picture as code values."""
    values = np.clip(light() / 9, 0, 1) ** (1 / 2.2)
    found: np.ndarray = np.rint(values * (2**bits - 1)).astype(dtype)
    return found


def tiffs(folder: Path) -> None:
    """Write TIFF files: samples, bytes orders, layouts, compressions."""
    kinds = {
        "u8": codes(np.uint8, 8), "u16": codes(np.uint16, 16), "f16": light().astype(np.float16),
        "f32": light(), "f64": light().astype(np.float64),
    }  # fmt: skip
    layouts = {"plain": {}, "strips": {"rowsperstrip": 7}, "tiles": {"tile": (16, 32)},
               "planes": {"planarconfig": "separate"}, "big": {"bigtiff": True}}  # fmt: skip
    for (kind, array), grey, order, (layout, options) in itertools.product(
        kinds.items(), (False, True), "<>", layouts.items()
    ):
        stored = array[..., 0] if grey else array
        if layout == "planes":
            if grey:
                continue
            stored = np.moveaxis(array, 2, 0)
        tifffile.imwrite(
            folder / f"tiff_{kind}_{'grey' if grey else 'rgb'}_{'le' if order == '<' else 'be'}_{layout}.tif",  # noqa: E501
            stored, photometric="minisblack" if grey else "rgb", byteorder=order, **options,
        )  # fmt: skip
    for (kind, array), packing, predictor in itertools.product(
        kinds.items(), ("deflate", "lzw", "packbits", "zstd"), (False, True)
    ):
        if not (predictor and packing == "packbits"):
            tifffile.imwrite(folder / f"tiff_{kind}_{packing}_{'predictor' * predictor}.tif", array,
                             photometric="rgb", compression=packing, predictor=predictor)  # fmt: skip  # noqa: E501
    for bits in (2, 4, 10, 12, 14):
        array = codes(np.uint8 if bits < 8 else np.uint16, bits)
        tifffile.imwrite(folder / f"tiff_packed_{bits}.tif", array, photometric="rgb",
                         bitspersample=bits)  # fmt: skip
    eight = kinds["u8"]
    special: tuple[tuple[str, np.ndarray, dict[str, Any]], ...] = (
        ("white_is_zero", eight[..., 0], {"photometric": "miniswhite"}),
        ("no_colour_space", eight, {"photometric": "minisblack", "planarconfig": "contig"}),
        ("alpha", np.dstack([eight, eight[..., :1]]), {"photometric": "rgb"}),
        ("jpeg", eight, {"photometric": "ycbcr", "compression": "jpeg"}),
    )
    for name, array, options in special:
        tifffile.imwrite(folder / f"tiff_{name}.tif", array, **options)
    for orientation in range(1, 9):
        tifffile.imwrite(folder / f"tiff_orientation_{orientation}.tif", eight, photometric="rgb",
                         extratags=[(274, 3, 1, orientation, True)])  # fmt: skip
    for first, name in ((1, "thumbnail_first"), (0, "two_pages")):
        with tifffile.TiffWriter(folder / f"tiff_{name}.tif") as writer:
            writer.write(eight[::4, ::4], photometric="rgb", subfiletype=first)
            writer.write(eight, photometric="rgb")
    Image.fromarray(eight).quantize(64).save(folder / "tiff_palette.tif")
    Image.fromarray(eight[..., 0] > 99).save(folder / "tiff_bits.tif")
    Image.fromarray(eight).convert("CMYK").save(folder / "tiff_cmyk.tif")


def exrs(folder: Path) -> None:
    """Write OpenEXR files: compressions, tiles, channels, windows, colour spaces, parts."""
    picture = light()
    rgb = {name: picture[..., i].copy() for i, name in enumerate("RGB")}

    def write(name: str, planes: dict[str, np.ndarray], **header: object) -> None:
        base = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(base | header, dict(planes)).write(str(folder / f"exr_{name}.exr"))

    for packing in ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"):
        half = {name: plane.astype(np.float16) for name, plane in rgb.items()}
        kind = {"compression": getattr(OpenEXR, f"{packing}_COMPRESSION")}
        write(f"half_{packing.lower()}", half, **kind)
        write(f"float_{packing.lower()}", rgb, **kind)
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 24
    write("tiles", rgb, type=OpenEXR.tiledimage, tiles=tiles)
    write("luminance", {"Y": rgb["G"]})
    write("alpha", rgb | {"A": rgb["G"] / 200})
    write("small_letters", {name.lower(): plane for name, plane in rgb.items()})
    write("depth_too", rgb | {"Z": rgb["R"]})
    for space in ("lin_rec709_scene", "lin_ap1_scene", "lin_rec2020_scene", "srgb_rec709_scene"):
        write(space, {k: (v / 200).astype(np.float32) for k, v in rgb.items()},
              colorInteropID=space)  # fmt: skip
    box = (np.array([0, 0], np.int32), np.array([WIDTH + 19, HEIGHT + 9], np.int32))
    for x, y in ((0, 0), (5, 3), (-6, -4)):
        data = (np.array([x, y], np.int32), np.array([x + WIDTH - 1, y + HEIGHT - 1], np.int32))
        write(f"window_{x}_{y}", rgb, dataWindow=data, displayWindow=box)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, planes, name)
        for name, planes in (
            ("normal", {axis: rgb["R"].copy() for axis in "XYZ"}),
            ("beauty", dict(rgb)),
        )
    ]
    OpenEXR.File(parts).write(str(folder / "exr_two_parts.exr"))


def plain(folder: Path) -> None:
    """Write the formats of display codes that Pillow writes, and PFM and Radiance."""
    from hdrmetrics import write_image

    eight, sixteen = codes(np.uint8, 8), codes(np.uint16, 16)
    picture = Image.fromarray(eight)
    for ending in ("png", "bmp", "gif", "ppm", "jp2", "jpg", "webp", "qoi"):
        options = {"colorspace": "sRGB"} if ending == "qoi" else {}
        picture.save(folder / f"rgb.{ending}", **options)
        if ending != "qoi":
            picture.convert("L").save(folder / f"grey.{ending}")
    for ending in ("png", "bmp", "gif"):
        picture.quantize(32).save(folder / f"palette.{ending}")
        picture.convert("1").save(folder / f"bits.{ending}")
    picture.save(folder / "progressive.jpg", progressive=True)
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    picture.save(folder / "lossless.webp", lossless=True)
    picture.save(folder / "animated.gif", save_all=True, append_images=[picture.rotate(180)])
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        for ending in ("jpg", "png", "webp"):
            picture.save(folder / f"orientation_{orientation}.{ending}", exif=exif)
    write_image(folder / "sixteen.png", sixteen)
    (folder / "sixteen.ppm").write_bytes(
        f"P6 {WIDTH} {HEIGHT} 65535\n".encode() + sixteen.astype(">u2").tobytes()
    )
    write_image(folder / "light.pfm", light())
    write_image(folder / "light.hdr", light())


def newer(folder: Path) -> None:
    """Write JPEG XL, AVIF, HEIC, JPEG XR and JPEG 2000 of more bits."""
    import imagecodecs as library
    import pillow_heif

    eight, sixteen = codes(np.uint8, 8), codes(np.uint16, 16)
    ten, twelve = codes(np.uint16, 10), codes(np.uint16, 12)
    made = {
        "lossless8.jxl": library.jpegxl_encode(eight, lossless=True),
        "lossless16.jxl": library.jpegxl_encode(sixteen, lossless=True),
        "float.jxl": library.jpegxl_encode(light() / 200, lossless=True),
        "lossy.jxl": library.jpegxl_encode(eight, distance=1.0),
        "eight.avif": library.avif_encode(eight, level=90, speed=9),
        "ten.avif": library.avif_encode(ten, level=95, speed=9, bitspersample=10),
        "half.jxr": library.jpegxr_encode(light().astype(np.float16), level=1.0),
        "eight.jxr": library.jpegxr_encode(eight, level=1.0),
        "twelve.jp2": library.jpeg2k_encode(twelve, level=0, reversible=True, bitspersample=12),
        "sixteen.j2k": library.jpeg2k_encode(sixteen, level=0, reversible=True, codecformat="j2k"),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    pillow_heif.from_bytes("RGB", (WIDTH, HEIGHT), eight.tobytes()).save(folder / "eight.heic")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for make in (tiffs, exrs, plain):
        make(folder)
    if all(importlib.util.find_spec(name) for name in ("imagecodecs", "pillow_heif")):
        newer(folder)
    print(f"{sum(1 for _ in folder.iterdir())} files in {folder}")


if __name__ == "__main__":
    main()
