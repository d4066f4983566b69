"""The parts of a page that is one file, asks the network for nothing and trusts no name.

Names come from strangers. They enter as JSON whose angle brackets are escaped, and a content
security policy lets no other script run than the page's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from typing import Any

ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def tokens() -> str:
    """The style sheet of colours, type and spacing, to stand before a page's own."""
    return resources.files("fusbench.web").joinpath("tokens.css").read_text(encoding="utf-8")


def policy(script: str) -> str:
    """The content security policy of a page whose one script is this text, to the byte."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
        f" form-action 'none'; script-src 'sha256-{digest}'"
    )


def embedded(data: Any) -> str:
    """JSON that may stand inside a script element, whatever its strings hold.

    Examples
    --------
    >>> embedded("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(ESCAPES)
