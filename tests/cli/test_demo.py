"""The command ``demo`` does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdrmetrics as hm


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demonstration once; return its folder and what it printed."""
    import contextlib
    import io

    from hdrmetrics.cli import main

    folder = tmp_path_factory.mktemp("demo")
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main(["demo", "--out", str(folder)]) == 0
    return folder, text.getvalue()


def test_it_scores_every_sample(tour: tuple[Path, str]) -> None:
    metrics = ("norvdpnet", "pu21-piqe")
    for row in hm.score_files([(path, None) for path in hm.sample_images().values()], metrics):
        values = [f"{row.scores[metric].value:.2f}" for metric in metrics]
        cells = [Path(row.test).name, *values]
        # Intervals stand behind the scores.
        assert cells in [line.split()[: len(cells)] for line in tour[1].splitlines()]


def test_its_files_give_the_values_it_prints(tour: tuple[Path, str]) -> None:
    folder, text = tour
    name = next(iter(hm.sample_images()))
    lines = [line.split() for line in text.splitlines()]
    versions = sorted(folder.glob(f"{name}-*.exr"))
    assert len(versions) == 3
    for path in versions:
        cells = [path.name]
        for metric, digits in (("pu21-psnr", 2), ("pu21-ssim", 4)):
            value = float(hm.score(path, metric, reference=folder / f"{name}.exr"))
            assert value < (60 if metric == "pu21-psnr" else 0.999)
            cells.append(f"{value:.{digits}f}")
        assert cells in lines
        assert (folder / "maps" / f"{path.stem}.png").stat().st_size > 10_000


def test_the_commands_it_names_work(tour: tuple[Path, str], run) -> None:
    folder, text = tour
    commands = [line.split() for line in text.splitlines() if line.startswith("  hdrmetrics ")]
    assert [words[1] for words in commands] == ["compare", "rank", "evaluate", "metrics"]
    compare = [word.replace("diff.png", str(folder / "diff.png")) for word in commands[0][1:]]
    assert run(*compare).code == 0
    assert (folder / "diff.png").exists()
    assert run(*commands[1][1:]).code == 0
    assert run(*commands[2][1:]).code == 1  # the blurred version is below the limit


def test_the_same_bytes_every_time(tour: tuple[Path, str], run, tmp_path: Path) -> None:
    assert run("demo", "--out", tmp_path / "again").code == 0
    first = {p.name: hm.read_image(p).pixels.tobytes() for p in tour[0].glob("*.exr")}
    again = {p.name: hm.read_image(p).pixels.tobytes() for p in (tmp_path / "again").glob("*.exr")}
    assert first == again


def test_a_folder_that_cannot_be_made(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("demo", "--out", tmp_path / "file" / "folder")
    assert result.code == 2
    assert "cannot make the folder" in result.err
