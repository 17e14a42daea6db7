"""Fixtures of the importers: files written for a test, and the real data where there is some."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stageproof.importers import Imported, import_files
from tests.importers.imported_books import Import


@pytest.fixture
def real_data() -> Callable[[str], list[Path]]:
    """The files of a folder of real data; skips where there is none."""

    def files(folder: str) -> list[Path]:
        root = Path(os.environ.get("STAGEPROOF_DATA", Path(__file__).parents[3] / "shared" / "data"))
        if not (root / folder).is_dir():
            pytest.skip(f"No real data at {root / folder}; set STAGEPROOF_DATA to read it.")
        return sorted((root / folder).glob("*.csv"))

    return files


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Imports texts written under the names given, in the order given."""

    def build(files: dict[str, str], **options: object) -> Imported:
        paths = []
        for name, text in files.items():
            path = tmp_path / name
            path.write_text(text.strip() + "\n", encoding="utf-8")
            paths.append(path)
        return import_files(paths, **options)  # type: ignore[arg-type]

    return build
