"""What a page's JSON block says, row by row."""

from __future__ import annotations

import json
import re
from typing import Any


def read_page(html: str) -> dict[str, Any]:
    """Return a page's columns, and its rows with their cells by the column's key.

    A ``score`` is its value, or (value, low, high) where it has an interval.
    """
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    data: dict[str, Any] = json.loads(block)
    texts = data["texts"]
    rows = []
    for index, name in enumerate(data["names"]):
        key = str(index)
        rows.append({
            "name": name,
            "cells": {one["key"]: _cell(one, index, data) for one in data["columns"]},
            "pictures": [_picture(one, texts) for one in data["pictures"][index]],
            "figures": [_picture(one, texts) for one in data["figures"].get(key, ())],
            "notes": [texts[one] for one in data["notes"].get(key, ())],
            "group": data["groups"].get(key),
            "keeper": index in data["keepers"],
        })  # fmt: skip
    return {**data, "rows": rows}


def _picture(record: list[Any], texts: list[str]) -> dict[str, Any]:
    label, src, width, height = record
    return {"label": texts[label], "src": src, "width": width, "height": height}


def _cell(column: dict[str, Any], index: int, data: dict[str, Any]) -> Any:
    value, texts = column["values"][index], data["texts"]
    if value is None:
        return None
    if column["kind"] == "state":
        return column["states"][value]["key"]
    if column["kind"] == "text":
        return texts[value]
    if column["kind"] == "tags":
        return [texts[one] for one in value]
    if column["kind"] == "marks":
        marks = [data["marks"][one] for one in value]
        return [(texts[label], texts[text], tone) for label, text, tone in marks]
    if "lows" in column and column["lows"][index] is not None:
        return value, column["lows"][index], column["highs"][index]
    return value
