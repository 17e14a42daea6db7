"""Recognition: what kind of table a file holds, told from its headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stageproof.importers.header import header_key
from stageproof.importers.header_units import header_unit


@dataclass(frozen=True)
class Shape:
    """One kind of table as one system writes it.

    `needs` lists groups of header keys of which each must be present; none of `lacks` may be. `columns` gives for
    each field the keys it goes by. `named` are words that the file's name may bring instead of the last group.
    """

    system: str
    table: str
    name: str
    needs: tuple[frozenset[str], ...]
    columns: Mapping[str, tuple[str, ...]]
    lacks: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    zone: str | None = None

    def fits(self, keys: frozenset[str], file_name: str) -> bool:
        if keys & self.lacks:
            return False
        missing = [group for group in self.needs if not keys & group]
        if not missing:
            return True
        called = any(word in file_name.casefold() for word in self.named)
        return called and missing == [self.needs[-1]]


@dataclass(frozen=True)
class Recognised:
    """What a file was taken for: the columns of each field by position, and those that fit no field."""

    source: str
    shape: Shape
    headers: tuple[str, ...]
    columns: Mapping[str, int]
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return self.shape.table

    def header(self, name: str) -> str:
        """The header of a field as written; the field's own name where the file has none."""
        return self.headers[self.columns[name]] if name in self.columns else name

    def says(self) -> str:
        """What the file was taken for and by which columns, as a sentence."""
        by = ", ".join(f"{name} = {self.headers[index]}" for name, index in self.columns.items())
        return f"{self.source}: {self.shape.system} {self.shape.name}, by {by}"


def groups(*alternatives: str) -> tuple[frozenset[str], ...]:
    """Needs of a shape: one text of alternatives per group."""
    return tuple(frozenset(text.split()) for text in alternatives)


def names(**fields: str) -> dict[str, tuple[str, ...]]:
    """Columns of a shape: for each field its keys, most telling first."""
    return {name: tuple(text.split()) for name, text in fields.items()}


def recognise(
    source: str, headers: Sequence[str], shapes: Iterable[Shape], given: Mapping[str, str] | None = None
) -> Recognised | None:
    """The first shape that fits the headers, with its columns; None where none does.

    `given` maps fields to headers as a mapping file does, and wins over what the shape would choose.
    """
    present = frozenset(_positions(headers))
    for shape in shapes:
        if shape.fits(present, source):
            return place(source, headers, shape, given or {})
    return None


def _positions(headers: Sequence[str]) -> dict[str, int]:
    """The position of each key; of columns with one key that of the first by name, whatever their order.

    Salesforce marks fields that an organisation added by `__c`; they stand in for a key that no other column has, and
    so does the one column that has the key but for a unit, as in `Amount (USD)`.
    """
    ordered = sorted(range(len(headers)), key=lambda index: headers[index])
    at: dict[str, int] = {}
    for index in ordered:
        at.setdefault(header_key(headers[index]), index)
    for index in ordered:
        if headers[index].endswith("__c"):
            at.setdefault(header_key(headers[index].removesuffix("__c")), index)
    units = [(header_key(unit.name), index) for index in ordered if (unit := header_unit(headers[index]))]
    counts = Counter(key for key, _ in units)
    for key, index in units:
        if counts[key] == 1:
            at.setdefault(key, index)
    return at


def place(source: str, headers: Sequence[str], shape: Shape, given: Mapping[str, str]) -> Recognised:
    """The shape's fields put to columns, each column once."""
    at = _positions(headers)
    exact = {header: index for index, header in enumerate(headers)}
    columns = {
        name: exact[header] if header in exact else at[header_key(header)] for name, header in given.items()
    }
    taken = set(columns.values())
    for name, wanted in shape.columns.items():
        if name in columns:
            continue
        found = next((at[key] for key in wanted if key in at and at[key] not in taken), None)
        if found is not None:
            columns[name] = found
            taken.add(found)
    others = {headers[index]: index for index in range(len(headers)) if index not in taken}
    return Recognised(source, shape, tuple(headers), columns, others)
