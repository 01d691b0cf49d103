"""The page of a ranked collection: the best first, bursts folded to the one to keep."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.collection.ranking import Place, Ranking
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import ImageReadError
from hdrmetrics.report.page import Column, Mark, Page, PageRow, Picture
from hdrmetrics.report.pictures import EMBEDDED_UP_TO, stored
from hdrmetrics.report.scores import error_notes, metric_columns, score_cells

TIED = "tied"
"""The mark of pictures whose place is shared, or is not certain."""

DISAGREE = "axes disagree"
"""The mark of pictures that one axis sees better than the other."""

UNSCORED = "not scored"
"""The mark of pictures without a place."""

_TIED = (
    "another picture has the same value, or the interval of its neighbour in the order reaches "
    "this value"
)


def ranking_page(
    ranking: Ranking,
    target: str | os.PathLike[str],
    *,
    preview: Callable[[Record], bytes | None] = lambda record: record.preview,
    enhanced: Mapping[str, bytes] | None = None,
    figures: Mapping[str, Mapping[str, bytes]] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    title: str = "Photographs in order",
    embed: bool | None = None,
) -> Page:
    """Return the page of a ranking, for :func:`~hdrmetrics.report.rendering.write_page`.

    Parameters
    ----------
    ranking
        The pictures with their places.
    target
        Where the page will be.
    preview
        Called with each record: the JPEG file to show, where there is one. By default what the
        record holds; that of a large collection is better read from where it is kept.
    enhanced
        By a record's name, a JPEG file of what enhancement makes of it: it is compared with the
        preview by a slider.
    figures
        By a record's name: JPEG or PNG files by their titles, such as quality maps, which are
        loaded when somebody opens them.
    facts
        What the values depend on.
    title
        The heading.
    embed
        Whether the page holds the pictures itself. Default: if there are no more than
        :data:`~hdrmetrics.report.pictures.EMBEDDED_UP_TO` rows; otherwise they are
        written to the folder ``PAGE_files`` beside the page.

    Returns
    -------
    Page
        In the order of the ranking. A picture that cannot be shown is a note of its row.

    Raises
    ------
    ImageWriteError
        If a picture beside the page cannot be written.

    Examples
    --------
    >>> import hdrmetrics as hm
    >>> from hdrmetrics.collection.record import Record
    >>> from hdrmetrics.result import Score
    >>> score = Score("nima", 6.5, "", (1.0, 10.0), True, low=6.0, high=7.0)
    >>> place = Place(Record("a.jpg", "a.jpg", scores={"nima": score}), 1)
    >>> info = next(one for one in hm.list_metrics() if one.name == "nima")
    >>> page = ranking_page(Ranking((info,), (place,)), "page.html")
    >>> page.sort, page.rows[0].cells["nima"].value, page.rows[0].cells["place"]
    ('nima', 6.5, 1)
    """
    enhanced, figures = enhanced or {}, figures or {}
    places, infos = ranking.places, ranking.metrics
    first = infos[0].name
    if embed is None:
        embed = len(places) <= EMBEDDED_UP_TO
    columns = [
        *metric_columns(infos, [one.record.scores for one in places]),
        Column("place", "place", help="1 is the best; those that tie share one", digits=0),
        Column("megapixels", "megapixels", help="of the file", digits=1),
        Column("taken", "taken", "text"),
        Column("why", "burst", "text"),
        Column("path", "file", "text"),
    ]
    shelf = _Shelf(target, embed)
    rows = [
        _row(
            one,
            infos,
            shelf,
            preview(one.record),
            enhanced.get(one.record.name),
            figures.get(one.record.name, {}),
        )
        for one in places
    ]
    values = [one.record.scores[first].value for one in places if first in one.record.scores]
    bursts = len({one.group for one in places if one.group is not None})
    tied = [("tied", _TIED)] if any(one.tied for one in places) else []
    return Page(
        title=title,
        summary=_summary(len(values), len(places), [info.name for info in infos], bursts),
        columns=_needed(columns, rows),
        rows=rows,
        sort=first,
        # The ranking says what is best: what has most to gain may come first, or last.
        descending=values[0] > values[-1] if values and values[0] != values[-1]
        else infos[0].higher_is_better,
        facts=[*facts, *tied],
    )  # fmt: skip


class _Shelf:
    """Puts pictures into the page or beside it; what cannot be shown becomes a note."""

    def __init__(self, target: str | os.PathLike[str], embed: bool) -> None:
        self.target, self.embed = target, embed

    def put(self, files: Mapping[str, bytes], notes: list[str]) -> list[Picture]:
        made = []
        for label, data in files.items():
            try:
                made.append(stored(label, data, self.target, embed=self.embed))
            except ImageReadError as error:
                notes.append(str(error))
        return made


def _row(
    place: Place,
    infos: Sequence[MetricInfo],
    shelf: _Shelf,
    before: bytes | None,
    after: bytes | None,
    figures: Mapping[str, bytes],
) -> PageRow:
    record = place.record
    scores = {one.name: record.scores[one.name] for one in infos if one.name in record.scores}
    marks = [Mark(TIED)] if place.tied else []
    if place.disagreement:
        marks.append(Mark(DISAGREE, place.disagreement, "warning"))
    scored = infos[0].name in scores
    if not scored:
        marks.insert(0, Mark(UNSCORED, "", "bad"))
    cells = score_cells(scores, record.errors if scored else {}, marks)
    cells["place"] = place.number
    if record.width and record.height:
        cells["megapixels"] = record.width * record.height / 1e6
    if record.look is not None and record.look.taken:
        cells["taken"] = record.look.taken.replace("T", " ")
    cells["why"] = place.why or None
    if record.path != record.name:
        cells["path"] = record.path
    notes = error_notes(record.errors)
    files: dict[str, bytes] = {}
    if before is not None:
        files = {"before" if after is not None else "preview": before}
        files |= {"after": after} if after is not None else {}
    pictures = shelf.put(files, notes)
    drawn = shelf.put(figures, notes)
    group = "" if place.group is None else str(place.group)
    said = {key: value for key, value in cells.items() if value is not None}
    return PageRow(record.name, said, pictures, notes, drawn, group, place.keeper)


def _needed(columns: Sequence[Column], rows: Sequence[PageRow]) -> list[Column]:
    """Return the columns in which some row says something."""
    said = {key for row in rows for key in row.cells}
    return [column for column in columns if column.key in said or column.kind == "score"]


def _summary(scored: int, total: int, metrics: Sequence[str], bursts: int) -> str:
    count = f"{total}" if scored == total else f"{scored} of {total}"
    more = f"; {bursts} {'burst' if bursts == 1 else 'bursts'}" if bursts else ""
    return f"{count} photographs by {', then '.join(metrics)}{more}."
