"""The server: what it serves and takes, and whom it refuses."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.labels import read_labels
from hdrmetrics.improve.server import LARGEST_BODY, AnnotationServer
from tests.improve.conftest import NAMES, Client, save

Serve = Callable[..., Client]


def test_the_page_is_whole_and_under_a_strict_policy(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    status, body, headers = client.ask("GET", "")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == policy["connect-src"] == "'self'"
    for name in ("style-src", "script-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", policy[name])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    text = body.decode()
    assert not re.search(r"https?://|\bon[a-z]+=|innerHTML|style=|src=\"|href=\"(?!icon\")", text)
    assert not any(name in text for name in NAMES)


def test_both_pictures_are_served_by_number_and_side(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    for number, pair in enumerate(client.annotation.pairs):
        other = "left" if client.annotation.side(number) == "right" else "right"
        for side, path, kind in (
            (client.annotation.side(number), pair.enhanced, "image/jpeg"),
            (other, pair.input, "image/png"),
        ):
            status, body, headers = client.ask("GET", f"picture/{number}/{side}")
            assert (status, headers["Content-Type"]) == (200, kind)
            assert body == path.read_bytes()


def test_nothing_else_is_served(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    for path in (
        "picture/5/left", "picture/-1/left", "picture/0/middle", "picture/0", "picture/1e0/left",
        "picture/0/left/..", "labels.csv",
        "input/lake.png", "../labels.csv", "..%2flabels.csv", "%2e%2e/labels.csv", "state?x=1",
        "answer", "/", "//etc/passwd",
    ):  # fmt: skip
        status, body, _ = client.ask("GET", path)
        assert status == 404, path
        assert b"lake" not in body


def test_only_this_address_with_its_secret_is_answered(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    port = client.server.server_port
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/[\w-]{{32}}/", client.server.url)
    for token in ("", "x", client.server.token[:-1], client.server.token + "x"):
        assert client.ask("GET", "state", token=token)[0] == 403
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        assert client.ask("GET", "state", Host=host)[0] == 403
    assert client.ask("GET", "state", Host=f"localhost:{port}")[0] == 200
    for origin in ("http://evil.example", f"https://127.0.0.1:{port}", "null", ""):
        status, _, _ = client.ask("GET", "state", Origin=origin)
        assert status == 403, origin
    assert client.ask("GET", "state", Origin=f"http://127.0.0.1:{port}")[0] == 200
    body = b'{"number": 0, "choice": 3, "seconds": 1}'
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        status, _, _ = client.ask(
            "POST", "answer", body, Content_Type="application/json", **headers
        )
        assert status == 403
    assert not client.labels.exists()


def test_it_listens_on_this_machine_only(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    assert client.server.server_address[0] == "127.0.0.1"
    with pytest.raises(OptionError, match=r"cannot listen at port \d+: .*choose another"):
        AnnotationServer(client.annotation, port=client.server.server_port)


def test_answers_are_kept_and_lead_on(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    first = client.state()
    assert first["name"] == client.annotation.pairs[0].name
    status, told = client.post("answer", number=0, choice=5, seconds=2.5)
    assert (status, told["labelled"], told["current"], told["upcoming"]) == (200, 1, 1, 2)
    expected = 2 if client.annotation.side(0) == "right" else -1
    assert read_labels(client.labels) == {first["name"]: expected}
    status, told = client.post("answer", number=0, choice=5, seconds=2.5)  # sent twice
    assert (status, told["current"]) == (409, 1)
    status, told = client.post("back")
    assert (status, told["current"], told["choice"]) == (200, 0, 5)
    client.post("answer", number=0, choice=3, seconds=1)
    assert read_labels(client.labels) == {first["name"]: 0}


NONSENSE = (
    b"", b"{", b"[]", b"3", b"null", b"\xff", b"{}", b'{"number": 0, "choice": 3}',
    b'{"number": 0, "choice": 3, "seconds": 1, "name": "x"}',
    b'{"number": "0", "choice": 3, "seconds": 1}',
    b'{"number": true, "choice": 3, "seconds": 1}',
    b'{"number": 0, "choice": 3.0, "seconds": 1}',
    b'{"number": 0, "choice": true, "seconds": 1}',
    b'{"number": 0, "choice": 6, "seconds": 1}',
    b'{"number": 0, "choice": 3, "seconds": -1}',
    b'{"number": 0, "choice": 3, "seconds": NaN}',
    b'{"number": 0, "choice": 3, "seconds": 1e999}',
    b'{"number": 0, "choice": 3, "seconds": "1"}',
    b"[" * 4000,
)  # fmt: skip


def test_nonsense_is_refused(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    for body in NONSENSE:
        status, answer, _ = client.ask("POST", "answer", body, Content_Type="application/json")
        assert status == 400, body
        assert json.loads(answer)["error"]
    assert not client.labels.exists()
    assert client.state()["labelled"] == 0


def test_long_and_strange_bodies_are_not_read(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    right = b'{"number": 0, "choice": 3, "seconds": 1}'
    assert client.ask("POST", "answer", right, Content_Type="text/plain")[0] == 415
    assert client.ask("POST", "answer", right)[0] == 415
    for length in (str(LARGEST_BODY + 1), "99999999999999999999"):
        status, _, headers = client.ask(
            "POST", "answer", right, Content_Type="application/json", Content_Length=length
        )
        assert (status, headers["Connection"]) == (413, "close")
    padded = right + b" " * (LARGEST_BODY - len(right))
    assert client.ask("POST", "back", padded + b" ", Content_Type="application/json")[0] == 413
    for length in ("-1", "1.5", "x", ""):
        status, _, _ = client.ask(
            "POST", "answer", right, Content_Type="application/json", Content_Length=length
        )
        assert status == 411
    status, _, _ = client.ask("POST", "nothing", b"{}", Content_Type="application/json")
    assert status == 404
    assert not client.labels.exists()
    assert client.ask("POST", "answer", padded, Content_Type="application/json")[0] == 200


def test_other_methods_and_broken_requests_do_no_harm(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    assert client.ask("DELETE", "state")[0] == 501
    strange = f"GET /{client.server.token}/picture/٠/left HTTP/1.1\r\nHost: {{}}\r\n\r\n"
    host = f"127.0.0.1:{client.server.server_port}"
    foreign = "GET /äöü/state HTTP/1.1\r\nHost: {}\r\n\r\n"
    for text in (
        strange.format(host).encode(),
        foreign.format(host).encode(),
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /" + b"x" * 70000,
        b"",
    ):
        with socket.create_connection(("127.0.0.1", client.server.server_port), 5) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            assert b" 200 " not in connection.recv(100)
    assert client.state()["total"] == 5


def test_pictures_are_converted_and_what_cannot_be_is_left_out(folder: Path, serve: Serve) -> None:
    save(folder / "input" / "lake.bmp", 70)
    (folder / "input" / "lake.png").unlink()
    (folder / "input" / "roof.png").unlink()
    (folder / "input" / "roof.tif").write_bytes(b"II*\0torn")
    client = serve(folder)
    names = [pair.name for pair in client.annotation.pairs]
    for side in ("left", "right"):
        status, body, headers = client.ask("GET", f"picture/{names.index('lake')}/{side}")
        assert status == 200
        assert headers["Content-Type"] in ("image/png", "image/jpeg")
        status, body, _ = client.ask("GET", f"picture/{names.index('roof')}/{side}")
        assert status == 422
        assert "roof.tif" in json.loads(body)["error"]
    while client.state()["name"] != "roof":
        client.post("answer", number=client.state()["current"], choice=3, seconds=1)
    _, told = client.post("leave-out", number=client.state()["current"])
    assert told["total"] == 4
    assert list(client.annotation.problems) == ["roof"]
    assert "roof.tif" in client.annotation.problems["roof"]
    number = client.state()["current"]
    if number is not None:  # one that only the browser cannot show
        client.post("leave-out", number=number)
        assert client.annotation.problems[names[number]].startswith("the browser cannot")


def test_large_pictures_arrive_whole(folder: Path, serve: Serve) -> None:
    path = folder / "input" / "lake.png"
    PillowImage.effect_noise((1500, 1000), 80).save(path)
    client = serve(folder)
    number = [pair.name for pair in client.annotation.pairs].index("lake")
    side = "left" if client.annotation.side(number) == "right" else "right"
    assert client.ask("GET", f"picture/{number}/{side}")[1] == path.read_bytes()


def test_it_ends_when_the_page_says_so(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    status, told = client.post("end")
    assert (status, told["labelled"]) == (200, 0)
    assert client.ended()


def test_it_ends_when_all_is_labelled_unless_the_last_is_taken_back(
    folder: Path, serve: Serve
) -> None:
    client = serve(folder, linger=0.6)
    for number in range(5):
        assert client.thread.is_alive()
        client.post("answer", number=number, choice=3, seconds=1)
    assert client.state()["current"] is None
    assert client.post("back")[1]["current"] == 4
    client.thread.join(1.0)
    assert client.thread.is_alive()
    client.post("answer", number=4, choice=1, seconds=1)
    assert client.ended()


def test_it_ends_when_a_second_page_labelled_the_last_pair(folder: Path, serve: Serve) -> None:
    client, other = serve(folder, linger=0.1), serve(folder, linger=0.1)
    for number in range(5):
        other.post("answer", number=number, choice=3, seconds=1)
    status, told = client.post("answer", number=0, choice=3, seconds=1)
    assert (status, told["current"], told["labelled"]) == (409, None, 5)
    assert client.ended()


def test_a_disk_that_takes_no_answer_is_told_and_the_pair_stays(folder: Path, serve: Serve) -> None:
    client = serve(folder)
    client.labels.mkdir()
    status, told = client.post("answer", number=0, choice=3, seconds=1)
    assert status == 500
    assert "labels.csv" in told["error"]
    client.labels.rmdir()
    assert client.state()["current"] == 0
    assert client.post("answer", number=0, choice=3, seconds=1)[0] == 200
