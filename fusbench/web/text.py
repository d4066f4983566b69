"""Texts of strangers in Markdown, LaTeX and CSV: each printed as it stands."""

from __future__ import annotations

import re

MARKDOWN = re.compile(r"([\\`*_\[\]|~#!])")
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "|": r"\textbar{}", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "\N{EN DASH}": "--",
}  # fmt: skip


def markdown_text(text: str) -> str:
    """Text that Markdown and the HTML in it leave alone, on one line."""
    plain = " ".join(text.split())
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKDOWN.sub(r"\\\1", plain)


def latex_text(text: str) -> str:
    """Text that LaTeX prints as it stands, on one line."""
    return "".join(LATEX.get(character, character) for character in " ".join(text.split()))


def csv_text(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
