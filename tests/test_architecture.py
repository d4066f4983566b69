"""The plan in ``docs/explanation/architecture.md`` is that of the code, and has no circles."""

import ast
import re
from pathlib import Path

import pytest

import fusbench

CODE = Path(fusbench.__file__).parent
PAGE = CODE.parent / "docs" / "explanation" / "architecture.md"
FACE = ("__init__", "__main__")


def plan():
    """Room -> rooms that it imports, in the page's order; the ground is its first line."""
    table = PAGE.read_text(encoding="utf-8").split("| room | holds | imports |")[1].split("\n\n")[0]
    lines = [line.strip("| ").split(" |") for line in table.splitlines()[2:]]
    names = [re.findall(r"`([a-z]+)/?`", cells[0]) for cells in lines]
    above = [frozenset(re.findall(r"`([a-z]+)`", "".join(cells[2:]))) for cells in lines]
    return tuple(names[0]), {
        name[0]: rooms for name, rooms in zip(names[1:], above[1:], strict=True)
    }


def imports(path):
    """Rooms that a file imports, wherever in it: its own is not counted."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {part[1] for part in parts if part[0] == "fusbench" and len(part) > 1}
    rooms = {entry.stem for entry in CODE.iterdir()}
    return (found & rooms) - {room_of(path)}


def room_of(path):
    return path.relative_to(CODE).parts[0].removesuffix(".py")


def test_every_room_is_on_the_plan():
    ground, rooms = plan()
    code = {room_of(path) for path in CODE.rglob("*.py")} - set(FACE)
    assert code == {*ground, *rooms}


@pytest.mark.parametrize("room", plan()[1])
def test_a_room_imports_what_its_line_names(room):
    ground, rooms = plan()
    found = set().union(*(imports(path) for path in (CODE / room).rglob("*.py")))
    assert found - {*ground, *FACE} == rooms[room]


def test_the_ground_stands_on_nothing():
    ground, _ = plan()
    for number, name in enumerate(ground):
        assert imports(CODE / f"{name}.py") <= {*ground[:number], "__init__"}


def test_imports_run_one_way():
    _, rooms = plan()
    names = list(rooms)
    for number, name in enumerate(names):
        assert rooms[name] <= set(names[:number]), name


def test_files_of_a_room_import_in_no_circle():
    files = {path: ".".join(path.relative_to(CODE.parent).with_suffix("").parts)
             for path in CODE.rglob("*.py")}  # fmt: skip
    arrows = {}
    for path, name in files.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                targets |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        arrows[name] = (targets & set(files.values())) - {name}
    while leaves := [name for name, targets in arrows.items() if not targets & set(arrows)]:
        for name in leaves:
            del arrows[name]
    assert not arrows
