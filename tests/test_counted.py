"""Whatever texts count, they count by `counted`: one thing is never told as several."""

import ast
import re
from pathlib import Path

import pytest

import fusbench
from fusbench.errors import counted

CODE = Path(fusbench.__file__).parent
AFTER = re.compile(r" (?:more |other |gaze |image |message |frame )?([a-z]+)s\b(?! a second)")
MEASURES = ("time", "number")  # such as "0.9 times as wide", and the five numbers of a rectangle
SET = {  # numbers that a user has set and is told again, or that are two at least
    "board/fitting.py", "board/page.py", "board/rules.py", "data/gaze_table.py",
    "importing/described.py", "phantom/presets.py", "reproduction/board.py",
    "reproduction/figure2.py", "reproduction/sections.py", "zoo/weights.py", "data/tables.py",
}  # fmt: skip


def nodes():
    """Of each file the parts of its code: calls and texts."""
    for path in CODE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield path, [n for n in ast.walk(tree) if isinstance(n, ast.Call | ast.JoinedStr)]


def counted_nouns(parts):
    """The nouns that a file counts."""
    for node in parts:
        called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "counted"
        if called and isinstance(node.args[1], ast.Constant):
            yield node.args[1].value.split()[-1]


def plurals(parts):
    """Numbers in texts before a noun in the plural: line, noun. Shares and rates are none."""
    for node in parts:
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            plain = isinstance(value, ast.FormattedValue) and value.format_spec is None
            if plain and isinstance(text, ast.Constant) and (found := AFTER.match(text.value)):
                yield node.lineno, found[1]


def test_nothing_else_makes_a_plural():
    files = dict(nodes())
    nouns = {noun for parts in files.values() for noun in counted_nouns(parts)}
    assert {"frame", "sample", "scan", "picture"} <= nouns
    found = [
        f"{path.relative_to(CODE)}:{line}: {noun}s"
        for path, parts in files.items()
        for line, noun in plurals(parts)
        if noun in nouns and noun not in MEASURES and str(path.relative_to(CODE)) not in SET
    ]
    assert found == []
    made = [path.name for path in files if "(s)" in re.sub(r"\w\(s\)", "", path.read_text("utf-8"))]
    assert made == []


def test_a_planted_one_is_seen():
    planted = ast.parse(
        "f'{n} frames are lost, {rate:g} frames a second, {share:.0%} of the frames'"
    )
    assert list(plurals(ast.walk(planted))) == [(1, "frame")]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "no pictures are missing"), (1, "1 picture is missing"), (2, "2 pictures are missing")],
)
def test_the_verb_agrees(number, words):
    assert counted(number, "picture", "is missing", "are missing") == words
