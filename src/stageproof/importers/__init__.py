"""Importers: exports of CRMs and spreadsheets into a book, with every row accounted for."""

from stageproof.importers.accounting import Accounting, FileAccount, Imported, Rejected, TakenFor
from stageproof.importers.assemble import import_files
from stageproof.importers.mapping import Mapping, read_mapping

__all__ = [
    "Accounting",
    "FileAccount",
    "Imported",
    "Mapping",
    "Rejected",
    "TakenFor",
    "import_files",
    "read_mapping",
]
