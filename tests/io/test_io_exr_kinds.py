"""OpenEXR: which channels are the picture, where they lie, and what colours they are."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest
from exr_builder import BT709, Part, build, rgb, stacked

from hdrmetrics.errors import ImageLimitError, ImageReadError
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

SIZE = (3, 4)
AP0 = ((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), (0.32168, 0.33767))
AP1 = ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767))


def text(**values: str) -> dict[str, tuple[str, bytes]]:
    return {name: ("string", value.encode()) for name, value in values.items()}


def named(layer: str, seed: int = 1, names: str = "RGB") -> dict[str, np.ndarray]:
    planes = rgb(*SIZE, seed=seed).values()
    return {f"{layer}.{name}": plane for name, plane in zip(names, planes, strict=True)}


def vector(prefix: str, axes: str = "XYZ") -> dict[str, np.ndarray]:
    return {prefix + axis: np.full(SIZE, -1, np.float16) for axis in axes}


# Which channels.


@pytest.mark.parametrize("prefix", ["", "Normal.", "ViewLayer.Position.", "motion."])
@pytest.mark.parametrize("axes", ["XYZ", "XY", "YZ", "xyz"])
def test_a_vector_is_no_luminance(read, prefix, axes):
    with pytest.raises(ImageReadError, match="only the channels"):
        read(build(Part(vector(prefix, axes), SIZE)))


def test_colours_beside_a_vector(read):
    planes = rgb(*SIZE)
    image = read(build(Part(planes | vector("Normal.") | vector(""), SIZE)))
    np.testing.assert_array_equal(image.pixels, stacked(planes))


@pytest.mark.parametrize("first", [vector(""), vector("N."), rgb(*SIZE, seed=5)])
@pytest.mark.parametrize("name", ["Normal", "rgba.Position", "cryptomatte00"])
def test_the_part_of_colours_is_taken(read, first, name):
    beauty = rgb(*SIZE)
    data = build(Part(first, SIZE), Part(beauty, SIZE), names=[name, "beauty"])
    image = read(data)
    np.testing.assert_array_equal(image.pixels, stacked(beauty))
    assert image.origin.details["part"] == "beauty"


@pytest.mark.parametrize("name", ["beauty", "rgba", "ViewLayer.Combined"])
@pytest.mark.parametrize("first", [rgb(*SIZE, seed=5), {"Y": rgb(*SIZE, seed=5)["R"]}])
def test_the_part_that_is_called_beauty_comes_first(read, name, first):
    planes = rgb(*SIZE, seed=6)
    image = read(build(Part(first, SIZE), Part(planes, SIZE), names=["diffuse", name]))
    np.testing.assert_array_equal(image.pixels, stacked(planes))


@pytest.mark.parametrize("name", ["alpha", "occlusion", ""])
@pytest.mark.parametrize("kind", [np.float16, np.uint32])
def test_colours_come_before_grey_and_whole_numbers(read, name, kind):
    planes = rgb(*SIZE, seed=6)
    first = {"Y": np.ones(SIZE, kind)} if kind == np.float16 else rgb(*SIZE, dtype=kind)
    image = read(build(Part(first, SIZE), Part(planes, SIZE), names=[name, "render"]))
    np.testing.assert_array_equal(image.pixels, stacked(planes))


@pytest.mark.parametrize(
    "name",
    ["world_normal", "NormalsPass", "WorldNormal", "worldnormal", "Position2", "rgba.N", "motion_z",
     "cryptoObject00", "Object Matte"],
)  # fmt: skip
def test_words_in_a_name_tell_data(read, name):
    planes = rgb(*SIZE, seed=6)
    image = read(build(Part(rgb(*SIZE), SIZE), Part(planes, SIZE), names=[name, "render"]))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    with pytest.raises(ImageReadError, match="choose with part="):
        read(build(Part(named(name), SIZE)))


@pytest.mark.parametrize("name", ["Composition", "normalised_beauty", "Motion.rgb", "Spin"])
def test_words_in_a_name_that_only_look_like_data(read, name):
    planes = named(name)
    np.testing.assert_array_equal(
        read(build(Part(planes, SIZE))).pixels, stacked(planes, f"{name}.")
    )


def test_a_part_of_colours_behind_one_of_data(read):
    planes = rgb(*SIZE, seed=6)
    image = read(
        build(
            Part(rgb(*SIZE), SIZE, attributes=text(colorInteropID="data")),
            Part(planes, SIZE, attributes=text(colorInteropID="lin_rec709_scene")),
        )
    )
    np.testing.assert_array_equal(image.pixels, stacked(planes))


def test_a_lone_layer_of_normals_must_be_asked_for(read):
    data = build(Part(named("Normal"), SIZE))
    with pytest.raises(ImageReadError, match="there are 'Normal': choose with part="):
        read(data)
    np.testing.assert_array_equal(
        read(data, part="Normal").pixels, stacked(named("Normal"), "Normal.")
    )


def test_names_are_case_sensitive(read):
    planes = rgb(*SIZE)
    small = {name.lower(): np.zeros(SIZE, np.float16) for name in "RGB"}
    image = read(build(Part(planes | small, SIZE)))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert image.notes == ()


def test_small_letters_alone_are_taken_with_a_note(read):
    planes = rgb(*SIZE)
    image = read(build(Part({name.lower(): plane for name, plane in planes.items()}, SIZE)))
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert image.notes == ("the channels r, g, b were taken as colours",)


def test_mixed_letters_are_no_picture(read):
    planes = dict(zip("RgB", rgb(*SIZE).values(), strict=True))
    with pytest.raises(ImageReadError, match="only the channels"):
        read(build(Part(planes, SIZE)))


@pytest.mark.parametrize("name", ["ViewLayer.Combined", "beauty", "RGBA"])
def test_the_layer_that_is_called_beauty(read, name):
    planes = named("ViewLayer.DiffCol") | named("Emission", 2) | named(name, 3)
    planes |= vector("ViewLayer.Normal.") | {"ViewLayer.Depth.Z": np.ones(SIZE, np.float32)}
    image = read(build(Part(planes, SIZE)))
    np.testing.assert_array_equal(image.pixels, stacked(planes, f"{name}."))
    assert f"layer {name!r} was read" in image.notes


def views(*names: str) -> dict[str, tuple[str, bytes]]:
    body = b"".join(struct.pack("<i", len(name)) + name.encode() for name in names)
    return {"multiView": ("stringvector", body)}


def test_views_in_one_part(read):
    planes = rgb(*SIZE) | named("right")
    data = build(Part(planes, SIZE, attributes=views("left", "right")))
    image = read(data)
    np.testing.assert_array_equal(image.pixels, stacked(planes))
    assert "view 'left' of left, right was read" in image.notes
    np.testing.assert_array_equal(read(data, part="left").pixels, stacked(planes))
    np.testing.assert_array_equal(read(data, part="right").pixels, stacked(planes, "right."))


def test_views_that_are_all_named(read):
    planes = named("left") | named("right", 2)
    data = build(Part(planes, SIZE, attributes=views("left", "right")))
    for options in ({}, {"part": 0}):
        np.testing.assert_array_equal(read(data, **options).pixels, stacked(planes, "left."))


def test_views_in_parts(read):
    left, right = rgb(*SIZE), rgb(*SIZE, seed=1)
    data = build(
        Part(left, SIZE, attributes=text(view="left")),
        Part(right, SIZE, attributes=text(view="right")),
        names=["rgba_left", "rgba_right"],
    )
    np.testing.assert_array_equal(read(data).pixels, stacked(left))
    np.testing.assert_array_equal(read(data, part="right").pixels, stacked(right))


@pytest.mark.parametrize("value", [1.0, 0.5])
def test_alpha_is_noted_where_it_matters(read, value):
    planes = rgb(*SIZE) | {"A": np.full(SIZE, value, np.float16)}
    notes = read(build(Part(planes, SIZE))).notes
    assert notes == (
        ()
        if value == 1
        else ("the alpha channel was dropped", "colours are those over black (premultiplied)")
    )


# Where it lies.


def window(left: int, top: int, right: int, bottom: int) -> dict[str, tuple[str, bytes]]:
    return {"displayWindow": ("box2i", struct.pack("<4i", left, top, right, bottom))}


@pytest.mark.parametrize(
    ("origin", "corner"),
    [
        *itertools.product([(0, 0), (5, 3), (-3, 7), (-2, -1)], [(0, 0), (-4, 2)]),
        ((8, 6), (0, 0)),
    ],
)
def test_the_display_window_is_the_picture(read, origin, corner):
    planes = rgb(4, 6)
    (left, top), (x, y) = origin, corner
    shown = window(x, y, x + 9, y + 7)
    image = read(build(Part(planes, (4, 6), origin=origin, attributes=shown)))
    expected = np.zeros((8, 10, 3), np.float32)
    for row in range(4):
        for column in range(6):
            to_row, to_column = top + row - y, left + column - x
            if 0 <= to_row < 8 and 0 <= to_column < 10:
                expected[to_row, to_column] = stacked(planes)[row, column]
    np.testing.assert_array_equal(image.pixels, expected)
    assert any("outside the data window: black" in note for note in image.notes)


def test_the_note_on_black_borders_names_the_region_of_the_data(read):
    window = ("box2i", struct.pack("<4i", 10, 20, 29, 39))
    image = read(build(Part(rgb(*SIZE), SIZE, (12, 25), attributes={"displayWindow": window})))
    assert any(note.endswith("are the region 2,5,4,3") for note in image.notes)
    np.testing.assert_array_equal(image.pixels[5:8, 2:6], stacked(rgb(*SIZE)))


def test_a_display_window_out_of_proportion_is_refused(read):
    """A file of some hundred bytes would take gigabytes."""
    window = ("box2i", struct.pack("<4i", 0, 0, 9999, 9999))
    with pytest.raises(ImageLimitError, match="crop it first"):
        read(build(Part(rgb(*SIZE), SIZE, attributes={"displayWindow": window})))


def test_overscan_is_cut(read):
    planes = rgb(6, 8)
    image = read(build(Part(planes, (6, 8), origin=(-1, -2), attributes=window(0, 0, 5, 2))))
    np.testing.assert_array_equal(image.pixels, stacked(planes)[2:5, 1:7])
    assert len(image.notes) == 1
    assert "what lies outside was cut" in image.notes[0]


def test_chroma_is_placed_after_it_is_interpolated(read):
    planes = {"Y": np.ones((8, 8), np.float32), "RY": np.zeros((4, 4), np.float32),
              "BY": np.zeros((4, 4), np.float32)}  # fmt: skip
    image = read(build(Part(planes, (8, 8), origin=(2, 2), attributes=window(0, 0, 11, 9))))
    expected = np.zeros((10, 12, 3), np.float32)
    expected[2:10, 2:10] = 1
    np.testing.assert_array_equal(image.pixels, expected)


@pytest.mark.parametrize(
    ("shown", "error", "words"),
    [
        ((100, 0, 120, 20), ImageReadError, "no pixel of the EXR data window"),
        ((0, 4, 9, 9), ImageReadError, "no pixel of the EXR data window"),
        ((5, 0, 4, 3), ImageReadError, "corrupt: EXR display window"),
        ((0, 0, 99_999, 99_999), ImageLimitError, "100000 × 100000"),
        ((-(2**31), -(2**31), 2**31 - 1, 2**31 - 1), ImageLimitError, "limit"),
    ],
)
def test_windows_that_cannot_be(read, shown, error, words):
    with pytest.raises(error, match=words):
        read(build(Part(rgb(4, 6), (4, 6), attributes=window(*shown))))


# What colours they are.


def coloured(attributes: dict[str, tuple[str, bytes]], seed: int = 0) -> bytes:
    return build(Part(rgb(*SIZE, np.float32, seed), SIZE, attributes=attributes))


def primaries(points) -> dict[str, tuple[str, bytes]]:
    flat = [value for point in points for value in point]
    return {"chromaticities": ("chromaticities", struct.pack("<8f", *flat))}


def converted(points, pixels: np.ndarray) -> np.ndarray:
    return pixels @ conversion_matrix(points, CHROMATICITIES["bt709"]).T


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("lin_ap1_scene", AP1),
        ("lin_ap0_scene", AP0),
        ("lin_rec709_scene", CHROMATICITIES["bt709"]),
        ("lin_rec2020_scene", CHROMATICITIES["bt2020"]),
        ("lin_p3d65_scene", CHROMATICITIES["p3"]),
        ("lin_p3d65_display", CHROMATICITIES["p3"]),
        ("studio:lin_ap1_scene", AP1),
    ],
)
def test_linear_spaces_by_name(read, name, points):
    image = read(coloured(text(colorInteropID=name)))
    expected = converted(points, stacked(rgb(*SIZE, np.float32)))
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-4, atol=1e-5)
    assert image.calibration.kind == "relative"


def test_xyz_by_name_keeps_the_light(read):
    planes = {name: np.full(SIZE, value, np.float32)
              for name, value in zip("RGB", (0.95046, 1.0, 1.08906), strict=True)}  # fmt: skip
    part = Part(planes, SIZE, attributes=text(colorInteropID="lin_ciexyzd65_scene"))
    np.testing.assert_allclose(read(build(part)).pixels, 1, atol=1e-4)


def test_the_name_counts_before_chromaticities(read):
    stale = primaries(CHROMATICITIES["bt709"])
    image = read(coloured(text(colorInteropID="lin_ap1_scene") | stale))
    expected = converted(AP1, stacked(rgb(*SIZE, np.float32)))
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-4, atol=1e-5)
    assert any("contradict" in note for note in image.notes)
    agreeing = read(coloured(text(colorInteropID="lin_ap1_scene") | primaries(AP1)))
    assert not any("contradict" in note for note in agreeing.notes)


def test_the_aces_flag_counts_first(read):
    flag = {"acesImageContainerFlag": ("int", struct.pack("<i", 1))}
    expected = converted(AP0, stacked(rgb(*SIZE, np.float32)))
    for more in ({}, primaries(AP0), text(colorInteropID="lin_rec709_scene")):
        image = read(coloured(flag | more))
        np.testing.assert_allclose(image.pixels, expected, rtol=1e-4, atol=1e-5)
    off = {"acesImageContainerFlag": ("int", struct.pack("<i", 0))}
    np.testing.assert_array_equal(read(coloured(off)).pixels, stacked(rgb(*SIZE, np.float32)))


def test_the_first_header_speaks_for_the_file(read):
    first = Part({"Z": np.ones(SIZE, np.float32)}, SIZE,
                 attributes=text(colorInteropID="lin_ap1_scene"))  # fmt: skip
    second = Part(rgb(*SIZE, np.float32), SIZE)
    expected = converted(AP1, stacked(second.planes))
    np.testing.assert_allclose(read(build(first, second)).pixels, expected, rtol=1e-4, atol=1e-5)


def srgb_light(codes: np.ndarray) -> np.ndarray:
    return np.where(codes <= 0.04045, codes / 12.92, (np.maximum(codes, 0) + 0.055) ** 2.4 / 1.055**2.4)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("name", "curve", "points"),
    [
        ("srgb_rec709_scene", srgb_light, CHROMATICITIES["bt709"]),
        ("srgb_p3d65_scene", srgb_light, CHROMATICITIES["p3"]),
        ("srgb_ap1_scene", srgb_light, AP1),
        ("g22_rec709_scene", lambda x: x**2.2, CHROMATICITIES["bt709"]),
        ("g18_rec709_scene", lambda x: x**1.8, CHROMATICITIES["bt709"]),
        ("g24_rec709_scene", lambda x: x**2.4, CHROMATICITIES["bt709"]),
        ("g22_ap1_scene", lambda x: x**2.2, AP1),
    ],
)
def test_curves_of_scenes_are_undone(read, name, curve, points):
    image = read(coloured(text(colorInteropID=name)))
    expected = converted(points, curve(stacked(rgb(*SIZE, np.float32)).astype(np.float64)))
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-3, atol=1e-4)
    assert image.calibration.kind == "relative"
    assert any("was undone" in note for note in image.notes)


@pytest.mark.parametrize(
    ("name", "transfer", "space"),
    [
        ("srgb_rec709_display", "srgb", "bt709"),
        ("srgb_p3d65_display", "srgb", "p3"),
        ("g24_rec709_display", "bt1886", "bt709"),
        ("pq_rec2020_display", "pq", "bt2020"),
        ("hlg_rec2020_display", "hlg", "bt2020"),
    ],
)
def test_codes_of_displays_stay_codes(read, name, transfer, space):
    planes = {key: (plane / 4).astype(np.float32) for key, plane in rgb(*SIZE).items()}
    image = read(build(Part(planes, SIZE, attributes=text(colorInteropID=name))))
    np.testing.assert_allclose(image.pixels, stacked(planes), rtol=1e-6)
    assert (image.calibration.transfer, image.primaries) == (transfer, space)


@pytest.mark.parametrize("name", ["ocio:arrilogc4_awg4_scene", "pq_xyzd65_display", "Linear", "lin_x_scene"])  # fmt: skip  # noqa: E501
def test_unknown_spaces_are_refused(read, name):
    with pytest.raises(ImageReadError, match=r"is not known: convert to lin_rec709_scene"):
        read(coloured(text(colorInteropID=name)))


def test_an_unknown_linear_space_with_chromaticities(read):
    image = read(coloured(text(colorInteropID="ocio:lin_wide_scene") | primaries(AP1)))
    expected = converted(AP1, stacked(rgb(*SIZE, np.float32)))
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-4, atol=1e-5)
    assert any("chromaticities were used" in note for note in image.notes)


def test_a_space_called_unknown_is_noted(read):
    image = read(coloured(text(colorInteropID="unknown")))
    assert image.notes == ("the file calls its colour space unknown",)


def test_data_are_no_picture(read):
    data = coloured(text(colorInteropID="data"))
    with pytest.raises(ImageReadError, match="holds data, no colours"):
        read(data)
    assert any("no colours" in note for note in read(data, part=0).notes)


def test_a_part_of_data_is_passed_over(read):
    beauty = Part(rgb(*SIZE), SIZE, attributes=text(colorInteropID="lin_rec709_scene"))
    aov = Part(rgb(*SIZE, seed=1), SIZE, attributes=text(colorInteropID="data"))
    np.testing.assert_array_equal(read(build(beauty, aov)).pixels, stacked(beauty.planes))
    plain = Part(rgb(*SIZE, seed=2), SIZE)
    first = Part({"Z": np.ones(SIZE, np.float16)}, SIZE)
    np.testing.assert_array_equal(read(build(first, aov, plain)).pixels, stacked(plain.planes))


def test_an_adopted_neutral_is_noted(read):
    for point, noted in (((0.3127, 0.329), False), ((0.345, 0.358), True)):
        attribute = {"adoptedNeutral": ("v2f", struct.pack("<2f", *point))}
        notes = read(coloured(attribute | primaries(zip(BT709[0::2], BT709[1::2], strict=True)))).notes  # fmt: skip  # noqa: E501
        assert any("adoptedNeutral" in note for note in notes) == noted


@pytest.mark.parametrize(("name", "noted"), [("Linear", False), ("ACEScg", True), ("sRGB", True)])
def test_a_space_in_a_programs_own_attribute_is_noted(read, name, noted):
    attribute = {"oiio:ColorSpace": ("string", name.encode())}
    assert any("oiio:ColorSpace" in note for note in read(coloured(attribute)).notes) == noted
