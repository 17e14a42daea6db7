"""Uploads: the files of an import between the first look and the commit, each import in a folder of its own.

A folder has a random name under `uploads` in the data folder and holds the files, how they are to be read, and what
the last look found. Only who uploaded it and admins see it; a week after it was last used it goes.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import ADMINISTERS
from stageproof.engine.problem import Problem, Refused

MOST_BYTES = 200 * 1024 * 1024
"""Of all files of an import together."""
MOST_FILES = 20
KEPT_SECONDS = 7 * 24 * 3600
LONGEST_NAME = 120
_FILES = "files"


@dataclass(frozen=True)
class Upload:
    """One folder: its token, and whose it is."""

    token: str
    folder: Path

    def said(self) -> dict[str, Any]:
        """How the files are to be read, and for whom; see `import_reading`."""
        return self.read("said")

    @property
    def paths(self) -> list[Path]:
        """The files, in the order of their names; none once they were committed."""
        folder = self.folder / _FILES
        return sorted(folder.iterdir()) if folder.is_dir() else []

    @property
    def rejected(self) -> Path:
        """Where the rejected rows are."""
        return self.folder / "rejected.csv"

    def read(self, name: str) -> dict[str, Any]:
        """What was kept under a name; empty where nothing was."""
        try:
            found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Keeps something under a name, whole or not at all."""
        text = json.dumps(content, ensure_ascii=False, default=str)
        made = self.folder / f"{name}.{secrets.token_hex(4)}"
        made.write_text(text, "utf-8", errors="replace")
        os.replace(made, self.folder / f"{name}.json")

    def forget(self, *names: str) -> None:
        """Takes away what was kept under names."""
        for name in names:
            (self.folder / f"{name}.json").unlink(missing_ok=True)

    def without_files(self) -> None:
        """Takes the files away; they hold people's data and are not needed any more."""
        shutil.rmtree(self.folder / _FILES, ignore_errors=True)
        self.forget("look")

    def discard(self) -> None:
        """Takes everything away."""
        shutil.rmtree(self.folder, ignore_errors=True)


def receive(actor: Actor, files: Sequence[UploadedFile[Any]]) -> Upload:
    """A new upload; refused with everything that is wrong with the files as they came."""
    _forget_old()
    names = [_name(file.name or "") for file in files]
    _refuse_wrong(files, names)
    upload = Upload(secrets.token_hex(16), Path())
    upload = Upload(upload.token, _home() / upload.token)
    upload.folder.mkdir(mode=0o700)
    (upload.folder / _FILES).mkdir(mode=0o700)
    try:
        for name, file in zip(names, files, strict=True):
            with (upload.folder / _FILES / name).open("xb") as out:
                for chunk in file.chunks():
                    out.write(chunk)
        upload.write("said", {"person": actor.person.pk if actor.person else None})
    except BaseException:
        upload.discard()
        raise
    return upload


def upload_of(actor: Actor, token: str) -> Upload:
    """The upload of this token; NotFound where it is gone, or another's."""
    plain = token.isascii() and token.isalnum() and len(token) == 32
    upload = Upload(token, _home() / token) if plain else None
    if upload is None or not upload.folder.is_dir() or not _sees(actor, upload):
        raise NotFound("upload", token[:40])
    return upload


def upload_of_run(actor: Actor, run: int) -> Upload | None:
    """The upload that an import came from, where it is still here and the actor may see it."""
    for folder in _home().iterdir():
        upload = Upload(folder.name, folder)
        if upload.read("said").get("run") == run and _sees(actor, upload):
            return upload
    return None


def drop_of_run(run: int) -> None:
    """Takes away what is kept of an import, whoever it was that uploaded it."""
    for folder in _home().iterdir():
        upload = Upload(folder.name, folder)
        if upload.read("said").get("run") == run:
            upload.discard()


def waiting(actor: Actor) -> dict[int, str]:
    """The tokens of the uploads that the actor may go on with, by their run."""
    found = {}
    for folder in _home().iterdir():
        upload = Upload(folder.name, folder)
        run = upload.read("said").get("run")
        if run is not None and upload.paths and _sees(actor, upload):
            found[int(run)] = upload.token
    return found


def _sees(actor: Actor, upload: Upload) -> bool:
    person = actor.person
    return person is None or actor.role in ADMINISTERS or upload.read("said").get("person") == person.pk


def _refuse_wrong(files: Sequence[UploadedFile[Any]], names: Sequence[str]) -> None:
    problems = []
    if not files:
        problems.append(
            Problem("no_files", "No file was chosen.", "Choose the export of your deals.", column="files")
        )
    if len(files) > MOST_FILES:
        says = f"{len(files)} files are more than the {MOST_FILES} that are read at once."
        problems.append(Problem("too_many_files", says, "Choose fewer.", column="files", count=len(files)))
    if len({name.casefold() for name in names}) != len(names):
        says = "Two files have the same name."
        problems.append(Problem("same_file_name", says, "Give each its own.", column="files"))
    size = sum(file.size or 0 for file in files)
    if size > MOST_BYTES:
        says = f"The files have {size / 1024**2:,.0f} MB together; the limit is {MOST_BYTES // 1024**2} MB."
        remedy = "Split the export, for example by year, or import it with the command stageproof import."
        problems.append(Problem("upload_too_large", says, remedy, column="files"))
    if problems:
        raise Refused(problems)


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
    return kept.strip(" .")[-LONGEST_NAME:] or "file.csv"
