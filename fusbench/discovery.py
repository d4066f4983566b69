"""Finding what installed packages register: the only module that knows entry points.

Names are listed without importing anything. A package's malformed ``entry_points.txt``, a plug-in
that cannot be imported, or a name claimed twice is a `Fault` of its own and stops nothing else.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import entrypoints

from fusbench.errors import PluginError, unknown

Card = TypeVar("Card")
MODELS = "fusbench.models"
DATASETS = "fusbench.datasets"
METRICS = "fusbench.metrics"
FRAMEWORK_PACKAGES = {"torch": "fusbench-torch", "keras": "fusbench-keras"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A name that an installed distribution registers; nothing of it is imported yet."""

    name: str
    distribution: str
    version: str
    module: str
    attribute: str

    @property
    def owner(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong with an installed plug-in, in one line each."""

    name: str
    where: str
    what: str


def scan(group: str) -> tuple[dict[str, Entry], list[Fault]]:
    """Entries of a group by name, and what is wrong with the others.

    ``FUSBENCH_PLUGINS``, a comma-separated list of distributions, restricts the search; fusbench's
    own entries are always found.
    """
    found: dict[str, list[Entry]] = {}
    faults: list[Fault] = []
    for path, distribution, version in _metadata_files():
        try:
            for entry in _entries(path, group, distribution, version):
                found.setdefault(entry.name, []).append(entry)
        except (configparser.Error, entrypoints.BadEntryPoint, UnicodeDecodeError) as error:
            what = f"malformed entry_points.txt: {str(error).splitlines()[0]}"
            faults.append(Fault(name=distribution, where=str(path), what=what))
    entries = {}
    for name, claims in sorted(found.items()):
        if len(claims) == 1:
            entries[name] = claims[0]
        else:
            owners = " and ".join(claim.owner for claim in claims)
            faults.append(Fault(name=name, where=owners, what=f"the name is claimed by {owners}"))
    return entries, faults


def _metadata_files() -> Iterator[tuple[Path, str, str]]:
    """Each distribution's ``entry_points.txt`` once, the first on the path winning."""
    allowed = {_normal(n) for n in os.environ.get("FUSBENCH_PLUGINS", "").split(",") if n.strip()}
    seen = set()
    for folder in sys.path:
        root = Path(folder or ".")
        if not root.is_dir():
            continue
        for path in sorted((*root.glob("*.dist-info"), *root.glob("*.egg-info"))):
            stem, _, version = path.stem.partition("-")
            name = _normal(stem)
            file = path / "entry_points.txt"
            if name in seen or not file.is_file():
                continue
            seen.add(name)
            if not allowed or name in allowed or name == "fusbench":
                yield file, name, version


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _entries(path: Path, group: str, distribution: str, version: str) -> Iterator[Entry]:
    text = path.read_text(encoding="utf-8")
    if group not in text:
        return
    parser = entrypoints.CaseSensitiveConfigParser(delimiters=("=",))
    parser.read_string(text)
    if group in parser:
        for name, target in parser[group].items():
            point = entrypoints.EntryPoint.from_string(target, name)
            yield Entry(
                name=name,
                distribution=distribution,
                version=version,
                module=point.module_name,
                attribute=point.object_name or "",
            )


def find(group: str, kind: str, name: str) -> Entry:
    """The entry of a name.

    Raises
    ------
    UnknownName, PluginError
        If there is none, or if two distributions claim the name.
    """
    entries, faults = scan(group)
    if name in entries:
        return entries[name]
    for fault in faults:
        if fault.name == name:
            fix = "Uninstall one of them, or name the other in FUSBENCH_PLUGINS."
            raise PluginError(fault.what, f"{kind} '{name}'", fix)
    see = f"'fusbench {kind} list' shows all {len(entries)}."
    raise unknown(kind, name, list(entries), see)


def resolve(entry: Entry, kind: str) -> Any:
    """Import what an entry names, turning every failure into one `PluginError`."""
    where = f"{kind} '{entry.name}' of {entry.owner}"
    try:
        target = import_module(entry.module)
        for part in filter(None, entry.attribute.split(".")):
            target = getattr(target, part)
    except Exception as error:
        what = f"cannot be imported: {type(error).__name__}: {error}"
        fix = f"Repair or uninstall {entry.distribution}."
        raise PluginError(" ".join(what.split()), where, fix) from error
    return target


def card(group: str, kind: str, name: str, of: type[Card]) -> Card:
    """The card registered under a name.

    Raises
    ------
    UnknownName, PluginError
    """
    return card_of(find(group, kind, name), kind, of)


def card_of(entry: Entry, kind: str, of: type[Card]) -> Card:
    """The card that an entry names, checked for its type and name.

    Raises
    ------
    PluginError
    """
    value = resolve(entry, kind)
    where = f"{kind} '{entry.name}' of {entry.owner}"
    if not isinstance(value, of):
        what = f"the entry point names a {type(value).__name__}, not a {of.__name__}"
        raise PluginError(what, where, "Correct the plug-in's entry point.")
    called = getattr(value, "name", None) or getattr(value, "key", None)
    if called != entry.name:
        what = f"the card is named '{called}'"
        raise PluginError(what, where, "Give card and entry point one name.")
    return value


def load_target(target: str, where: str, backend: str = "numpy") -> Any:
    """Import "module:callable"; a missing framework is told with the command that installs it.

    Raises
    ------
    PluginError
    """
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ImportError as error:
        package = FRAMEWORK_PACKAGES.get(backend)
        fix = f'Install it with: pip install "{package}".' if package else "Install what it needs."
        raise PluginError(f"cannot be loaded: {error}", where, fix) from error
    except AttributeError as error:
        raise PluginError(f"cannot be loaded: {error}", where, "Correct the card.") from error
