"""The command line as a function: what it prints and how it exits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stageproof.cli import main


@dataclass(frozen=True)
class Ran:
    """What one command said."""

    code: int
    out: str
    err: str


@pytest.fixture
def stageproof(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """Runs `stageproof ...` in a folder of the test's own, at 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["stageproof", *map(str, arguments)])
        code = main()
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


DEALS = """\
Id,Name,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon,Owner,LeadSource
1,Alder,Prospecting,1000.50,2025-09-20,2025-07-01,false,false,Ann,Web
2,Birch,Negotiation,2000,2025-09-25,2025-06-01,false,false,Ben,Event
3,Cedar,Negotiation,3000,2025-10-05,2025-06-01,false,false,Ann,Web
4,Damson,Closed Won,4000,2025-08-30,2025-07-01,true,true,Ann,Web
5,Elder,Closed Won,1000,2025-07-31,2025-07-01,true,true,Ben,Event
6,Fir,Closed Lost,9000,2025-08-01,2025-07-02,true,false,Ben,Web
"""


@pytest.fixture
def deals(tmp_path: Path) -> Path:
    """Six deals of two owners, one file."""
    path = tmp_path / "deals.csv"
    path.write_text(DEALS)
    return path
