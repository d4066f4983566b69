"""The page: data, style and script in one HTML file that asks the network for nothing.

Names come from strangers. They enter as JSON whose angle brackets are escaped, the script writes
them as text only, and a content security policy lets no other script run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources
from pathlib import Path
from typing import Any

from fusbench.files import write_bytes

STYLES = ("tokens.css", "view.css")
SCRIPTS = ("data.js", "draw.js", "chart.js", "lists.js", "player.js")
ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def write_page(path: Path, data: dict[str, Any]) -> int:
    """Write the page, a whole file or nothing; returns its size in bytes."""
    page = render(data).encode("utf-8")
    write_bytes(path, page)
    return len(page)


def render(data: dict[str, Any]) -> str:
    """The page's HTML."""
    script = "".join(f'"use strict";\n{_asset(name)}' if i == 0 else _asset(name)
                     for i, name in enumerate(SCRIPTS))  # fmt: skip
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    slots = {
        "title": html.escape(f"{data['info']['name']} - fusbench view"),
        "policy": f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        "style": "".join(_asset(name) for name in STYLES),
        "data": embedded(data),
        "script": script,
    }
    page = _asset("page.html")
    head, *parts = page.split("{{")
    for part in parts:
        name, _, rest = part.partition("}}")
        head += slots[name] + rest
    return head


def embedded(data: Any) -> str:
    """JSON that may stand inside a script element, whatever its strings hold.

    Examples
    --------
    >>> embedded("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(ESCAPES)


def _asset(name: str) -> str:
    return resources.files("fusbench.view").joinpath(name).read_text(encoding="utf-8")
