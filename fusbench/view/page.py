"""The page: data, style and script in one HTML file that asks the network for nothing.

The script writes names as text only.
"""

from __future__ import annotations

import html
from importlib import resources
from pathlib import Path
from typing import Any

from fusbench.files import write_bytes
from fusbench.web.document import embedded, policy, tokens

SCRIPTS = ("data.js", "draw.js", "chart.js", "lists.js", "player.js")


def write_page(path: Path, data: dict[str, Any]) -> int:
    """Write the page, a whole file or nothing; returns its size in bytes."""
    page = render(data).encode("utf-8")
    write_bytes(path, page)
    return len(page)


def render(data: dict[str, Any]) -> str:
    """The page's HTML."""
    script = "".join(f'"use strict";\n{_asset(name)}' if i == 0 else _asset(name)
                     for i, name in enumerate(SCRIPTS))  # fmt: skip
    slots = {
        "title": html.escape(f"{data['info']['name']} - fusbench view"),
        "policy": policy(script),
        "style": tokens() + _asset("view.css"),
        "data": embedded(data),
        "script": script,
    }
    page = _asset("page.html")
    head, *parts = page.split("{{")
    for part in parts:
        name, _, rest = part.partition("}}")
        head += slots[name] + rest
    return head


def _asset(name: str) -> str:
    return resources.files("fusbench.view").joinpath(name).read_text(encoding="utf-8")
