"""Tables of readings drawn in Python: one of them may have a line for every owner, and a link in each of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from stageproof.web.paper import Cell, Line

register = template.Library()
NUMBER = '<td class="number">'


@register.simple_tag
def drawn_lines(lines: Sequence[Line], deals: str | None, carry: str | None) -> SafeString:
    """The lines as rows of a table; where `deals` says where the deals are, cells lead there and carry on a query."""
    ahead, after = escape(deals or ""), escape(f"&{carry}") if carry else ""
    return mark_safe("".join(_line(line, ahead, after) for line in lines))  # noqa: S308 (each part is escaped)


def _line(line: Line, ahead: str, after: str) -> str:
    strong = ' class="strong"' if line.strong else ""
    first, *others = line.cells
    cells = "".join(
        f"{NUMBER if each.numeric else '<td>'}{_cell(each, ahead, after)}</td>" for each in others
    )
    return f'<tr{strong}><th scope="row">{_cell(first, ahead, after)}</th>{cells}</tr>'


def _cell(cell: Cell, ahead: str, after: str) -> str:
    text, exact = escape(cell.text), escape(cell.exact)
    title = f' title="{exact}"' if exact else ""
    if exact:
        text = f'<span aria-hidden="true">{text}</span><span class="heard">{exact}</span>'
    if cell.deals and ahead:
        return f'<a href="{ahead}{escape(cell.deals)}{after}"{title}>{text}</a>'
    return f"<span{title}>{text}</span>" if exact else text
