"""The fenced blocks of a Markdown file, and the commands in them."""

from __future__ import annotations

import glob
import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """A fenced block: its file, the line it begins at, its language and its text."""

    file: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def blocks(path: Path) -> list[Block]:
    """Return all fenced blocks; a fence that is never closed is an error."""
    found: list[Block] = []
    inside: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("```"):
            if inside is not None:
                inside[2].append(line)
        elif inside is None:
            inside = (number, line[3:].strip(), [])
        else:
            found.append(Block(path.name, inside[0], inside[1], "\n".join(inside[2]) + "\n"))
            inside = None
    assert inside is None, f"{path.name}:{inside[0]}: a block without end"
    return found


def console_commands(text: str) -> list[str]:
    """Return the command lines of a console block, continued ones in one, without the prompt.

    Lines without prompt are what a command prints.
    """
    joined = re.sub(r"\\\n\s*", "", text)
    return [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]


def workflow_commands(text: str) -> list[str]:
    """Return what the ``run:`` entries of a workflow run, folded ones in one line."""
    found: list[str] = []
    lines = iter([*text.splitlines(), ""])
    line = next(lines)
    for following in lines:
        key = re.match(r"( *(?:- )?)run: *(.*)", line)
        if key is None:
            line = following
            continue
        indent, rest = len(key[1]), key[2]
        if rest not in (">", ">-"):
            found.append(rest)
            line = following
            continue
        folded = []
        while following.strip() and len(following) - len(following.lstrip()) > indent:
            folded.append(following.strip())
            following = next(lines)
        found.append(" ".join(folded))
        line = following
    return found


def words(command: str, folder: Path) -> list[str]:
    """Return the words of a command as a shell would: comments left out, patterns filled in."""
    found = []
    for word in shlex.split(command, comments=True):
        matches = sorted(glob.glob(word, root_dir=folder)) if glob.has_magic(word) else []
        found += matches or [word]
    return found
