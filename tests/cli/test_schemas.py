"""Every JSON document of the shell is as its schema in ``docs/schemas`` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import hdrmetrics as hm
from hdrmetrics.text.documents import FORMAT
from tests.improve.standins import install, photograph

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
PICTURE = str(next(iter(hm.sample_images().values())))
FOLDER = str(Path(PICTURE).parent)


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def check(name: str, document: Any) -> None:
    jsonschema.validate(document, schema(name))
    several = isinstance(document, list)
    for one in document if several else [document]:
        other = {**one, "format": FORMAT + 1}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([other] if several else other, schema(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("scores", ("score", PICTURE, "-m", "pu21-piqe,piqe")),
        ("scores", ("score", PICTURE, "/no/such.exr", "-m", "pu21-piqe")),
        ("scores", ("compare", PICTURE, PICTURE, "-m", "pu21-psnr")),
        ("scores", ("rank", FOLDER, "-m", "pu21-piqe")),
        ("gate", ("evaluate", PICTURE, "-r", PICTURE, "--fail-below", "pu21-psnr=38")),
        ("metrics", ("metrics", "psnr", "hdrvdp2", "norvdpnet", "mpsnr", "pu21-ssim")),
        ("displays", ("displays",)),
        ("operators", ("tonemap", "--list")),
        ("operators", ("expand", "--list")),
        ("operators", ("enhance", "--list")),
    ],
)
def test_documents_are_as_their_schema_says(run: Any, name: str, words: tuple[str, ...]) -> None:
    check(name, json.loads(run(*words, "--json").out))


def test_made_pictures_and_baselines(run: Any, tmp_path: Path) -> None:
    for command, name in (("tonemap", "out.png"), ("expand", "out.exr")):
        source = PICTURE if command == "tonemap" else str(tmp_path / "out.png")
        target = str(tmp_path / name)
        check("pictures", json.loads(run(command, source, target, "--json").out))
    bad = tmp_path / "bad.exr"
    bad.write_bytes(b"no picture")
    for command, name in (("tonemap", "b.png"), ("expand", "b.exr")):
        check("pictures", json.loads(run(command, str(bad), str(tmp_path / name), "--json").out))
    words = ("tonemap", PICTURE, str(tmp_path / "out.png"), "--skip-existing", "--json")
    check("pictures", json.loads(run(*words).out))
    baseline = tmp_path / "baseline.json"
    words = ("-r", PICTURE, "-m", "pu21-psnr", "--baseline", str(baseline), "--update-baseline")
    assert run("evaluate", PICTURE, *words).code == 0
    check("baseline", json.loads(baseline.read_text(encoding="utf-8")))


def test_enhanced_pictures_and_their_scores(run: Any, tmp_path: Path) -> None:
    photograph(tmp_path / "photos" / "one.png", 0.4)
    (tmp_path / "photos" / "bad.png").write_bytes(b"no picture")
    words = ("enhance", tmp_path / "photos", "--enhancer", "unsharp_mask", "--json")
    check("pictures", json.loads(run(*words, "-o", tmp_path / "a").out))
    more = ("-o", tmp_path / "b", "-m", "psnr", "-r", tmp_path / "photos" / "one.png")
    check("scores", json.loads(run(*words, *more).out))


def test_improvements(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    photograph(tmp_path / "photos" / "much.png", 0.8)
    photograph(tmp_path / "photos" / "fine.png", 0.1)
    (tmp_path / "photos" / "bad.png").write_bytes(b"no picture")
    words = ("improve", tmp_path / "photos", "--json")
    check("improve", json.loads(run(*words).out))
    check("improve", json.loads(run(*words, "--mode", "auto", "--out", tmp_path / "o").out))
    again = (*words, "--mode", "recommend", "--out", tmp_path / "p", "--guard", "none")
    check("improve", json.loads(run(*again, "--only", "fine.png").out))
