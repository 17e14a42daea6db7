"""Uploads: the files of an import, kept beside the data from its preview until it is committed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from stageproof.engine.problem import Problem, Refused

KEPT_SECONDS = 7 * 24 * 3600
MOST_FILES = 20
LONGEST_NAME = 120
_SAID = "said.json"


@dataclass(frozen=True)
class Said:
    """How the files are to be read, as it was said with them."""

    mapping: str = ""
    pipeline: str | None = None
    zone: str | None = None
    currency: str | None = None
    date_order: str | None = None
    encoding: str | None = None
    reason: str = ""


def receive(files: Sequence[UploadedFile[bytes]], said: Said) -> Path:
    """A folder of its own with the files under their names; those of imports long forgotten go."""
    _forget_old()
    names = [_name(file.name or "") for file in files]
    problems = []
    if not files:
        problems.append(
            Problem("no_files", "There is no file.", "Send at least one as 'files'.", column="files")
        )
    if len(files) > MOST_FILES:
        says = f"{len(files)} files are more than the {MOST_FILES} that are read at once."
        problems.append(Problem("too_many_files", says, "Send fewer.", column="files", count=len(files)))
    if len(set(names)) != len(names):
        says = "Two files have the same name."
        problems.append(Problem("same_file_name", says, "Give each its own.", column="files"))
    if problems:
        raise Refused(problems)
    folder = Path(tempfile.mkdtemp(prefix="import-", dir=_home()))
    for name, file in zip(names, files, strict=True):
        with (folder / name).open("xb") as out:
            for chunk in file.chunks():
                out.write(chunk)
    (folder / _SAID).write_text(json.dumps(asdict(said)))
    return folder


def keep(folder: Path, run: int) -> None:
    """The folder as that of a run."""
    drop(run)
    folder.rename(_folder(run))


def kept(run: int) -> tuple[list[Path], Said]:
    """The files of a run and how they are to be read; refused where they are gone."""
    folder = _folder(run)
    if not folder.is_dir():
        says = "The files of this import are no longer here."
        raise Refused([Problem("files_gone", says, "Upload them again.", value=str(run))])
    said = Said(**json.loads((folder / _SAID).read_text()))
    return sorted(path for path in folder.iterdir() if path.name != _SAID), said


def drop(run: int) -> None:
    """Takes the files of a run away; they hold people's data and are not needed any more."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def discard(folder: Path) -> None:
    """Takes away files that came to nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def _folder(run: int) -> Path:
    return _home() / str(int(run))


def _home() -> Path:
    home = Path(settings.DATA_DIR) / "uploads"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


def _forget_old() -> None:
    oldest = time.time() - KEPT_SECONDS
    for folder in _home().iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _name(given: str) -> str:
    """The file's own name, without anything that leads elsewhere."""
    plain = Path(given.replace("\\", "/")).name
    kept = "".join(letter if letter.isalnum() or letter in " ._-()" else "_" for letter in plain)
    kept = kept.strip(" .")[-LONGEST_NAME:]
    return kept if kept and kept != _SAID else "file.csv"
