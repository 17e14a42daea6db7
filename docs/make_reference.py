"""Writes the reference from the product itself: `python docs/make_reference.py`; with --check it only compares."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import typer
from docs.problem_codes import Told, told_in
from docs.problem_examples import examples
from typer.main import get_command

from stageproof.cli.commands import COMMANDS
from stageproof.engine.hygiene.finding import KINDS
from stageproof.engine.hygiene.monday import TITLES
from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.measures import MEASURES, Measure
from stageproof.engine.measures.grouping import COLUMNS, GRAINS
from stageproof.engine.problem import Problem
from stageproof.engine.tables import TABLES, VERSION_COLUMNS, Table
from stageproof.importers.vocabulary import CRUCIAL, DEAL
from stageproof.importers.vocabulary import KINDS as FIELD_KINDS

DOCS = Path(__file__).resolve().parent
REFERENCE = DOCS / "reference"
MADE = "<!-- Made by docs/make_reference.py. Change the source, then run it again. -->\n\n"
# Whoever adds a package that tells problems adds its name here.
PACKAGES = ("engine", "importers", "audit", "cli")
TOGETHER = {
    "amounts_read": ("3 amounts are written with k, M or B.", ""),
    "dates_read": ("2 dates have the month first where the others have the day.", ""),
    "amount_not_a_number": ("“12,5OO” is not an amount.", "Write a plain number such as 12500.00."),
    "bridge_line_unknown": (
        "A bridge has no line called 'sideways'.",
        "Use one of: opening, new, reopened ...",
    ),
    "bridge_mode_unknown": ("A bridge has no mode called 'diagonal'.", "Use one of: endpoints, events."),
    "rate_not_a_number": ("“ten” is not an exchange rate.", "Write units of the target for one unit."),
    "unreadable_day": ("This is not a date.", "Write the date as 2025-09-30, or leave the cell blank."),
    "unreadable_instant": (
        "This is not a date.",
        "Write the date as 2025-09-30, or with a time as 2025-09-30 14:05.",
    ),
    "unreadable_money": ("This is not an amount of money.", "Write a plain number such as 12500.00."),
    "unreadable_yes_no": ("This is neither yes nor no.", "Write true or false."),
}
"""Codes that the source puts together from parts."""
EFFECTS = {
    "refusal": "The file is refused.",
    "_refused": "The file is refused.",
    "reject": "The row is rejected and written to the rejects.",
    "trouble": "The row is taken; what is wrong is said.",
    "note": "A note; nothing is left out.",
}


def table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A table of Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ").strip() for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# Commands


def commands() -> str:
    """Every command with its arguments, options and examples."""
    parts = [MADE, "# Commands\n\n", "Every command ends with 0 when done, 1 when refused with reasons, 2 on wrong "
             "usage. `stageproof --help` lists them; `stageproof COMMAND --help` says what stands here.\n"]  # fmt: skip
    for each in COMMANDS:
        parts.append(f"\n## {each.name}\n\n{each.says}.\n")
        if importlib.util.find_spec(each.module) is None:
            continue
        module = importlib.import_module(each.module)
        parts.append(_options(each.name, module.command))
        shown = re.findall(r"^  (stageproof .+)$", getattr(module, "EXAMPLES", ""), re.MULTILINE)
        if shown:
            parts.append("\n```sh\n" + "\n".join(shown) + "\n```\n")
    return "".join(parts)


def _options(name: str, command: Callable[..., Any]) -> str:
    app = typer.Typer(add_completion=False)
    app.command(name)(command)
    rows = []
    for each in get_command(app).params:
        argument = each.param_type_name == "argument"
        names = each.name.upper() + ("..." if each.nargs == -1 else "") if argument else ", ".join(
            (*each.opts, *each.secondary_opts)
        )  # fmt: skip
        default = each.default
        shown = (
            "required" if each.required else "" if default in (None, False, (), [], "") else f"`{default}`"
        )
        rows.append((f"`{names}`", getattr(each, "help", "") or "", shown))
    return "\n" + table(("", "", "Default"), rows) if rows else ""


# Measures


def measure(each: Measure) -> str:
    """The page of one measure."""
    module = inspect.getmodule(each.compute)
    path = f"src/{module.__name__.replace('.', '/')}.py" if module else ""
    doc = inspect.getdoc(each.compute) or ""
    first, _, rest = doc.partition("\n\n")
    columns = " ".join(first.split())
    signature = re.sub(r": '([^']*)'| -> '([^']*)'", lambda m: f": {m[1]}" if m[1] else f" -> {m[2]}",
                       str(inspect.signature(each.compute)))  # fmt: skip
    where = f"[`{path}`](../../../{path})"
    parts = [
        MADE,
        f"# {each.name.replace('_', ' ').capitalize()}\n\n{each.says}\n\n",
        f"**Computed as** {each.formula}.\n\n",
        f"```python\nmeasures.{each.name}{signature}\n```\n\n",
        f"{columns}\n\n",
    ]
    if rest:
        parts.append(" ".join(rest.split()) + "\n\n")
    parts.append(f"Computed in {where}. [All measures](README.md)\n")
    return "".join(parts)


def measures_index() -> str:
    """The list of measures and what they share."""
    rows = [(f"[{each.name.replace('_', ' ')}]({Path(each.page).name})", each.says, each.formula)
            for each in MEASURES.values()]  # fmt: skip
    return (
        f"{MADE}# Measures\n\nEach measure is one function from a pipeline (a book as of an instant) to a table, the "
        "same for every page, command and notebook. Money is in integer minor units of the reporting currency, "
        "unknown is null.\n\n"
        + table(("Measure", "What it says", "How it is computed"), rows)
        + "\n## By what they can be cut\n\n"
        f"`by` takes any of {', '.join(f'`{name}`' for name in COLUMNS)}, a field of your own, or the "
        f"{', '.join(f'`{name}`' for name in GRAINS)} of the close date; several together make one row for each "
        "combination. Blanks are a group of their own, last. Some measures take fewer; their page says which.\n"
    )


# Findings


def findings() -> str:
    """The kinds of finding of the four checks."""
    parts = [MADE, "# Findings of the four checks\n\nThe Monday routine asks four questions of every open deal. Each "
             "kind of finding has a code, which stands in the JSON of the audit and in the list of deals.\n"]  # fmt: skip
    for number, title in TITLES.items():
        rows = [(f"`{code}`", kind.says, kind.remedy) for code, kind in KINDS.items() if kind.check == number]
        parts.append(f"\n## {number}. {title}\n\n" + table(("Code", "What was seen", "What to do"), rows))
    facts = ", ".join(f"`no_{name}`" for name in HygieneRules().required_facts)
    parts.append(f"\nA missing fact has the code `no_` and the name of its column: {facts} unless the definition's "
                 "`required_facts` say otherwise.\n")  # fmt: skip
    return "".join(parts)


# Problems


def problems() -> str:
    """Every code of a problem with an example of its message."""
    told: dict[str, list[Told]] = {}
    for package in PACKAGES:
        for each in told_in(package):
            told.setdefault(each.code, []).append(each)
    shown = examples()
    parts = [MADE, "# Problems\n\nWhat is wrong is told as a problem: a code that stays the same, a sentence, a remedy, "
             "and the place (file, row as people count it, column) with the value found there. Where an example has "
             "‹words›, the value stands there.\n"]  # fmt: skip
    for code in sorted({*told, *TOGETHER}):
        parts.append(f"\n## {code}\n\n{_example(code, told.get(code, []), shown.get(code))}")
    return "".join(parts)


def _example(code: str, told: list[Told], shown: Problem | None) -> str:
    effects = dict.fromkeys(EFFECTS[each.by] for each in told if each.by in EFFECTS)
    warning = any(each.module.endswith("definition_check.py") for each in told)
    effect = "A warning about a definition." if warning else " Or: ".join(effects)
    message = str(shown) if shown else ""
    if not message:
        says, remedy = TOGETHER[code] if code in TOGETHER else (told[0].says, told[0].remedy)
        message = f"{says} {remedy}".strip()
    modules = dict.fromkeys(each.module for each in told)
    where = ", ".join(f"[{Path(module).name}](../../{module})" for module in modules)
    tail = " ".join(part for part in (effect, f"Told in {where}." if where else "") if part)
    return f"> {_escaped(message)}\n" + (f"\n{tail}\n" if tail else "")


def _escaped(text: str) -> str:
    return re.sub(r"([*\[\]<>])", r"\\\1", text)


# Tables


def tables() -> str:
    """The tables that a book is built from."""
    parts = [MADE, "# Tables\n\nA book is built from these tables; only `deals` must be there. A table or a column that "
             "is absent is data that the book does not hold, and criteria that ask for it are unverifiable. Give real "
             "dates and timestamps, or the engine's integers: days since 1970 for a day, microseconds since 1970 in "
             "UTC for an instant, minor units for money. A deal may have further columns; they are fields of your "
             "own.\n"]  # fmt: skip
    for each in TABLES.values():
        parts.append(
            f"\n## {each.name}\n\nOne row per {each.grain.removeprefix('one ')}.{_versioned(each)}\n\n"
        )
        own = [column for column in each.columns if column not in VERSION_COLUMNS]
        parts.append(table(("Column", "Kind", "What it holds", ""), [
            (f"`{column.name}`", column.kind.replace("_", " "), column.says, "required" if column.required else "")
            for column in own]))  # fmt: skip
    parts.append("\n## Columns of versions\n\n" + table(("Column", "Kind", "What it holds", ""), [
        (f"`{column.name}`", column.kind, column.says, "required" if column.required else "")
        for column in VERSION_COLUMNS]))  # fmt: skip
    return "".join(parts)


def _versioned(each: Table) -> str:
    return (
        " Every change is a row, with the [columns of versions](#columns-of-versions)."
        if each.versioned
        else ""
    )


# Parts of pages that are otherwise written by hand


def rules() -> str:
    """The thresholds of the four checks with their defaults."""
    doc = inspect.getdoc(HygieneRules) or ""
    says = {name: " ".join(text.split()) for names, text in re.findall(r"^((?:`\w+`(?:, )?)+): (.+?)(?=\n`|\Z)", doc,
            re.MULTILINE | re.DOTALL) for name in re.findall(r"\w+", names)}  # fmt: skip
    rows = []
    for each in dataclasses.fields(HygieneRules):
        value = list(each.default) if isinstance(each.default, tuple) else each.default
        shown = f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')
        rows.append((f"`{each.name}`", f"`{shown}`", says[each.name]))
    return table(("Key", "Unless set", "What it sets"), rows)


def fields() -> str:
    """The fields of a deal and some of the headers by which they are known."""
    rows = []
    for name, keys in DEAL.items():
        kind = FIELD_KINDS.get(name, "text").replace("_", " ")
        rows.append(
            (f"`{name}`", kind, "yes" if name in CRUCIAL else "", ", ".join(f"`{key}`" for key in keys[:4]))
        )
    return table(("Field", "Kind", "Row rejected if unreadable", "Known by headers such as"), rows)


PARTS: dict[str, Callable[[], str]] = {"rules": rules, "fields": fields}


def filled(text: str) -> str:
    """The page with each part between `<!-- made: name -->` and `<!-- /made -->` as it is now."""
    return re.sub(
        r"(<!-- made: (\w+) -->\n).*?(<!-- /made -->)",
        lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}",
        text,
        flags=re.DOTALL,
    )


def pages() -> dict[Path, str]:
    """Every page that is made, by its path."""
    made = {
        REFERENCE / "commands.md": commands(),
        REFERENCE / "findings.md": findings(),
        REFERENCE / "problems.md": problems(),
        REFERENCE / "tables.md": tables(),
        REFERENCE / "measures" / "README.md": measures_index(),
        **{REFERENCE / each.page: measure(each) for each in MEASURES.values()},
    }
    for path in (REFERENCE / "definition.md", REFERENCE / "mapping.md"):
        made[path] = filled(path.read_text(encoding="utf-8"))
    return made


def stale() -> list[Path]:
    """The pages that are not as they would be made now."""
    return [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    if "--check" in sys.argv:
        old = stale()
        for path in old:
            print(f"{path.relative_to(DOCS)} is out of date: run docs/make_reference.py")
        return 1 if old else 0
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
