"""The report of a set: its statistics, its figures, its examples, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datasets.reporting.contact_sheet import save_sheet
from datasets.reporting.examples import choose_examples, sheet_entries
from datasets.reporting.figures import distortion_figure, label_figure, save_figure, strength_figure
from datasets.scenes.scene import Scene
from datasets.table import LabelTable
from hdrmetrics.text.textfile import write_text

_EXAMPLES = 24


def write_report(
    table: LabelTable, text: str, out: Path, scenes: Sequence[Scene] = ()
) -> list[Path]:
    """Write what is known of a set; returns the files written.

    Parameters
    ----------
    table
        Of :func:`datasets.table.read_table`.
    text
        Of :func:`datasets.reporting.statistics.format_statistics`.
    out
        Folder: ``NAME.md``, ``NAME-labels.png``, ``NAME-distortions.png``, ``NAME-strength.png``
        (where something has a strength), and ``NAME-examples.jpg`` if there are scenes.
    scenes
        The scenes of the table, to show examples over the quality range.

    Raises
    ------
    ImageWriteError
        If a file cannot be written.
    UnknownNameError
        If scenes are given, and one that is needed is not among them.
    """
    out.mkdir(parents=True, exist_ok=True)
    name = str(table.metadata["name"])
    written = [out / f"{name}.md"]
    write_text(written[0], text + "\n")
    figures = {"labels": label_figure, "distortions": distortion_figure}
    if table.frame["strength"].notna().any():
        figures["strength"] = strength_figure
    for kind, draw in figures.items():
        path = out / f"{name}-{kind}.png"
        save_figure(draw(table.frame, title=name), path)
        written.append(path)
    if scenes:
        path = out / f"{name}-examples.jpg"
        entries = sheet_entries(table, scenes, choose_examples(table.frame, _EXAMPLES))
        save_sheet(path, entries, title=f"{name}: best to worst")
        written.append(path)
    return written
