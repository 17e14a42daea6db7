"""The backup drill: out of one deployment and into an empty one of either kind, and nothing is other than before."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import driven, ran


@dataclass(frozen=True)
class Backed:
    """A deployment with its backup."""

    home: Path
    file: Path
    manifest: dict[str, Any]
    loaded: dict[str, Any]


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Backed:
    home = tmp_path_factory.mktemp("drill")
    loaded = driven("tests.server.drill", "load", home=home)
    file = home / "one.backup"
    made = ran("backup", file, "--json", home=home)
    assert made.returncode == 0, made.stderr
    return Backed(home, file, json.loads(made.stdout), loaded)


def sound(outcome: dict[str, Any]) -> None:
    assert outcome == {"password_holds": True, "sessions": 0, "deal_is_new": True, "problems": []}


def test_a_restored_deployment_is_the_same_and_goes_on(backed: Backed, tmp_path: Path) -> None:
    restored = ran("restore", backed.file, "--json", home=tmp_path)
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["tables"] == backed.manifest["tables"]
    assert backed.manifest["tables"]["records_deal"]["rows"] == backed.loaded["deals"] > 20
    assert backed.manifest["tables"]["records_evidenceversion"]["rows"] > 5
    again = ran("backup", tmp_path / "two.backup", "--json", home=tmp_path)
    assert json.loads(again.stdout)["tables"] == backed.manifest["tables"]
    sound(driven("tests.server.drill", "login", backed.loaded["email"], home=tmp_path))
    occupied = ran("restore", backed.file, home=tmp_path)
    assert (occupied.returncode, occupied.stdout) == (1, "")
    assert "a restore replaces nothing" in occupied.stderr


def test_checksums_are_the_same_on_postgresql_and_back(
    backed: Backed, tmp_path: Path, postgres_database: str
) -> None:
    restored = ran("restore", backed.file, home=tmp_path, database=postgres_database)
    assert restored.returncode == 0, restored.stderr
    back = ran(
        "backup", tmp_path / "from-postgres.backup", "--json", home=tmp_path, database=postgres_database
    )
    assert back.returncode == 0, back.stderr
    manifest = json.loads(back.stdout)
    assert (manifest["from"], backed.manifest["from"]) == ("postgresql", "sqlite")
    assert manifest["tables"] == backed.manifest["tables"]
    sound(
        driven(
            "tests.server.drill", "login", backed.loaded["email"], home=tmp_path, database=postgres_database
        )
    )
    home = tmp_path / "sqlite-again"
    home.mkdir()
    assert ran("restore", tmp_path / "from-postgres.backup", home=home).returncode == 0
    sound(driven("tests.server.drill", "login", backed.loaded["email"], home=home))
    occupied = ran("restore", backed.file, home=tmp_path, database=postgres_database)
    assert occupied.returncode == 1
    assert "a restore replaces nothing" in occupied.stderr


def test_nothing_secret_is_in_the_backup(backed: Backed) -> None:
    with zipfile.ZipFile(backed.file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    stored = (backed.home / "stageproof.sqlite3").read_bytes()
    for log in backed.home.glob("stageproof.sqlite3-*"):
        stored += log.read_bytes()
    # The session is in the database, and was there to be left out.
    assert backed.loaded["session"].encode() in stored
    for secret in (
        backed.loaded["session"],
        backed.loaded["token"],
        (backed.home / "secret-key").read_text(),
    ):
        assert secret.encode() not in content
    assert backed.loaded["token"].encode() not in stored


def truncated(whole: bytes) -> bytes:
    return whole[: len(whole) * 2 // 3]


def other_byte(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [truncated, other_byte, lambda whole: b"", lambda whole: b"PK\x03\x04" + whole[9:400]]
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(backed: Backed, tmp_path: Path, damage: Any) -> None:
    file = tmp_path / "damaged.backup"
    file.write_bytes(damage(backed.file.read_bytes()))
    home = tmp_path / "home"
    home.mkdir()
    outcome = ran("restore", file, home=home)
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert "This is no backup, or only part of one" in outcome.stderr
    assert [each.name for each in home.iterdir() if each.name != "secret-key"] == []


def repacked(backed: Backed, target: Path, **changes: Any) -> Path:
    with zipfile.ZipFile(backed.file) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as other:
        other.writestr("stageproof.sqlite3", archive.read("stageproof.sqlite3"))
        other.writestr("manifest.json", json.dumps({**backed.manifest, **changes}))
    return target


def test_a_backup_of_a_newer_version_or_with_another_table_is_refused(backed: Backed, tmp_path: Path) -> None:
    newer = [*backed.manifest["migrations"], "records.9999_from_the_future"]
    outcome = ran("restore", repacked(backed, tmp_path / "newer", migrations=newer), home=tmp_path / "a")
    assert outcome.returncode == 1
    assert "records.9999_from_the_future" in outcome.stderr
    tables = {**backed.manifest["tables"], "records_deal": {"rows": 1, "sha256": "0" * 64}}
    outcome = ran("restore", repacked(backed, tmp_path / "other", tables=tables), home=tmp_path / "b")
    assert outcome.returncode == 1
    assert "records_deal" in outcome.stderr
    assert not (tmp_path / "b" / "stageproof.sqlite3").exists()
