"""The page of ``enhance``: every picture before and after, with its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdrmetrics.collection.previews import preview_of
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.improve.photograph import read_photograph
from hdrmetrics.improve.previews import SIDE, preview
from hdrmetrics.io import read_image
from hdrmetrics.report.page import Cell, Column, Page, PageRow, Picture, State
from hdrmetrics.report.pictures import EMBEDDED_UP_TO, stored
from hdrmetrics.report.rendering import write_page

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.metric import MetricInfo

_FINE = 3  # digits of values whose range is small


def write_enhancements(
    target: str,
    sets: Mapping[str, Sequence[Row]],
    keys: Mapping[str, Sequence[str]],
    infos: Sequence[MetricInfo],
    *,
    facts: Sequence[tuple[str, str]],
) -> None:
    """Write the page.

    Parameters
    ----------
    target
        Where to.
    sets
        Rows by method: those of the first are before, of the others after.
    keys
        By method, what each row's picture is called in all of them.
    infos
        The metrics.
    facts
        What must be known beside.

    Raises
    ------
    ImageWriteError
        If it cannot be written. A picture that cannot be shown is noted in its row.
    """
    before, *others = sets
    first = dict(zip(keys[before], sets[before], strict=True))
    pairs = [
        (method, key, first[key], row)
        for method in others
        for key, row in zip(keys[method], sets[method], strict=True)
    ]
    done = {key for _, key, *_ in pairs}
    shown = _Shown(target, embed=len(pairs) <= EMBEDDED_UP_TO)
    rows = [
        _row(key, method if len(others) > 1 else "", old, new, infos, shown)
        for method, key, old, new in pairs
    ]
    rows += [
        PageRow(key, {}, [], list(row.errors.values()))
        for key, row in first.items()
        if key not in done
    ]
    page = Page(
        title="Before and after enhancement",
        summary=f"{len(first)} pictures by {', '.join(others) or 'nothing'}.",
        columns=_columns(others, infos),
        rows=rows,
        sort=f"{infos[0].name} change",
        descending=infos[0].higher_is_better,
        facts=facts,
        unit=("picture", "pictures"),
    )
    write_page(target, page)


def _columns(methods: Sequence[str], infos: Sequence[MetricInfo]) -> list[Column]:
    columns = []
    if len(methods) > 1:
        states = tuple(State(one, one) for one in methods)
        columns.append(Column("method", "enhancer", "state", states=states))
    for info in infos:
        digits = 2 if info.unit or info.range[1] > 1 else _FINE
        meaning = f"{'higher' if info.higher_is_better else 'lower'} is better"
        for what in ("before", "after", "change"):
            name = f"{info.name} {what}"
            columns.append(Column(name, name, "number", meaning, digits=digits))
    return columns


class _Shown:
    """Makes the previews of a page, each once."""

    def __init__(self, page: str, *, embed: bool) -> None:
        self.page, self.embed = page, embed
        self.last: tuple[str, bytes] = ("", b"")

    def pictures(self, before: str, after: str) -> list[Picture]:
        if self.last[0] != before:
            self.last = before, preview(read_photograph(Path(before)))
        files = {"before": self.last[1], "after": preview_of(read_image(after), SIDE)}
        return [stored(label, data, self.page, embed=self.embed) for label, data in files.items()]


def _row(
    name: str,
    method: str,
    before: Row,
    after: Row,
    infos: Sequence[MetricInfo],
    shown: _Shown,
) -> PageRow:
    cells: dict[str, Cell] = {"method": method} if method else {}
    for info in infos:
        old, new = (
            row.scores[info.name].value if info.name in row.scores else None
            for row in (before, after)
        )
        cells |= {f"{info.name} before": old, f"{info.name} after": new}
        cells[f"{info.name} change"] = None if old is None or new is None else new - old
    notes = [
        text if what == "file" else f"{what}: {text}"
        for row in (before, after)
        for what, text in row.errors.items()
    ]
    pictures: list[Picture] = []
    if "file" not in after.errors:
        try:
            pictures = shown.pictures(before.test, after.test)
        except HdrMetricsError as error:
            notes.append(str(error))
    return PageRow(name, cells, pictures, list(dict.fromkeys(notes)))
