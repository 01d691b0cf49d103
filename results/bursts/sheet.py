"""A sheet of groups, right and wrong, with what is said of their pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hdrmetrics.collection.bursts.group import Group
from results.bursts.judged import Facts, Found, burst_of
from results.bursts.seen import STRANGER, members_of

_SIDE, _TEXT, _MOST = 150, 42, 7  # px of a picture and of the words under it; pictures in a row
_RIGHT, _ODD = 3, 9  # rows


def draw(path: Path, found: Found, facts: list[Facts], folders: tuple[Path, ...]) -> None:
    """Draw groups: some that are right, then those that are not, or whose keeper is not."""
    files = {file.stem: file for folder in folders for file in sorted(folder.iterdir())}
    right: list[Group] = []
    odd: list[Group] = []
    for group in found.groups:
        tallies = [found.tallies[burst_of(facts[member])] for member in group.members]
        whole = all(tally.exact for tally in tallies)
        (right if whole and tallies[0].kept else odd).append(group)
    chosen = [("right", group) for group in right[:: max(1, len(right) // _RIGHT)][:_RIGHT]]
    chosen += [("odd", group) for group in odd[:_ODD]]
    sheet = Image.new("RGB", (_MOST * _SIDE, max(1, len(chosen)) * (_SIDE + _TEXT)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for row, (kind, group) in enumerate(chosen):
        for column, member in enumerate(group.members[:_MOST]):
            fact = facts[member]
            codes = members_of(fact["kind"], files[fact["source"]])[fact["index"]].codes
            picture = Image.fromarray(codes)
            picture.thumbnail((_SIDE - 6, _SIDE - 6))
            left, top = column * _SIDE, row * (_SIDE + _TEXT)
            if member == group.keeper:
                pen.rectangle(
                    (left, top, left + _SIDE - 1, top + _SIDE - 1),
                    fill="seagreen" if kind == "right" else "darkorange",
                )
            sheet.paste(picture, (left + 3, top + 3))
            done = fact["done"] or (STRANGER if fact["kind"] == STRANGER else "unspoiled")
            said = group.why[member]
            for line, text in enumerate((done, said[:28], said[28:56])):
                pen.text((left + 3, top + _SIDE + 12 * line), text[:28], "black", font)
    sheet.save(path, quality=85)
