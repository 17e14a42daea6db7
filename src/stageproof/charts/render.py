"""Rendering: an Altair chart becomes an SVG whose colours follow the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

from stageproof.charts.theme import FONT, NARROW, PATTERNS, PROPERTIES, WIDE, config

Picture: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart

_SIZE = re.compile(r'^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')
_COLOUR = re.compile(r'(fill|stroke)="(#0000[01]\d)"')
_NOISE = re.compile(
    r' (?:(?:role|aria-roledescription|aria-hidden|class|pointer-events)="[^"]*"|font-family="Arial")'
)
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r'<a xlink:href="([^"]*)">')
_OURS = re.compile(r"^https?://[^/]+/.*?/(/[^/].*)$")


@dataclass(frozen=True)
class Drawing:
    """A chart that stands alone: the finding, what was measured, the picture twice, and its text alternative.

    `wide` is for a page, `narrow` for a phone; both are SVG elements.
    """

    finding: str
    measure: str
    description: str
    wide: str
    narrow: str


def drawing(
    name: str,
    *,
    finding: str,
    measure: str,
    description: str,
    chart: Callable[[bool], Picture],
) -> Drawing:
    """The drawing of a chart, which is asked for once wide and once narrow; `name` is unique on a page."""
    # Checking a specification against its schema takes longer than drawing it, and ours are tested.
    with debug_mode(False):
        wide, narrow = (
            svg(
                chart(is_narrow),
                name=f"{name}-{'narrow' if is_narrow else 'wide'}",
                title=finding,
                description=f"{measure}. {description}",
            )
            for is_narrow in (False, True)
        )
    return Drawing(finding, measure, description, wide, narrow)


def svg(chart: Picture, *, name: str, title: str, description: str) -> str:
    """The chart as an SVG element with title and description, scaling down with its box."""
    spec = chart.to_dict()
    spec["config"] = config()
    # Nothing may be fetched, whatever a data set holds.
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    size = _SIZE.match(drawn)
    if size is None:
        raise RuntimeError("the renderer gave no SVG with a size")
    width, height = size.groups()
    # Only tags are rewritten: the name of a stage may look like an attribute.
    body = _TAG.sub(lambda tag: _restyled(tag[0], name), drawn[size.end() :])
    # What is a picture to a reader must hold nothing to go to: then it is a group, whose table has the links too.
    role = "group" if "<a href=" in body else "img"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" '
        f'role="{role}" aria-labelledby="{name}-title {name}-says" font-family="{escape(FONT)}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-says">{escape(description)}</desc>'
    )
    return f"{head}{_patterns(name, body)}{body}"


def width(is_narrow: bool, *, less: int = 0) -> int:
    """The width of the plot, less what labels take at its sides."""
    return (NARROW if is_narrow else WIDE) - less


def _restyled(tag: str, name: str) -> str:
    if link := _LINK.fullmatch(tag):
        return _local(link[1])
    return _COLOUR.sub(lambda found: _coloured(found, name), _NOISE.sub("", tag))


def _local(address: str) -> str:
    """A link to a page of ours, without the base that the renderer put before it; elsewhere leads none."""
    found = _OURS.match(address)
    return f'<a href="{found[1]}" tabindex="-1" aria-hidden="true">' if found else "<a>"


def _coloured(found: re.Match[str], name: str) -> str:
    attribute, colour = found.groups()
    if colour in PATTERNS:
        return f'{attribute}="url(#{name}-{PATTERNS[colour]})"'
    return f'{attribute}="var({PROPERTIES[colour]})"'


def _patterns(name: str, body: str) -> str:
    """The drawn fills that the body uses; each drawing has its own, for hidden ones lend nothing."""
    drawn = {
        "hatched": '<rect width="6" height="6" fill="var(--hatch-back)"/>'
        '<path d="M-1,1l2,-2M0,6l6,-6M5,7l2,-2" stroke="var(--qualified)" stroke-width="1.2"/>',
        "dotted": '<rect width="6" height="6" fill="var(--dots-back)"/>'
        '<circle cx="1.5" cy="1.5" r="1" fill="var(--muted)"/>'
        '<circle cx="4.5" cy="4.5" r="1" fill="var(--muted)"/>',
    }
    used = [each for each in drawn if f"url(#{name}-{each})" in body]
    defined = "".join(
        f'<pattern id="{name}-{each}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f"{drawn[each]}</pattern>"
        for each in used
    )
    return f"<defs>{defined}</defs>" if used else ""
