"""Help, bridge, check and map."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stageproof.cli.commands import COMMANDS
from stageproof.engine.templates import template_text
from tests.cli.conftest import Ran

Stageproof = Callable[..., Ran]


def test_the_overview_names_every_command(stageproof: Stageproof) -> None:
    for arguments in ([], ["--help"], ["-h"], ["help"]):
        ran = stageproof(*arguments)
        assert ran.code == 0
        for command in COMMANDS:
            assert f"  {command.name}" in ran.out
            assert command.says in ran.out


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help_with_examples(name: str, stageproof: Stageproof) -> None:
    ran = stageproof(name, "--help")
    assert ran.code == 0
    assert "Examples" in ran.out
    assert f"stageproof {name}" in ran.out


def test_the_overview_loads_nothing_that_is_slow() -> None:
    program = (
        "import sys; sys.argv = ['stageproof', '--help']\n"
        "from stageproof.cli import main; main()\n"
        "slow = {'polars', 'narwhals', 'typer', 'click', 'rich', 'django'} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(slow)}' if slow else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_audit_loads_no_web_framework(deals: Path) -> None:
    program = (
        f"import sys; sys.argv = ['stageproof', 'audit', {str(deals)!r}, '--json']\n"
        "from stageproof.cli import main; code = main()\n"
        "sys.exit('loaded django' if 'django' in sys.modules else code)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_bridge_adds_up_to_the_cent(stageproof: Stageproof, deals: Path) -> None:
    ran = stageproof("bridge", deals, "--from", "2025-06-30", "--to", "2025-09-15", "--json")
    assert ran.code == 0, ran.err
    lines = {row["line"]: row for row in json.loads(ran.out)["lines"]}
    flows = [row for name, row in lines.items() if name not in ("opening", "closing")]
    cents = {name: round(float(row["amount"]["amount"]) * 100) for name, row in lines.items()}
    total = cents["opening"] + sum(round(float(row["amount"]["amount"]) * 100) for row in flows)
    # Birch and Cedar are open from June on, Alder arrives in July.
    assert cents["opening"] == 500_000
    assert cents["new"] == 100_050
    assert cents["closing"] == 600_050 == total


def test_the_bridge_refuses_what_it_cannot_do(stageproof: Stageproof, deals: Path) -> None:
    backwards = stageproof("bridge", deals, "--from", "2025-09-15", "--to", "2025-06-30")
    assert backwards.code == 1
    assert "comes after" in backwards.err
    mode = stageproof("bridge", deals, "--from", "2025-06-30", "--to", "2025-09-15", "--mode", "both")
    assert mode.code == 1
    assert "endpoints or events" in mode.err


def test_check_tells_warnings_and_changes(stageproof: Stageproof, tmp_path: Path) -> None:
    text = template_text("mid-market")
    (tmp_path / "new.toml").write_text(text.replace('name = "Discovery"', 'name = "First talks"'))
    clean = stageproof("check", "mid-market")
    assert clean.code == 0
    assert "No warnings." in clean.out
    compared = stageproof("check", "new.toml", "--against", "mid-market")
    assert compared.code == 0
    assert "First talks" in compared.out.split("Changes since")[1]


def test_check_refuses_a_definition_that_nobody_owns(stageproof: Stageproof, tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(
        '[pipeline]\nname = "New"\nowner = "everyone"\n[[stages]]\nname = "One"\n'
    )
    ran = stageproof("check", "d.toml")
    assert (ran.code, ran.out) == (1, "")
    assert "everyone" in ran.err


def test_a_proposed_mapping_is_one_that_can_be_used(
    stageproof: Stageproof, deals: Path, tmp_path: Path
) -> None:
    ran = stageproof("map", deals, "--out", "mapping.toml")
    assert ran.code == 0, ran.err
    plain = stageproof("audit", deals, "--json")
    mapped = stageproof("audit", deals, "--mapping", "mapping.toml", "--json")
    assert mapped.code == 0, mapped.err
    assert json.loads(mapped.out)["figures"] == json.loads(plain.out)["figures"]
    assert (tmp_path / "mapping.toml").read_text().count("deals.csv") >= 1
