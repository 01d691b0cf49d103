import numpy as np
import pytest
from PIL import Image

from hdrmetrics.collection.bursts.taken import taken_at, when

ORIGINAL, DIGITISED, FRACTION, CHANGED = 0x9003, 0x9004, 0x9291, 0x0132


def photograph(path, tags, changed=None, **options):
    exif = Image.Exif()
    exif[0x010F] = "maker"  # Pillow takes a block without a tag of the first directory for none
    exif.get_ifd(0x8769).update(tags)
    if changed:
        exif[CHANGED] = changed
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_the_cameras_time_is_read(tmp_path, ending):
    path = photograph(tmp_path / f"a.{ending}", {ORIGINAL: "2023:01:02 03:04:05", FRACTION: "7"})
    assert taken_at(path) == "2023-01-02T03:04:05.700000"


def test_a_scanners_time_will_do_but_no_editors(tmp_path):
    path = photograph(
        tmp_path / "a.jpg",
        {ORIGINAL: "    :  :     :  :  ", DIGITISED: "2011:11:11 11:11:11"},
        "2020:02:02 02:02:02",
    )
    assert taken_at(path) == "2011-11-11T11:11:11"
    assert taken_at(photograph(tmp_path / "b.jpg", {}, "2020:02:02 02:02:02")) == ""


@pytest.mark.parametrize(
    "date",
    [
        None, "", "0000:00:00 00:00:00", "1970:01:01 00:00:00", "2000:01:01 00:00:00",
        "2024:13:01 10:00:00", "2023:02:29 10:00:00", "2024:05:06 25:00:00", "yesterday",
        b"\xff\xfe", 12, "9999:12:31 23:59:60",
    ],
)  # fmt: skip
def test_what_cannot_be_is_no_time(date):
    assert when(date) == ""


def test_other_ways_to_write_are_read():
    assert when(b"2024:05:06 07:08:09\0") == "2024-05-06T07:08:09"
    assert when("2024-05-06T07:08:09+02:00", "x") == "2024-05-06T07:08:09"
    assert when("2024:05:06 23:59:60") == "2024-05-07T00:00:00"


def test_files_that_cannot_be_read_say_nothing(tmp_path):
    good = photograph(tmp_path / "a.jpg", {ORIGINAL: "2023:01:02 03:04:05"}).read_bytes()
    place = good.index(b"Exif\0\0") + 6
    for name, data in {
        "empty": b"", "text": b"no picture", "cut": good[:60],
        "wild": good[: place + 4] + b"\xff" * 40 + good[place + 44 :],
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
        assert taken_at(tmp_path / name) == "", name
    assert taken_at(tmp_path) == taken_at("s3://nowhere/a.jpg") == ""
