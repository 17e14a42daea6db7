"""Files of the command line: read with a sentence for every way that fails, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from stageproof.engine.problem import Problem, Refused


def read_text(path: Path) -> str:
    """The text of a file; refused with a sentence where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Refused(
            [Problem("no_file", "There is no such file.", "Check the path.", source=str(path))]
        ) from None
    except IsADirectoryError:
        problem = Problem("folder", "This is a folder, not a file.", "Name a file in it.", source=str(path))
        raise Refused([problem]) from None
    except (UnicodeDecodeError, OSError) as error:
        problem = Problem(
            "unreadable_file", f"It cannot be read: {error}.", "Give a UTF-8 text.", source=str(path)
        )
        raise Refused([problem]) from None


def write_text(path: Path, text: str) -> None:
    """Writes the file in one step, so that a reader never sees half of it."""
    folder = path.resolve().parent
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    except OSError as error:
        raise Refused([_cannot_write(path, error)]) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        # mkstemp makes a private file; a report is as readable as any other new file.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise Refused([_cannot_write(path, error)]) from None


def json_text(document: dict[str, Any]) -> str:
    """The document as JSON, one line per entry: indenting every level takes seconds where owners are thousands."""
    entries = (
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in document.items()
    )
    return "{\n" + ",\n".join(entries) + "\n}"


def _cannot_write(path: Path, error: OSError) -> Problem:
    says = f"It cannot be written: {error.strerror or error}."
    return Problem("cannot_write", says, "Choose a folder that exists and is yours.", source=str(path))
