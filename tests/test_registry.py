"""Names: third-party metrics, options, and how light the package is to import."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from typing import Any

import pytest
import torch

import hdrmetrics
from hdrmetrics import MetricInfo, create_metric, metric_info, metric_options
from hdrmetrics.catalogue import catalogue
from hdrmetrics.catalogue.metrics import METRICS, register_metric
from hdrmetrics.errors import HdrMetricsWarning, OptionError, UnknownNameError
from hdrmetrics.metric import Metric

INFO = MetricInfo(
    name="brightness",
    title="Mean luminance",
    domain="hdr",
    reference=False,
    higher_is_better=True,
    range=(0.0, float("inf")),
    unit="cd/m²",
    differentiable=True,
    map_kind=None,
    minimum_size=1,
    citation="none",
    version="1",
)


class Brightness(Metric):
    info = INFO

    def __init__(self, *, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def compare(self, test: torch.Tensor, features: Any, mask: Any) -> torch.Tensor:
        return self.gain * test.mean(dim=(1, 2, 3))


class Entry:
    """An installed package's entry point."""

    value = "third_party:metrics"

    def load(self) -> Any:
        return lambda: register_metric(INFO, Brightness)


class Broken(Entry):
    value = "broken:metrics"

    def load(self) -> Any:
        raise ImportError("no module named 'broken'")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Any:
    create_metric("psnr")  # ours are there
    ours = dict(METRICS.entries)  # ours are there after the first look-up
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [Broken(), Entry()])
    monkeypatch.setattr(METRICS, "_loaded", False)
    yield
    METRICS.entries.clear()
    METRICS.entries.update(ours)


@pytest.mark.usefixtures("plugins")
def test_third_party_metric_and_a_broken_one() -> None:
    with pytest.warns(HdrMetricsWarning, match="broken"):
        assert metric_info("brightness") == INFO
    assert list(metric_options("brightness")) == ["gain"]
    light = torch.full((2, 1, 4, 4), 7.0)
    assert create_metric("brightness", gain=2.0)(light).tolist() == [14.0, 14.0]
    got = hdrmetrics.score(light[0].numpy()[0], "brightness")
    assert got.value == 7.0
    assert got.unit == "cd/m²"


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_first_use_may_come_from_several_threads() -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
from hdrmetrics import create_metric, list_metrics
with ThreadPoolExecutor(8) as pool:
    names = [m.info.name for m in pool.map(create_metric, ["pu21-ssim", "psnr", "fsitm"] * 4)]
print(len(names), len(list_metrics()) > 80)
"""
    assert in_a_new_process(code) == "12 True"


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "MemoryError"])
def test_a_load_that_was_broken_off_begins_again(error: str) -> None:
    code = f"""
import importlib
import hdrmetrics
real, calls = importlib.import_module, []
def broken(name, *rest):
    calls.append(name)
    if len(calls) == 9:
        real(name, *rest)
        __import__("sys").modules.pop(name)  # as after an import that failed at its end
        raise {error}
    return real(name, *rest)
importlib.import_module = broken
try:
    hdrmetrics.list_metrics()
except {error}:
    importlib.import_module = real
    print(len(hdrmetrics.list_metrics()) > 80)
"""
    assert in_a_new_process(code) == "True"


def test_names_of_ours_are_ours_even_before_the_first_use() -> None:
    code = """
from hdrmetrics import list_metrics, register_metric, MetricInfo
info = MetricInfo("psnr", "", "sdr", True, True, (0.0, 1.0), "", False, None, 1, "", "1")
register_metric(info, lambda: None)
for _ in range(2):
    try:
        list_metrics()
    except ValueError as error:
        print("already" in str(error), end=" ")
"""
    assert in_a_new_process(code) == "True True"


class Odd(Brightness):
    """Options that no number describes."""

    info = dataclasses.replace(INFO, name="odd")

    def __init__(
        self, path: str, mode: str = "fast", weight: Any = None, *, low: float = -math.inf,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.path, self.mode, self.weight, self.low, self.more = path, mode, weight, low, more


@pytest.mark.filterwarnings("ignore::hdrmetrics.errors.HdrMetricsWarning")
def test_options_of_other_peoples_metrics_may_be_anything(plugins: Any) -> None:
    register_metric(Odd.info, Odd)
    register_metric(dataclasses.replace(INFO, name="c"), dict)  # type: ignore[arg-type]
    assert list(metric_options("odd")) == ["path", "mode", "weight", "low"]
    made = create_metric("odd", path="x", mode="slow", weight=[1], further=2)
    assert (made.path, made.mode, made.weight, made.more) == ("x", "slow", [1], {"further": 2})
    assert "mode='slow'" in repr(made)
    with pytest.raises(OptionError, match="no option lof"):
        create_metric("brightness", lof=1)


def test_names_are_taken_once() -> None:
    with pytest.raises(OptionError, match="already"):
        register_metric(metric_info("psnr"), Brightness)
    with pytest.raises(UnknownNameError, match="hdrmetrics metrics"):
        metric_info("zzzzz")


def test_metrics_of_codes_may_be_called_sdr() -> None:
    for name in ("psnr", "ms-ssim", "piqe"):
        assert metric_info(f"sdr-{name}") == metric_info(name)
        assert create_metric(f"sdr-{name}").info.name == name
        assert metric_options(f"sdr-{name}") == metric_options(name)
    image = torch.rand(3, 16, 16)
    got = hdrmetrics.score(0.9 * image, "sdr-psnr", reference=image)
    assert got == hdrmetrics.score(0.9 * image, "psnr", reference=image)
    assert got.metric == "psnr"
    for name in ("sdr-pu21-psnr", "sdr-hdrvdp2", "sdr-", "sdr-sdr-psnr"):
        with pytest.raises(UnknownNameError, match="unknown metric"):
            create_metric(name)
    with pytest.raises(UnknownNameError, match="did you mean ssim"):
        create_metric("sdr-sim")


def test_limits_may_be_called_sdr() -> None:
    from hdrmetrics.gate.evaluation import evaluate_cases

    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    cases = {"a.png": (0.9 * image, image)}
    for limit, status in ((1.0, "pass"), (90.0, "fail")):
        report = evaluate_cases(cases, metrics=["sdr-psnr"], fail_below={"sdr-psnr": limit})
        assert report.status == status
        assert [check.info.name for check in report.checks] == ["psnr"]


def test_options_are_those_of_metric_and_encoding() -> None:
    assert set(metric_options("pu21-ssim")) == {"encoder", "channels", "border", "crf_correction"}
    assert set(metric_options("mu-psnr")) == {"peak_luminance", "mu", "crf_correction"}
    assert set(metric_options("psnr")) == set()
    with pytest.raises(OptionError, match="encoder"):
        create_metric("pu21-psnr", encoder="glare")
    with pytest.raises(OptionError, match="positive"):
        create_metric("mu-psnr", peak_luminance=-1.0)


def test_public_names_exist() -> None:
    for name in hdrmetrics.__all__:
        assert getattr(hdrmetrics, name) is not None
    assert set(hdrmetrics.__all__) <= set(dir(hdrmetrics))
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = hdrmetrics.scores


@pytest.mark.parametrize("command", ["import hdrmetrics", "import hdrmetrics.pytest_plugin"])
def test_importing_loads_neither_torch_nor_numpy(command: str) -> None:
    code = f"{command}; import sys; print({{'torch', 'numpy'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
