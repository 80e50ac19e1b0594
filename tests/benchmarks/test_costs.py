"""The profile says what the time of a process goes into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.costs import Cost, costs, read_costs

BUSY = """
import time
def waste():
    end = time.process_time() + 0.6
    while time.process_time() < end:
        sum(range(200))
def wait():
    time.sleep(0.6)
wait()
waste()
"""


def test_parts_add_up_most_expensive_first() -> None:
    """Library time counts for the part that called it; functions for themselves."""
    found = costs(
        own=[("schemas/codec.py", "decode", 30), ("uuid.py", "uuid5", 50)],
        ours=[
            ("schemas/codec.py", "decode", 20),
            ("agents/points.py", "react", 10),
            ("streams/identity.py", "derived_id", 70),
        ],
    )
    assert found.parts == [
        Cost(0.7, "deriving ids"),
        Cost(0.2, "reading Avro to Structs"),
        Cost(0.1, "the agent points"),
    ]
    assert found.functions[0] == Cost(0.5, "uuid5 (uuid.py)")
    assert "deriving ids: 70 %" in found.words().replace("70%", "70 %")


def test_sampler_finds_the_busy_function(tmp_path: Path) -> None:
    """A busy function is found, a sleeping one is not."""
    (tmp_path / "busy.py").write_text(BUSY, encoding="utf-8")
    profile = tmp_path / "profile.json"
    command = [sys.executable, "-m", "benchmarks.sampled", str(profile), "busy"]
    root = Path(__file__).parents[2]
    subprocess.run(
        command, check=True, cwd=root, env={"PYTHONPATH": f"{root}:{tmp_path}"}, timeout=60
    )
    functions = read_costs(profile).functions
    assert functions[0].what.startswith("waste (")
    assert functions[0].share > 0.8
    assert not any(cost.what.startswith("wait (") for cost in functions)


def test_no_profile_is_said(tmp_path: Path) -> None:
    """A worker that left no profile is not called cheap."""
    assert read_costs(tmp_path / "none.json").words().startswith("No sample was taken")
