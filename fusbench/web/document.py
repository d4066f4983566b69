"""The parts of a page that is one file, asks the network for nothing and trusts no name.

Names come from strangers. Templates escape every text but what they call safe, data enter as JSON
whose angle brackets are escaped, and a content security policy lets no other script run than the
page's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(lambda path: asset(*path.split("/", 1))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def asset(room: str, name: str) -> str:
    """The text of a file of a package's folder, such as a style sheet."""
    return resources.files(f"fusbench.{room}").joinpath(name).read_text(encoding="utf-8")


def filled(template: str, **fields: Any) -> str:
    """A template of the package, its fields escaped where it does not call them safe.

    Parameters
    ----------
    template : str
        A folder of the package and a file in it, such as ``web/table.html``.

    Raises
    ------
    jinja2.UndefinedError
        If the template asks for a field that is not given.
    """
    return _environment().get_template(template).render(fields)


def table_html(caption: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table for a notebook.

    Examples
    --------
    >>> table_html("a < b", ["x"], [["1"]])[:34]
    '<table><caption>a &lt; b</caption>'
    """
    return filled("web/table.html", caption=caption, heads=heads, lines=lines)


def tokens() -> str:
    """The style sheet of colours, type and spacing, to stand before a page's own."""
    return asset("web", "tokens.css")


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
