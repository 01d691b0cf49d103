"""The command ``metrics``: what there is to choose from."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared

if TYPE_CHECKING:
    from hdrmetrics.catalogue.parameters import Parameter
    from hdrmetrics.metric import MetricInfo


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "metrics",
        help="list the metrics, or show one with its options",
        usage="hdrmetrics metrics [options] [NAME ...]",
        description="List the metrics, or show those that are named with their options.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="metric to show in full")
    which = parser.add_argument_group("filters")
    which.add_argument("--domain", choices=("hdr", "sdr", "tonemapped"), help="of these pictures")
    which.add_argument(
        "--reference", action=argparse.BooleanOptionalAction, default=None,
        help="those that need a reference, or do not",
    )  # fmt: skip
    which.add_argument(
        "--differentiable", action=argparse.BooleanOptionalAction, default=None,
        help="those with gradients, or without",
    )  # fmt: skip
    which.add_argument("--map", action="store_true", help="those with a map")
    shared.add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the metrics."""
    from hdrmetrics.catalogue.metrics import list_metrics, metric_info
    from hdrmetrics.cli.output import emit
    from hdrmetrics.cli.tables import terminal_width
    from hdrmetrics.text.textfile import json_text

    found = list_metrics(
        reference=arguments.reference,
        domain=arguments.domain,
        differentiable=arguments.differentiable,
    )
    found = [info for info in found if info.has_map or not arguments.map]
    if arguments.names:
        found = [metric_info(name) for name in arguments.names]
    width = terminal_width()
    if arguments.json is not None:
        emit(json_text([describe(info) for info in found]), arguments.json)
    if arguments.json != "-":
        if arguments.names:
            print("\n\n".join(card(info, width) for info in found))
        else:
            print(metrics_table(found, width))
    return 0


def describe(info: MetricInfo) -> dict[str, Any]:
    """Return a metric's description with its options as JSON-ready values."""
    import dataclasses

    from hdrmetrics.catalogue.metrics import metric_options
    from hdrmetrics.cli.options import takes
    from hdrmetrics.text.documents import FORMAT

    record = {"format": FORMAT} | dataclasses.asdict(info)
    record["range"] = [bound if math.isfinite(bound) else None for bound in info.range]
    record["options"] = {
        name: one.to_dict() | {"type": takes(one)}
        for name, one in metric_options(info.name).items()
    }
    return record


def _range(info: MetricInfo) -> str:
    low, high = (f"{bound:g}".replace("inf", "∞") for bound in info.range)
    return f"{low} … {high}"


def metrics_table(infos: list[MetricInfo], width: int | None) -> str:
    """Return a line for each metric."""
    from hdrmetrics.cli.tables import Column, format_table
    from hdrmetrics.text.formatting import arrow

    columns = [
        Column("metric"),
        Column("better"),
        Column("range", right=True),
        Column("unit"),
        Column("domain"),
        Column("ref."),
        Column("grad."),
        Column("map"),
        Column("citation", shrinks="end"),
    ]
    rows = [
        [
            info.name,
            arrow(info.higher_is_better),
            _range(info),
            info.unit,
            info.domain,
            _yes(info.reference),
            _yes(info.differentiable),
            _yes(info.has_map),
            info.citation,
        ]
        for info in infos
    ]
    return format_table(columns, rows, width=width)


def _yes(value: bool) -> str:
    return "yes" if value else "–"


def card(info: MetricInfo, width: int | None) -> str:
    """Return everything about one metric, its options included."""
    from hdrmetrics.catalogue.metrics import metric_options
    from hdrmetrics.cli.options import takes
    from hdrmetrics.cli.tables import Column, format_facts, format_table

    direction = "higher" if info.higher_is_better else "lower"
    means = "is better" if info.says_how_good else "where enhancement is worth more"
    facts = [
        ("domain", _domain(info)),
        ("says", _AXES[info.axis]),
        ("reference", "needed" if info.reference else "none"),
        ("value", f"{_range(info)}{f' {info.unit}' if info.unit else ''}, {direction} {means}"),
        ("gradients", _yes(info.differentiable)),
        ("map", _yes(info.has_map)),
        ("faults", ", ".join(info.faults) or "–"),
        ("smallest image", f"{info.minimum_size}×{info.minimum_size} pixels"),
        ("version", info.version),
        ("citation", info.citation),
    ]
    lines = [f"{info.name}: {info.title}", format_facts(facts, width), ""]
    options = metric_options(info.name)
    if not options:
        return "\n".join([*lines, "no options"])
    rows = [
        [name, _default(one.default), takes(one), _meaning(one)] for name, one in options.items()
    ]
    columns = [
        Column("option"), Column("default"), Column("takes", shrinks="end"),
        Column("what it is", shrinks="end"),
    ]  # fmt: skip
    return "\n".join([*lines, format_table(columns, rows, width=width)])


def _meaning(parameter: Parameter) -> str:
    derived = f"; none: {parameter.automatic}" if parameter.automatic else ""
    return f"{parameter.meaning}{derived}"


def _domain(info: MetricInfo) -> str:
    from hdrmetrics.learned.general import NAME

    return _GENERAL if (info.name, info.domain) == (NAME, "hdr") else _DOMAINS[info.domain]


_AXES = {
    "faithful": "how faithful a picture is, not how people like it",
    "liked": "how people like a picture, not how faithful it is",
    "gain": "what enhancement would bring, not how good a picture is",
}
_GENERAL = "HDR: light in cd/m² (PQ and HLG through a display model); SDR: values as they are"
_DOMAINS = {
    "hdr": "HDR: light in cd/m² (or display-encoded, through a display model)",
    "sdr": "SDR: display-encoded values as they are",
    "tonemapped": "tone-mapped test, HDR reference",
}


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
