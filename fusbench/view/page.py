"""The page: data, style and script in one HTML file that asks the network for nothing.

The script writes names as text only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusbench.files import write_bytes
from fusbench.web.document import asset, embedded, filled, policy, tokens

SCRIPTS = ("data.js", "draw.js", "chart.js", "lists.js", "player.js")


def write_page(path: Path, data: dict[str, Any]) -> int:
    """Write the page, a whole file or nothing; returns its size in bytes."""
    page = render(data).encode("utf-8")
    write_bytes(path, page)
    return len(page)


def render(data: dict[str, Any]) -> str:
    """The page's HTML."""
    script = '"use strict";\n' + "".join(asset("view", name) for name in SCRIPTS)
    return filled(
        "view/page.html",
        title=f"{data['info']['name']} - fusbench view",
        policy=policy(script),
        style=tokens() + asset("view", "view.css"),
        data=embedded(data),
        script=script,
    )
