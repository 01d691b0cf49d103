"""A sample of the fuzzer of ``results/fuzz``: damaged files give typed errors or pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer limits memory as only Linux can")
def test_damaged_files_of_every_format(monkeypatch):
    # Reading processes import the fuzzer's modules of this checkout.
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    from results.fuzz.fuzz_readers import BAD, fuzz

    rows = fuzz(12, seed=1)
    assert len(rows) >= 23
    for row in rows:
        assert sum(row.truncations.values()) == sum(row.changes.values()) == 12
        assert not row.failures, row.failures
        assert not any((row.truncations + row.changes)[outcome] for outcome in BAD)
        # A beginning of a file is an error; or the same picture, where it ends in another part.
        assert row.truncations["changed"] == 0
        assert row.truncations["error"] > 0
        assert row.peak_mib < 600
        if row.format.startswith(("png", "exr, ZIP", "exr, PXR24")):  # they carry check sums
            assert row.changes["changed"] == 0
