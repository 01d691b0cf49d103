"""Copies of sets of opinions in their authors' layouts, with pictures of four pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image


def photographs(folder: Path, names: Iterable[str]) -> None:
    """Write small pictures of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (2, 2), (90, 120, 60)).save(folder / name)


def table(path: Path, header: str, rows: Sequence[str]) -> Path:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


# Index, identifier, counts of 1 to 10, two tags, contest.
AVA_ROWS = (
    "1 953619 0 0 0 0 10 0 0 0 0 0 1 22 1396",
    "2 953958 1 0 0 0 0 0 0 0 0 1 15 21 1396",
    "3 954184 0 0 0 2 4 2 0 0 0 0 0 0 1397",
)


def ava_copy(folder: Path, *, listed: bool = True) -> Path:
    """Write three photographs of contests, of which the second is for the test."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "AVA.txt").write_text("\n".join(AVA_ROWS) + "\n")
    if listed:
        lists = folder / "aesthetics_image_lists"
        lists.mkdir()
        (lists / "generic_test.jpgl").write_text("953958\n")
        (lists / "generic_ls_train.jpgl").write_text("953619\n")
    photographs(folder / "images", ["953619.jpg", "953958.jpg", "954184.jpg"])
    return folder


KONIQ_NAMES = ("10004473376.jpg", "10007357496.jpg", "10007903636.jpg")
KONIQ_VOTES = ("0,0,25,75,0", "50,0,0,0,50", "0,0,0,0,100")


def koniq_copy(folder: Path, *, divided: bool = True) -> Path:
    """Write three photographs, one of each split, in one or the other of the authors' tables."""
    ends = (
        ("100,0.435,training", "1,2.01,validation", "50.5,0,test")
        if divided
        else ("100,3.75,0.435,100", "100,3,2.01,1", "100,5,0,50.5")
    )
    name, header = (
        ("koniq10k_distributions_sets.csv", "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set")
        if divided
        else (
            "koniq10k_scores_and_distributions.csv",
            '"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"',
        )
    )
    total = "100," if divided else ""
    rows = [
        f"{one},{votes},{total}{end}"
        for one, votes, end in zip(KONIQ_NAMES, KONIQ_VOTES, ends, strict=True)
    ]
    table(folder / name, header, rows)
    photographs(folder / "512x384", KONIQ_NAMES)
    return folder


SPAQ_HEADER = "Image name,MOS,Brightness,Colorfulness,Contrast,Noisiness,Sharpness"
SPAQ_ROWS = ("00001.jpg,0,1,2,3,4,5", "00002.jpg,100,50,50,50,50,50", "00003.jpg,32.5,9,9,9,9,9")


def spaq_copy(folder: Path) -> Path:
    """Write three photographs of telephones, the table saved from Excel as CSV."""
    path = folder / "Annotations" / "MOS and Image attribute scores.csv"
    table(path, SPAQ_HEADER, SPAQ_ROWS)
    photographs(folder / "TestImage", ["00001.jpg", "00002.jpg", "00003.jpg"])
    return folder


def kadid_copy(folder: Path, rows: Sequence[tuple[str, float, float]]) -> Path:
    """Write spoilt pictures: name, opinion, deviation."""
    table(
        folder / "dmos.csv",
        "dist_img,ref_img,dmos,var",
        [f"{name},{name[:3]}.png,{mean},{spread}" for name, mean, spread in rows],
    )
    photographs(folder / "images", [name for name, _, _ in rows])
    return folder


def tid_copy(folder: Path, rows: Sequence[tuple[str, float, float]]) -> Path:
    """Write spoilt pictures: name, opinion, deviation. Files are of the other case than names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mos_with_names.txt").write_text("".join(f"{m:.5f} {n}\r\n" for n, m, _ in rows))
    (folder / "mos_std.txt").write_text("".join(f"{s:.5f}\r\n" for _, _, s in rows))
    photographs(folder / "distorted_images", [name.swapcase() for name, _, _ in rows])
    return folder


def biq_copy(folder: Path) -> Path:
    """Write three photographs of BIQ2021."""
    for split, rows in (("Train", ["a.jpg,0", "B.jpg,1"]), ("Test", ["c.jpg,0.5"])):
        table(folder / f"{split} (Images and MOS).csv", "Image Name,MOS", rows)
    photographs(folder / "Images", ["a.jpg", "b.jpg", "c.jpg"])
    return folder
