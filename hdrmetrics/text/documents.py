"""What every JSON document of the shell begins with; ``docs/schemas`` describes them all."""

from __future__ import annotations

from typing import Any

from hdrmetrics import __version__

FORMAT = 1
"""Of all documents together; it rises when a name in one of them goes or changes its meaning."""


def document(command: str, **contents: Any) -> dict[str, Any]:
    """Return a document with the program's version, its format and what was asked.

    Examples
    --------
    >>> sorted(document("score", rows=[]))
    ['command', 'format', 'hdrmetrics', 'rows']
    """
    return {"hdrmetrics": __version__, "format": FORMAT, "command": command, **contents}
