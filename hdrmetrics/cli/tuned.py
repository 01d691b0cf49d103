"""Pictures that were tuned: made in a command, and told of in its table, JSON and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hdrmetrics.cli.tuning import BEST, Tuning

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from hdrmetrics.cli.making import Made
    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.optimize.problem import Scene
    from hdrmetrics.optimize.result import Optimized
    from hdrmetrics.tonemap.color import ColorTreatment
    from hdrmetrics.tonemap.encode import DisplayTransfer

_STRIP = 200
"""Longer side of the small pictures above a plot, in pixels."""


class TonemapTuner:
    """Tunes operators for the pictures of a command, and keeps thumbnails for its page.

    Parameters
    ----------
    tuning
        What is asked for.
    color, saturation, transfer
        As for :func:`hdrmetrics.tonemap.tonemap`.

    Raises
    ------
    HdrMetricsError
        If there is no such metric, or it judges other pictures.
    """

    def __init__(
        self,
        tuning: Tuning,
        color: ColorTreatment | None,
        saturation: float,
        transfer: DisplayTransfer,
    ) -> None:
        from hdrmetrics.optimize.tonemapping import goals_and_judge

        self.tuning = tuning
        self.rendering: dict[str, Any] = {
            "color": color, "saturation": saturation, "transfer": transfer
        }  # fmt: skip
        goals_and_judge(*tuning.made())  # refuses what cannot be, first

    def tune(self, light: Tensor, variant: Variant, path: Path) -> tuple[Optimized, dict[str, Any]]:
        """Return what the search found for a picture, and JSON-ready facts about it.

        Parameters
        ----------
        light
            ``(1, C, H, W)`` in cd/m².
        variant
            Operator and fixed settings.
        path
            Of the picture that will be written, by which its thumbnails are called.
        """
        from hdrmetrics.optimize import best_operator, optimize_tonemap
        from hdrmetrics.optimize.best import DEFAULT

        goals, judge = self.tuning.made()
        how: dict[str, Any] = {"plan": self.tuning.plan, "judge": judge, **self.rendering}
        if variant.operator == BEST:
            best = best_operator(light, (), goals, **how)
            found, record = best.chosen, best.to_dict()
        else:
            found = optimize_tonemap(light, variant.operator, goals, **how, **variant.settings)
            record = found.to_dict()
        details: dict[str, Any] = {"optimization": record | self.tuning.told}
        if self.tuning.page is not None:
            first = DEFAULT if variant.operator == BEST else found.name
            details["thumbnails"] = self._thumbnails(light, first, found, path, self.tuning.page)
        return found, details

    def _thumbnails(
        self, light: Tensor, first: str, found: Optimized, path: Path, page: str
    ) -> dict[str, str]:
        from hdrmetrics.optimize.tonemapping import ToneMapping

        rendering = {**self.rendering, "transfer": "srgb"}  # what browsers show
        shown = ToneMapping(light, found.name, {}, **rendering)
        before = None
        if first != found.name:
            plain = ToneMapping(light, first, {}, **rendering)
            before = plain, plain.default
        return save_thumbnails(shown, found, path, page, before=before)


class Shown(Protocol):
    """What makes display-encoded pictures of settings, at any size."""

    def at(self, side: int, /) -> Scene:
        """Return the picture reduced to a longer side."""


def save_thumbnails(
    shown: Shown,
    found: Optimized,
    path: Path,
    page: str,
    *,
    before: tuple[Shown, Mapping[str, Any]] | None = None,
) -> dict[str, str]:
    """Write the pictures of a page, before and after and the way, and return where they lie.

    ``before`` is what made the first one and its settings, where that is another operator.
    """
    from hdrmetrics.improve.previews import preview, preview_paths, save_previews
    from hdrmetrics.jobs.page_files import folder_of
    from hdrmetrics.picture.image import Calibration, Image
    from hdrmetrics.report.traces import trace_figure

    def seen(what: Shown, settings: Mapping[str, Any]) -> bytes:
        pixels = what.at(640).render(settings)[0].movedim(0, 2).contiguous().numpy()
        return preview(Image(pixels, Calibration("display", transfer="srgb")))

    first, default = before or (shown, found.default)
    images = {"before": seen(first, default), "after": seen(shown, found.settings)}
    if found.trace:
        images["trace"] = trace_figure(found.trace, _strip(shown, found))
    paths = preview_paths(folder_of(page), str(path))
    paths["trace"] = paths["before"].with_name(paths["before"].name.replace("-before", "-trace"))
    return save_previews(paths, images, of_page=True)


def _strip(problem: Shown, found: Optimized) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return small pictures of the way: the default, the best of each step, the end."""
    import numpy as np

    stops: list[tuple[str, Mapping[str, Any]]] = [("default", found.default)]
    for side in sorted({trial.side for trial in found.trace}):
        for step, word in (("scan", "best of the scan"), ("gradient", "descent"),
                           ("evolution", "evolution")):  # fmt: skip
            some = [t for t in found.trace if t.side == side and t.step == step]
            if some:
                best = min(some, key=lambda trial: trial.loss)
                stops.append((f"{word}, {side} px", {**found.default, **best.settings}))
    stops.append(("found" if found.tuned else "found, refused", found.found))
    scene = problem.at(_STRIP)
    strip = []
    for title, settings in stops:
        pixels = scene.render(settings)[0].movedim(0, 2)
        codes = (pixels.expand(*pixels.shape[:2], 3) * 255).round().numpy().astype(np.uint8)
        strip.append((title, codes))
    return strip


def _record(made: Made) -> Mapping[str, Any]:
    found: Mapping[str, Any] = made.details.get("optimization", {})
    return found


def _short(settings: Mapping[str, Any]) -> str:
    """Return settings with four digits, for a table or a sentence."""
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in settings.items()
    )


def tuned_operator(made: Made) -> str:
    """Return the operator that was chosen for a picture; empty where none was."""
    return str(_record(made).get("name", ""))


def tuned_settings(made: Made) -> str:
    """Return the settings that were found for a picture, for a table; empty where none were."""
    record = _record(made)
    if not record:
        return ""
    if not record["tuned"]:
        return "default kept"
    return _short(record["settings"])


def tuned_scores(made: Sequence[Made]) -> dict[str, list[str]]:
    """Return cells of before and after by metric, the judge's among them."""
    names = list(dict.fromkeys(name for one in made for name in _record(one).get("after", ())))
    found: dict[str, list[str]] = {name: [] for name in names}
    for one in made:
        record = _record(one)
        for name in names:
            before, after = (record.get(key, {}).get(name) for key in ("before", "after"))
            arrow = f"{before:.4g} → {after:.4g}" if record and record["tuned"] else ""
            found[name].append(arrow or (f"{before:.4g}" if before is not None else ""))
    return found


def tuned_sentence(made: Sequence[Made], transfer: str, *, done: str = "tone-mapped") -> str:
    """Return what to say of a picture that is the only one.

    Parameters
    ----------
    made
        The picture.
    transfer
        What its values are.
    done
        What was done to it.
    """
    record = next((_record(one) for one in made if _record(one)), None)
    if record is None:
        return ""
    scores = [
        f"{name} {before:.4g} → {record['after'][name]:.4g}"
        for name, before in record["before"].items()
    ]
    if not record["tuned"]:
        return f"{done} by {record['name']} as it is, {transfer}: {record['reason']}"
    settings = _short(record["settings"])
    return f"{done} by {record['name']} {settings}, {transfer}; {'; '.join(scores)}"


def tuned_facts(made: Sequence[Made], tuning: Tuning, planned: int) -> list[tuple[str, str]]:
    """Return lines for below a table: what was optimised, who judged, what was refused."""
    records = [_record(one) for one in made if _record(one)]
    facts = [("optimised", tuning.named), ("judge", tuning.judged), *tuning.facts]
    verdicts = [record["judge"] for record in records if record.get("judge")]
    if planned == 1:
        from hdrmetrics.report.tunings import judge_text

        facts[1] = ("judge", judge_text(verdicts[0])) if verdicts else facts[1]
        return facts
    kept = sum(not record["tuned"] for record in records)
    if kept:
        refused = sum(verdict["worse"] for verdict in verdicts)
        facts.append(("default kept", f"{kept} of {len(records)}, {refused} by the judge"))
    return facts


def write_tuned_page(
    made: Sequence[Made],
    tuning: Tuning,
    facts: Sequence[tuple[str, str]],
    *,
    interrupted: bool,
) -> None:
    """Write the page, and remove thumbnails that it holds itself.

    Parameters
    ----------
    made
        The pictures.
    tuning
        What was asked for.
    facts
        What the values depend on.
    interrupted
        Whether the run ended early: the one that goes on needs the thumbnails.

    Raises
    ------
    ImageWriteError
        If it cannot be written.
    """
    from hdrmetrics.cli.output import short_names
    from hdrmetrics.report.rendering import write_page
    from hdrmetrics.report.tunings import TunedRow, embeds, tunings_page

    assert tuning.page is not None
    rows = []
    for name, one in zip(short_names([str(one.target) for one in made]), made, strict=True):
        record = _record(one)
        status = "failed" if one.state == "failed" else "there"
        if record:
            status = "tuned" if record["tuned"] else "kept"
        notes = [one.error] if one.error else []
        thumbnails = {k: Path(v) for k, v in one.details.get("thumbnails", {}).items()}
        rows.append(
            TunedRow(name, status, record, thumbnails, str(one.target), [*notes, *one.warnings])
        )
    page = tunings_page(rows, goal=tuning.named, facts=facts, target=tuning.page)
    write_page(tuning.page, page, tidy=not interrupted)
    if embeds(rows):
        for one in made:
            one.details.pop("thumbnails", None)
