"""The files of an import, each read once with the columns it needs, and what each was taken for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stageproof.engine.problem import Problem, Refused
from stageproof.importers import close, dynamics, hubspot, pipedrive, salesforce, spreadsheet
from stageproof.importers.by_content import placed_by_content
from stageproof.importers.corrections import put_right
from stageproof.importers.deals import MAX_CUSTOM
from stageproof.importers.header import header_key, nearest
from stageproof.importers.json_export import is_json, read_json
from stageproof.importers.mapping import Mapping
from stageproof.importers.shape import Recognised, Shape, place, recognise
from stageproof.importers.sheet import Sheet, read_sheets

SHAPES: tuple[Shape, ...] = (
    *salesforce.SHAPES,
    *hubspot.SHAPES,
    *pipedrive.SHAPES,
    *close.SHAPES,
    *dynamics.SHAPES,
    *spreadsheet.SHAPES,
)
_FIRST = {
    "deals": spreadsheet.DEALS,
    "history": spreadsheet.HISTORY,
    "versions": salesforce.VERSIONS,
    "field_history": spreadsheet.CHANGES,
    "accounts": spreadsheet.ACCOUNTS,
    "contacts": salesforce.CONTACT,
    "roles": spreadsheet.ROLES,
    "evidence": spreadsheet.EVIDENCE,
    "activities": spreadsheet.ACTIVITIES,
    "leads": salesforce.LEAD,
    "users": spreadsheet.TEAMS,
    "products": spreadsheet.PRODUCTS,
    "targets": spreadsheet.TARGETS,
    "campaigns": salesforce.CAMPAIGN,
    "stages": hubspot.STAGES,
    "pipelines": hubspot.PIPELINES,
    "rates": spreadsheet.RATES,
}
"""The shape whose columns a file has that the mapping calls by a table's name."""


@dataclass
class Files:
    """Sheets by the table they hold; `take` hands them out once."""

    sources: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _waiting: dict[str, list[tuple[Sheet, Recognised]]] = field(default_factory=dict)
    _strange: list[Sheet] = field(default_factory=list)

    def add(self, sheet: Sheet, recognised: Recognised | None) -> None:
        """Keeps a sheet for its table."""
        self.sources.append(sheet.name)
        if recognised is None:
            self._strange.append(sheet)
        else:
            self._waiting.setdefault(recognised.table, []).append((sheet, recognised))

    def take(self, table: str) -> list[tuple[Sheet, Recognised]]:
        """The sheets of a table, which are then no longer held."""
        waiting = self._waiting.pop(table, [])
        # A file that brings its history along comes last: where others hold its deals, they hold them in full.
        return sorted(waiting, key=lambda pair: f"{pair[0].name}#history" in self.sources)

    def recognised(self) -> dict[str, Recognised]:
        """What each sheet that waits was taken for."""
        return {found.source: found for pairs in self._waiting.values() for _, found in pairs}

    def unused(self) -> list[tuple[Sheet, Problem]]:
        """The sheets that no table was made of, each with the reason."""
        rest = [sheet for pairs in self._waiting.values() for sheet, _ in pairs]
        return [(sheet, _not_used(sheet)) for sheet in [*self._strange, *rest]]

    def without_deals(self) -> list[Problem]:
        """Why none of the files holds deals."""
        rest = [sheet for pairs in self._waiting.values() for sheet, _ in pairs]
        return [_no_deals(sheet) for sheet in [*self._strange, *rest]] or [
            Problem(
                "no_deals",
                "None of the files holds deals.",
                "Give the export of the deals along with the others.",
            )
        ]


def read_files(paths: Sequence[Path], mapping: Mapping, progress: Callable[[float], None]) -> Files:
    """All sheets of all files; refused with the reasons of every file that cannot be read."""
    if not paths:
        raise Refused([Problem("no_files", "No file was given.", "Name the export of the deals.")])
    files = Files()
    problems: list[Problem] = []
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    whole, before = max(1, sum(sizes)), 0
    for path, size in zip(paths, sizes, strict=True):
        if path.name not in mapping.leave_out:
            try:
                for read in _sheets(path, mapping, _part(progress, before / whole, size / whole)):
                    sheet = put_right(read, mapping.of(read.name))
                    found = recognised_sheet(sheet.name, sheet.columns, mapping)
                    files.add(sheet, placed_by_content(sheet, found, mapping.of(sheet.name).columns))
            except Refused as refused:
                problems += refused.problems
        before += size
    problems += _wrong_mapping(files, mapping)
    if problems:
        raise Refused(problems)
    return files


def _sheets(path: Path, mapping: Mapping, progress: Callable[[float], None]) -> list[Sheet]:
    if is_json(path):
        return read_json(path)
    return read_sheets(
        path,
        progress=progress,
        wanted=lambda headers: _wanted(path.name, headers, mapping),
        encoding=mapping.encoding_of(path.name),
    )


def _part(progress: Callable[[float], None], start: float, share: float) -> Callable[[float], None]:
    return lambda part: progress(start + part * share)


def read_whole_sheets(path: Path, mapping: Mapping) -> list[Sheet]:
    """The sheets of a file with all their columns."""
    return read_json(path) if is_json(path) else read_sheets(path, encoding=mapping.encoding_of(path.name))


def recognised_sheet(source: str, headers: Sequence[str], mapping: Mapping) -> Recognised | None:
    """What a sheet is: as the mapping says, else as its headers tell."""
    said = mapping.of(source)
    blank = {header_key(name) for name, header in said.columns.items() if not header}
    given = {name: header for name, header in said.columns.items() if header}
    known = {header_key(header) for header in headers}
    if any(header_key(header) not in known for header in given.values()):
        given = {name: header for name, header in given.items() if header_key(header) in known}
    if said.table is not None:
        fits = [shape for shape in SHAPES if shape.table == said.table]
        found = recognise(source, headers, fits, given)
        return _without(found or place(source, headers, _FIRST[said.table], given), blank)
    return _without(recognise(source, headers, SHAPES, given), blank)


def _without(found: Recognised | None, blank: Iterable[str]) -> Recognised | None:
    """Without the fields that the mapping leaves blank."""
    if found is None or not blank:
        return found
    columns = {name: at for name, at in found.columns.items() if header_key(name) not in set(blank)}
    freed = {found.headers[at]: at for name, at in found.columns.items() if name not in columns}
    return Recognised(found.source, found.shape, found.headers, columns, {**found.others, **freed})


def _wanted(source: str, headers: tuple[str, ...], mapping: Mapping) -> set[str]:
    """The headers whose cells are needed: those of fields, and all of a deal where they are not too many."""
    found = recognised_sheet(source, headers, mapping)
    if found is None:
        return set()
    fields = {headers[index] for index in found.columns.values()}
    if found.table == "users" and mapping.team_column:
        fields.add(mapping.team_column)
    if found.table == "products" and mapping.price_list:
        fields |= {mapping.price_list.key, mapping.price_list.price}
    few = found.table == "deals" and len(found.others) <= MAX_CUSTOM
    return fields | set(found.others) if few else fields


def _wrong_mapping(files: Files, mapping: Mapping) -> list[Problem]:
    """What the mapping says of fields or columns that are not there; of files not given only a note."""
    known = files.recognised()
    problems = []
    for name, said in mapping.files.items():
        mine = [found for source, found in known.items() if name in (source, source.split("#")[0])]
        if not mine:
            says = f"The mapping speaks of {name}, which was not given."
            files.problems.append(Problem("mapping", says, "Check the name of the file.", source=name))
        for column, header in said.columns.items():
            if mine and not any(_knows(found, column) for found in mine):
                fields = list(mine[0].shape.columns)
                near = nearest(column, fields)
                hint = f"Did you mean '{near}'?" if near else f"Fields are {', '.join(fields)}."
                says = f"'{column}' is no field of a table of {mine[0].table}."
                problems.append(Problem("mapping", says, hint, source=name, column=column))
            elif header and mine and not any(_has(found, header) for found in mine):
                says = f"The mapping takes '{header}' for {column}, and the file has no such column."
                remedy = f"It has {', '.join(mine[0].headers[:20])}."
                problems.append(Problem("mapping", says, remedy, source=name, column=header))
    return problems


def _knows(found: Recognised, name: str) -> bool:
    return name in found.shape.columns


def _has(found: Recognised, header: str) -> bool:
    return any(header_key(header) == header_key(each) for each in found.headers)


def _not_used(sheet: Sheet) -> Problem:
    return Problem(
        "file_not_used",
        f"The file is not used: its columns ({', '.join(sheet.columns[:8])}) are those of no table of a pipeline.",
        "Say what it is in the mapping file, or leave it out.",
        source=sheet.name,
        count=max(1, sheet.rows_read),
    )


def _no_deals(sheet: Sheet) -> Problem:
    lacks = spreadsheet.unlike_a_deal(sheet.columns)
    return Problem(
        "no_deals",
        f"The file has no column for {lacks}; it has {', '.join(name or '(no name)' for name in sheet.columns[:12])}.",
        "Export the deals with these columns, or say in a mapping file which columns they are.",
        source=sheet.name,
    )
