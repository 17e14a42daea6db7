"""Exports: a table as CSV or XLSX, its dates real and its texts harmless to any spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

from stageproof.engine.frames import readable
from stageproof.engine.money import Money
from stageproof.importers.rejects import harmless

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(frame: pl.DataFrame, name: str) -> StreamingHttpResponse:
    """The table as a CSV download, line by line."""
    response = StreamingHttpResponse(_lines(frame), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def as_xlsx(frame: pl.DataFrame, name: str) -> HttpResponse:
    """The table as an XLSX download, with real dates and numbers."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as workbook:
        sheet = workbook.add_worksheet(name.partition("-")[0].capitalize())
        as_day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        head = workbook.add_format({"bold": True})
        sheet.freeze_panes(1, 1)
        for at, title in enumerate(frame.columns):
            sheet.write_string(0, at, title, head)
        for row_number, row in enumerate(_rows(frame), start=1):
            for at, value in enumerate(row):
                _write(sheet, row_number, at, value, as_day)
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def _write(sheet: Any, row: int, at: int, value: Any, as_day: Any) -> None:
    if value is None:
        return
    if isinstance(value, Decimal | int | float):
        sheet.write_number(row, at, value)
    elif isinstance(value, str):
        sheet.write_string(row, at, value)
    else:
        sheet.write_datetime(row, at, value, as_day)


def _lines(frame: pl.DataFrame) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    # A field of one's own is named by whoever made it.
    writer.writerow([harmless(name) for name in frame.columns])
    for number, row in enumerate(_rows(frame), start=1):
        writer.writerow(
            [harmless(value) if isinstance(value, str) else "" if value is None else value for value in row]
        )
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _rows(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows with amounts in major units and real dates."""
    # Amounts that are decimals are in major units already.
    whole = "amount" in frame.columns and frame.schema["amount"].is_integer()
    money = frame.columns.index("amount") if whole else None
    currency = frame.columns.index("currency") if whole else 0
    for row in readable(frame).iter_rows():
        if money is None or row[money] is None:
            yield row
        else:
            yield (*row[:money], Money(row[money], row[currency]).decimal, *row[money + 1 :])
