"""`make bench`: what Stageproof costs beside hand-written Polars on the same data, as ratios within one run.

The machine's speed does not matter, only the ratios do: each pair runs in turn in fresh processes, and the middle of
several rounds is taken. The data are made once and kept in `out/bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "bench"
STAGEPROOF = Path(sys.executable).with_name("stageproof")


@dataclass(frozen=True)
class Run:
    """One process: seconds on the clock, and the most memory it held, in bytes."""

    seconds: float
    memory: int
    output: str


def measured(*command: str) -> Run:
    """The command in a process of its own."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if os.waitstatus_to_exitcode(status):
            raise SystemExit(
                f"{' '.join(command)} failed:\n{process.stderr.read() if process.stderr else ''}"
            )
        output.seek(0)
        return Run(seconds, usage.ru_maxrss * 1024, output.read())


def compared(ours: tuple[str, ...], theirs: tuple[str, ...], rounds: int) -> tuple[list[Run], list[Run]]:
    """Both commands in turn, so that a busy moment of the machine hits both."""
    pairs = [(measured(*ours), measured(*theirs)) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def middle(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def data(deals: int) -> Path:
    """The folder of Salesforce exports with so many deals and eight times the history rows; made once."""
    folder = OUT / str(deals)
    if not (folder / "made").exists():
        print(f"Making {deals:,} deals with their history in {folder.relative_to(ROOT)} ...", flush=True)
        subprocess.run(
            [sys.executable, str(ROOT / "bench" / "make_data.py"), str(folder), str(deals)], check=True
        )
        (folder / "made").touch()
    return folder


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    folder = data(chosen.deals)
    hand = str(ROOT / "bench" / "by_hand.py")
    rows: list[tuple[str, str, str, str, str]] = []

    files = [str(folder / name) for name in ("Opportunity.csv", "OpportunityHistory.csv")]
    ours, theirs = compared(
        (str(STAGEPROOF), "audit", *files, "--json"), (sys.executable, hand, "audit", *files), chosen.rounds
    )
    agree(json.loads(ours[0].output), json.loads(theirs[0].output))
    ratio = middle(ours) / middle(theirs)
    memory = max(run.memory for run in ours) / 1e9
    rows.append(
        row(f"audit of {chosen.deals:,} deals", f"{middle(ours):.1f} s", f"{middle(theirs):.1f} s", ratio, 3)
    )
    rows.append(("  most memory held", f"{memory:.2f} GB", f"{max(r.memory for r in theirs) / 1e9:.2f} GB",
                 f"{memory:.2f} GB of 6", "kept" if memory < 6 else "MISSED"))  # fmt: skip

    as_of = json.loads(measured(sys.executable, hand, "as-of", str(folder)).output)
    rows.append(row("as-of by stage, all versions in memory", f"{as_of['ours'] * 1000:.0f} ms",
                    f"{as_of['by_hand'] * 1000:.0f} ms", as_of["ours"] / as_of["by_hand"], 1.5))  # fmt: skip

    helped, bare = compared((str(STAGEPROOF), "--help"), (sys.executable, "-c", "pass"), 15)
    rows.append(row("stageproof --help", f"{middle(helped) * 1000:.0f} ms", f"{middle(bare) * 1000:.0f} ms",
                    middle(helped) / middle(bare), 3))  # fmt: skip

    print()
    head = ("", "Stageproof", "by hand", "ratio", "")
    widths = [max(len(each[i]) for each in (head, *rows)) for i in range(5)]
    for each in (head, *rows):
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width)
                        in enumerate(zip(each, widths, strict=True))))  # fmt: skip


def row(name: str, ours: str, theirs: str, ratio: float, limit: float) -> tuple[str, str, str, str, str]:
    """One line: the ratio beside its limit."""
    return name, ours, theirs, f"{ratio:.2f}x of {limit:g}x", "kept" if ratio <= limit else "MISSED"


def agree(ours: dict[str, object], theirs: dict[str, object]) -> None:
    """Fast and wrong does not count: both must have found the same figures."""
    figures = ours["figures"]
    found = {name: figures[name]["count"] for name in ("open", "won", "lost")}  # type: ignore[index]
    found["won_amount"] = figures["won"]["amount"]["amount"]  # type: ignore[index]
    expected = {name: theirs[name] for name in found}
    if found != expected:
        raise SystemExit(f"The figures differ: {found} here, {expected} by hand.")


if __name__ == "__main__":
    sys.exit(main())
