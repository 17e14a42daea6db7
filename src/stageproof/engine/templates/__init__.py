"""Definitions to start from: mid-market, SMB, enterprise with MEDDIC, and expansion."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.problem import Problem, Refused

NAMES = ("mid-market", "smb", "enterprise-meddic", "expansion")


def template(name: str) -> Definition:
    """The template of this name; an unknown name is refused."""
    return _read(_known(name))


def template_text(name: str) -> str:
    """The TOML of the template, comments included, as a start for a definition of one's own."""
    return files(__name__).joinpath(f"{_known(name)}.toml").read_text(encoding="utf-8")


@cache
def _read(name: str) -> Definition:
    return read_definition(template_text(name), source=f"template {name}")


def _known(name: str) -> str:
    wanted = "-".join(name.casefold().replace("_", " ").replace("-", " ").split())
    if wanted not in NAMES:
        says = f"There is no template “{name}”."
        raise Refused([Problem("template_unknown", says, f"Choose one of {', '.join(NAMES)}.", value=name)])
    return wanted
