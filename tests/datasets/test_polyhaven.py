from __future__ import annotations

import csv
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.scenes.download import USER_AGENT, Client, file_hashes
from datasets.scenes.polyhaven import CREDIT, list_assets, main, read_entries
from datasets.scenes.scene_files import find_scenes
from hdrmetrics import as_image, write_image
from hdrmetrics.errors import ImageLimitError, ImageReadError, ImageWriteError, OptionError

FAST = Client(timeout=5, attempts=3, pause=0.0)


class Server:
    """A stub of the API whose answers a test sets: body, or (status, body, headers) in turn."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path
                number = stub.asked[path]
                stub.asked[path] += 1
                stub.agents.add(self.headers["User-Agent"])
                answer = stub.answers.get(path, (404, b"No asset", {}))
                if isinstance(answer, list):
                    answer = answer[min(number, len(answer) - 1)]
                status, body, headers = answer if isinstance(answer, tuple) else (200, answer, {})
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def offer(self, asset: str, body: bytes, **changes: Any) -> str:
        """Announce a file, served at the returned path."""
        path = f"/file/{asset}.hdr"
        about = {
            "url": self.url + path,
            "size": len(body),
            "md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        } | changes
        listing = {"hdri": {"1k": {"hdr": about}}, "tonemapped": {}}
        self.answers[f"/files/{asset}"] = json.dumps(listing).encode()
        self.answers[path] = body
        return path

    def catalogue(self, *assets: str, query: str = "type=hdris") -> None:
        listed = {
            asset: {"name": asset.title(), "authors": {"Greg Zaal": "All", "B, C": "x"}}
            for asset in assets
        }
        self.answers[f"/assets?{query}"] = json.dumps(listed).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    stub = Server()
    yield stub
    stub.close()


def _run(server: Server, out: Path, *more: str) -> int:
    return main(
        ["--out", str(out), "--base-url", server.url, "--pause", "0", "--attempts", "3", *more]
    )


def _rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "index.csv").open(newline="") as file:
        return {row["scene"]: row for row in csv.DictReader(file)}


def test_files_come_with_an_index(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).random((32, 64, 3), dtype=np.float32)
    write_image(tmp_path / "made.hdr", as_image(pixels, "hdr"))
    body = (tmp_path / "made.hdr").read_bytes()
    server.catalogue("old_hall", "quarry_07")
    server.offer("old_hall", body)
    server.offer("quarry_07", body + b"\0")
    out = tmp_path / "scenes"
    assert _run(server, out) == 0
    assert CREDIT in capsys.readouterr().out
    assert server.agents == {USER_AGENT}
    assert "hdrmetrics" in USER_AGENT
    assert (out / "old_hall_1k.hdr").read_bytes() == body
    row = _rows(out)["old_hall"]
    assert row["licence"] == "CC0-1.0 (Poly Haven)"
    assert row["authors"] == "Greg Zaal, B, C"
    assert row["source"] == f"{server.url}/file/old_hall.hdr"
    assert row["sha256"] == hashlib.sha256(body).hexdigest()
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    hall, quarry = find_scenes(out)
    assert (hall.name, hall.kind, hall.panorama) == ("old_hall", "hdr", True)
    assert hall.licence == "CC0-1.0 (Poly Haven)"
    assert quarry.group == "quarry"
    assert hall.load().shape == (3, 32, 64)


def test_the_first_files_are_among_more(server: Server, tmp_path: Path) -> None:
    names = [f"place_{index}" for index in range(12)]
    server.catalogue(*names)
    for name in names:
        server.offer(name, name.encode())
    assert _run(server, tmp_path / "a", "--count", "3") == 0
    assert _run(server, tmp_path / "b", "--count", "7") == 0
    few, many = set(_rows(tmp_path / "a")), set(_rows(tmp_path / "b"))
    assert len(few) == 3
    assert len(many) == 7
    assert few < many


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.catalogue("a", "b")
    first, second = server.offer("a", b"abc"), server.offer("b", b"defg")
    assert _run(server, tmp_path) == 0
    (tmp_path / "b_1k.hdr").write_bytes(b"XXXX")  # of the right size, but damaged
    index = (tmp_path / "index.csv").read_bytes()
    assert _run(server, tmp_path) == 0
    assert server.asked[first] == 1
    assert server.asked[second] == 2
    assert (tmp_path / "b_1k.hdr").read_bytes() == b"defg"
    assert (tmp_path / "index.csv").read_bytes() == index


def test_categories_are_passed_on(server: Server, tmp_path: Path) -> None:
    server.catalogue("a", query="type=hdris&categories=outdoor%2Cpartly+cloudy")
    server.offer("a", b"abc")
    assert _run(server, tmp_path, "--category", "outdoor", "--category", "partly cloudy") == 0


def _wrong_hash(server: Server) -> None:
    server.offer("bad", b"abc", md5="0" * 32)


def _truncated(server: Server) -> None:
    server.answers[server.offer("bad", b"abcdef")] = (200, b"abc", {})


def _cut_off(server: Server) -> None:
    server.answers[server.offer("bad", b"abcdef")] = (200, b"abc", {"Content-Length": "6"})


def _longer(server: Server) -> None:
    server.answers[server.offer("bad", b"abc")] = b"abcdef" * 100_000


def _missing(server: Server) -> None:
    server.answers[server.offer("bad", b"abc")] = (404, b"", {})


def _down(server: Server) -> None:
    server.answers[server.offer("bad", b"abc")] = (503, b"", {"Retry-After": "0"})


def _huge(server: Server) -> None:
    server.offer("bad", b"abc", size=10**12)


def _no_listing(server: Server) -> None:
    server.answers.pop("/files/bad", None)


def _no_json(server: Server) -> None:
    server.answers["/files/bad"] = b"<html>"


def _other_json(server: Server) -> None:
    server.answers["/files/bad"] = b'["hdri"]'


def _deep_json(server: Server) -> None:
    server.answers["/files/bad"] = b"[" * 200_000


def _no_resolution(server: Server) -> None:
    server.answers["/files/bad"] = b'{"hdri": {"2k": {"hdr": {}}}}'


def _local_file(server: Server) -> None:
    server.offer("bad", b"abc", url=Path(__file__).as_uri())


def _redirected(server: Server) -> None:
    target = {"Location": Path(__file__).as_uri()}
    server.answers[server.offer("bad", b"abc")] = (302, b"", target)


def _redirected_elsewhere(server: Server) -> None:
    target = {"Location": "ftp://127.0.0.1/bad"}
    server.answers[server.offer("bad", b"abc")] = (302, b"", target)


def _no_address(server: Server) -> None:
    server.offer("bad", b"abc", url="http://[::1")


def _no_port(server: Server) -> None:
    server.offer("bad", b"abc", url="http://127.0.0.1:port/")


def _control_characters(server: Server) -> None:
    server.offer("bad", b"abc", url=f"{server.url}/a b\r\nX: y")


@pytest.mark.parametrize(
    ("spoil", "words", "requests"),
    [
        (_wrong_hash, "MD5", 3),
        (_truncated, "3 bytes came instead of 6", 3),
        (_cut_off, "bytes came instead of 6|breaks off", 3),
        (_longer, "more than 3 bytes", 3),
        (_missing, "404", 1),
        (_down, "503.*tried 3 times", 3),
        (_huge, "--max-mb", 0),
        (_no_listing, "404", 0),
        (_no_json, "no JSON", 0),
        (_other_json, "no JSON object", 0),
        (_deep_json, "no JSON", 0),
        (_no_resolution, "hdri/1k/hdr", 0),
        (_local_file, "only http", 0),
        (_redirected, "Redirection", 1),
        (_redirected_elsewhere, "is not followed", 1),
        (_no_address, "no address", 0),
        (_no_port, "no address", 0),
        (_control_characters, "no address", 0),
    ],
)
def test_one_bad_file_does_not_stop_the_others(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    spoil: Any, words: str, requests: int,
) -> None:  # fmt: skip
    server.catalogue("bad", "good")
    server.offer("good", b"fine")
    spoil(server)
    assert _run(server, tmp_path) == 1
    streams = capsys.readouterr()
    assert re.search(rf"failed: .*({words})", streams.err), streams.err
    assert "1 of 2 files" in streams.out
    assert server.asked["/file/bad.hdr"] == requests
    assert {path.name for path in tmp_path.iterdir()} == {"good_1k.hdr", "index.csv"}
    assert set(_rows(tmp_path)) == {"good"}


def test_a_server_that_recovers_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.catalogue("a")
    path = server.offer("a", b"abcdef")
    server.answers[path] = [(500, b"", {}), (200, b"abc", {"Content-Length": "6"}), b"abcdef"]
    assert _run(server, tmp_path) == 0
    assert server.asked[path] == 3
    assert file_hashes(tmp_path / "a_1k.hdr")[1] == hashlib.sha256(b"abcdef").hexdigest()


@pytest.mark.parametrize(
    "name", ["../../evil", "a/b", "", ".", "..\\x", "a\x00b", "x" * 101, "é", "a\n"]
)
def test_identifiers_with_paths_go_nowhere(server: Server, tmp_path: Path, name: str) -> None:
    server.catalogue(name, "good")
    server.offer("good", b"fine")
    assets, rejected = list_assets(FAST, server.url)
    assert [asset.id for asset in assets] == ["good"]
    assert len(rejected) == 1
    out = tmp_path / "inner" / "out"
    assert _run(server, out) == 1
    assert {path.name for path in tmp_path.rglob("*")} == {
        "inner", "out", "good_1k.hdr", "index.csv",
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"\xff", b'{"a":'])
def test_a_catalogue_that_cannot_be_read(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    server.answers["/assets?type=hdris"] = body
    assert _run(server, tmp_path) == 2
    assert "JSON" in capsys.readouterr().err


def test_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stub = Server()
    stub.close()
    assert _run(stub, tmp_path) == 2
    assert "no answer" in capsys.readouterr().err


def test_answers_are_bounded(server: Server) -> None:
    server.answers["/big"] = b"x" * 300_000
    assert len(FAST.read(f"{server.url}/big", limit=300_000)) == 300_000
    with pytest.raises(ImageLimitError, match="larger than"):
        FAST.read(f"{server.url}/big", limit=299_999)


def test_silence_ends(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ImageReadError, match="no answer"):
            Client(timeout=0.1, attempts=2, pause=0.0).read(f"http://127.0.0.1:{port}/", limit=9)


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    path = server.offer("a", b"abc")
    md5 = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
    with pytest.raises(ImageWriteError):
        FAST.save(server.url + path, tmp_path / "absent" / "a.hdr", size=3, md5=md5)
    assert server.asked[path] == 1  # another attempt would not help
    (tmp_path / "file").write_text("in the way")
    assert _run(server, tmp_path / "file") == 2


def test_an_index_of_somebody_else_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,scene\na,b\n")
    server.catalogue("a")
    assert _run(server, tmp_path) == 2
    assert (tmp_path / "index.csv").read_text() == "file,scene\na,b\n"
    with pytest.raises(OptionError, match="another folder"):
        read_entries(tmp_path)


@pytest.mark.parametrize("option", [("--resolution", "../1k"), ("--format", "h/dr")])
def test_names_of_files_stay_plain(server: Server, tmp_path: Path, option: tuple[str, str]) -> None:
    server.catalogue("a")
    assert _run(server, tmp_path, *option) == 2


def test_files_without_encryption_are_refused_where_the_api_has_it() -> None:
    from datasets.scenes.polyhaven import find_file

    class Fixed(Client):
        def read(self, url: str, *, limit: int) -> bytes:
            about = {"url": "http://example.org/a.hdr", "size": 3, "md5": "0" * 32}
            return json.dumps({"hdri": {"1k": {"hdr": about}}}).encode()

    with pytest.raises(ImageReadError, match="encryption"):
        find_file(Fixed(), "https://api.example.org", "a")
