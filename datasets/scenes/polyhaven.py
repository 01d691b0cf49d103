"""The command that fetches panoramas from Poly Haven, with an index of what they are.

    python -m datasets.scenes.polyhaven --out DIR --count 50 --resolution 1k

All panoramas of Poly Haven are CC0. Files that are there and right are not fetched again, so an
interrupted run goes on where it was; a file that fails is named, and the others are fetched.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tqdm import tqdm

from datasets.rows import write_rows
from datasets.scenes.download import Client, file_hashes, scheme
from datasets.scenes.scene_index import INDEX_NAME
from datasets.streams import digest
from hdrmetrics.errors import HdrMetricsError, ImageLimitError, ImageReadError, OptionError

API = "https://api.polyhaven.com"
"""The public API; its terms ask for the credit that the command prints."""

CREDIT = "Powered by Poly Haven (https://polyhaven.com); its assets are CC0"

LICENCE = "CC0-1.0 (Poly Haven)"

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_WORD = re.compile(r"[A-Za-z0-9]{1,8}")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_CATALOGUE_LIMIT, _LISTING_LIMIT = 2**26, 2**23  # bytes of JSON
_COURTESY = 0.2  # seconds between files


@dataclass(frozen=True, slots=True)
class Asset:
    """A panorama of the catalogue: its identifier, its title and its authors."""

    id: str
    title: str
    authors: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the API announces it: address, size in bytes, MD5."""

    url: str
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the index that is written beside the files."""

    file: str
    scene: str
    licence: str
    kind: str
    title: str
    authors: str
    source: str
    bytes: str
    md5: str
    sha256: str


def list_assets(
    client: Client, base: str, categories: Sequence[str] = ()
) -> tuple[list[Asset], list[str]]:
    """Return the panoramas of the catalogue, and what is wrong with entries that were left out.

    The order is a shuffle that depends on the identifiers alone: the first fifty are a fair
    sample, and remain among the first hundred.

    Parameters
    ----------
    client
        Does the asking.
    base
        Address of the API.
    categories
        Only panoramas that are in all of them.

    Raises
    ------
    ImageReadError
        If there is no answer, or it is not the expected JSON.
    """
    query = {"type": "hdris"} | ({"categories": ",".join(categories)} if categories else {})
    url = f"{base.rstrip('/')}/assets?{urlencode(query)}"
    answer = _json(client, url, _CATALOGUE_LIMIT)
    assets, rejected = [], []
    for name, about in answer.items():
        # Identifiers become file names: one with a path in it must go nowhere.
        if not _ID.fullmatch(name):
            rejected.append(f"{name!r} is no identifier")
            continue
        details = about if isinstance(about, dict) else {}
        authors = details.get("authors")
        names = ", ".join(str(one) for one in authors) if isinstance(authors, dict) else ""
        assets.append(Asset(name, str(details.get("name", name)), names))
    return sorted(assets, key=lambda asset: digest("polyhaven", asset.id)), rejected


def find_file(
    client: Client, base: str, asset: str, resolution: str = "1k", file_format: str = "hdr"
) -> RemoteFile:
    """Return where the file of a panorama is.

    Raises
    ------
    ImageReadError
        If there is no answer, it is not the expected JSON, or names no such file.
    """
    url = f"{base.rstrip('/')}/files/{quote(asset, safe='')}"
    found: Any = _json(client, url, _LISTING_LIMIT)
    for key in ("hdri", resolution, file_format):
        if not isinstance(found, dict) or key not in found:
            raise ImageReadError(f"{asset}: there is no file hdri/{resolution}/{file_format}")
        found = found[key]
    if not isinstance(found, dict):
        raise ImageReadError(f"{asset}: the API describes its file in an unknown way")
    address, size, md5 = found.get("url"), found.get("size"), found.get("md5")
    if (
        not isinstance(address, str)
        or not isinstance(size, int)
        or isinstance(size, bool)
        or size < 1
        or not isinstance(md5, str)
        or not _MD5.fullmatch(md5)
    ):
        raise ImageReadError(f"{asset}: the API gives no address, size and MD5 for its file")
    if scheme(address) != "https" and scheme(base) == "https":
        raise ImageReadError(f"{asset}: its file is offered without encryption: {address!r}")
    return RemoteFile(address, size, md5.lower())


def fetch(
    client: Client, base: str, asset: Asset, folder: Path, *, resolution: str, file_format: str,
    max_bytes: int,
) -> Entry:  # fmt: skip
    """Bring one panorama into a folder, unless it is there already, and return its index row.

    Raises
    ------
    ImageLimitError
        If it is announced to be larger than ``max_bytes``.
    ImageReadError
        If it cannot be fetched, or is not what the API announces.
    ImageWriteError
        If it cannot be written.
    """
    remote = find_file(client, base, asset.id, resolution, file_format)
    if remote.size > max_bytes:
        raise ImageLimitError(
            f"{asset.id}: its file has {remote.size} bytes, more than the limit of {max_bytes}: "
            "choose a smaller resolution, or raise --max-mb"
        )
    path = folder / f"{asset.id}_{resolution}.{file_format}"
    sha256 = _present(path, remote)
    if sha256 is None:
        sha256 = client.save(remote.url, path, size=remote.size, md5=remote.md5)
    return Entry(
        file=path.name,
        scene=asset.id,
        licence=LICENCE,
        kind="panorama",
        title=asset.title,
        authors=asset.authors,
        source=remote.url,
        bytes=str(remote.size),
        md5=remote.md5,
        sha256=sha256,
    )


def _present(path: Path, remote: RemoteFile) -> str | None:
    """Return the SHA-256 of a file that is there and right, otherwise ``None``."""
    if not path.is_file() or path.stat().st_size != remote.size:
        return None
    md5, sha256 = file_hashes(path)
    return sha256 if md5 == remote.md5 else None


def _json(client: Client, url: str, limit: int) -> dict[str, Any]:
    data = client.read(url, limit=limit)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageReadError(f"{url}: the answer is no JSON ({error})") from error
    if not isinstance(answer, dict):
        raise ImageReadError(f"{url}: the answer is no JSON object, as the API promises")
    return answer


_COLUMNS = [field.name for field in fields(Entry)]


def read_entries(folder: Path) -> dict[str, Entry]:
    """Return the rows of an index that this command wrote, by file.

    Raises
    ------
    OptionError
        If the index in the folder is another one.
    """
    path = folder / INDEX_NAME
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != _COLUMNS:
                raise OptionError(f"{path} is not an index of this command; use another folder")
            rows = [Entry(*(row[column] or "" for column in _COLUMNS)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"{path} cannot be read ({error})") from error
    return {row.file: row for row in rows}


def write_entries(entries: dict[str, Entry], folder: Path) -> None:
    """Write the index, sorted by file."""
    rows = (asdict(entries[name]) for name in sorted(entries))
    write_rows(folder / INDEX_NAME, _COLUMNS, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch panoramas; return 0, 1 if some failed, 2 if nothing could be begun."""
    options = _parser().parse_args(arguments)
    client = Client(timeout=options.timeout, attempts=options.attempts, pause=options.pause)
    print(CREDIT)
    try:
        for word in (options.resolution, options.format):
            if not _WORD.fullmatch(word):  # they become parts of file names
                raise OptionError(
                    f"resolutions and formats are words such as 1k or hdr, not {word!r}"
                )
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"cannot make the folder {options.out}: {error}") from error
        entries = read_entries(options.out)
        assets, rejected = list_assets(client, options.base_url, options.category)
    except HdrMetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    failures = [f"left out: {reason}" for reason in rejected]
    chosen = assets[: options.count]
    for asset in tqdm(chosen, unit="file", disable=None):
        try:
            entry = fetch(
                client,
                options.base_url,
                asset,
                options.out,
                resolution=options.resolution,
                file_format=options.format,
                max_bytes=options.max_mb * 2**20,
            )
            entries[entry.file] = entry
            write_entries(entries, options.out)  # each time: an interrupted run has its index
        except HdrMetricsError as error:
            failures.append(f"failed: {error}")
        time.sleep(min(_COURTESY, options.pause))
    for failure in failures:
        print(failure, file=sys.stderr)
    failed = len(failures) - len(rejected)
    print(f"{len(chosen) - failed} of {len(chosen)} files are in {options.out}")
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m datasets.scenes.polyhaven", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to fill")
    parser.add_argument("--count", type=_positive, default=20, help="how many panoramas")
    parser.add_argument("--resolution", default="1k", help="1k (1024×512), 2k, 4k, …")
    parser.add_argument("--format", default="hdr", help="hdr (default) or exr")
    parser.add_argument(
        "--category", action="append", default=[], metavar="NAME",
        help="only panoramas of this category, such as outdoor; may be repeated",
    )  # fmt: skip
    parser.add_argument("--max-mb", type=_positive, default=64, help="largest file, in MiB")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds without an answer")
    parser.add_argument("--attempts", type=_positive, default=4, help="tries for each file")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds before a second try")
    parser.add_argument("--base-url", default=API, help="another server with this API")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number of 1 or more, not {text}")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
