"""Figures of a page: whether they open a page that shows the same figure, with as many rows behind it."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client

NOT_COUNTED = re.compile(r"figure=(deals|won_deals|lost_deals|days_pushed|days_left|required_deals)\b")
"""Figures in whole numbers that are no number of rows."""


def open_figures(client: Client, path: str, most: int = 4) -> int:
    """How many figures the page has; fails where one of some of them, from top to bottom, opens something else."""
    body = client.get(path).content.decode()
    shown = re.findall(r'<a class="fig" href="([^"]+)"[^>]*>(.*?)</a>', body)
    different = list({unescape(href): words for href, words in shown}.items())
    for href, words in different[:: max(-(-len(different) // most), 1)]:
        page = client.get(href)
        assert page.status_code == 200, href
        opened = page.content.decode()
        found = re.search(r'<p class="why-value"><span title="([^"]*)"', opened)
        # A total of what has no row of its own opens the table that it adds up.
        assert (found is not None) == ("Its row of" in opened), href
        if found is None:
            continue
        said = re.findall(r'class="heard">([^<]*)', words) or re.findall(r'title="([^"]*)"', words) or [words]
        assert said[0] == found[1], href
        rows = re.search(r'id="why-behind">([\d,]+) ', opened)
        assert rows is not None, href
        if said[0].isdigit() and not NOT_COUNTED.search(href):
            assert rows[1] == said[0], href
    return len(shown)
