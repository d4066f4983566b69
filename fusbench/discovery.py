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
RESTRICTION = "FUSBENCH_PLUGINS"
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
    fix: str


def scan(group: str, *, restricted: bool = True) -> tuple[dict[str, Entry], list[Fault]]:
    """Entries of a group by name, and what is wrong with the others.

    ``FUSBENCH_PLUGINS``, a comma-separated list of distributions, restricts the search; fusbench's
    own entries are always found.
    """
    wanted = os.environ.get(RESTRICTION, "") if restricted else ""
    allowed = {_normal(name) for name in wanted.split(",") if name.strip()}
    found: dict[str, list[Entry]] = {}
    faults: list[Fault] = []
    installed = _metadata_files()
    for distribution, (path, version) in installed.items():
        if allowed and distribution not in {*allowed, "fusbench"}:
            continue
        try:
            for item in _entries(path, group, distribution, version):
                if isinstance(item, Fault):
                    faults.append(item)
                else:
                    found.setdefault(item.name, []).append(item)
        except (configparser.Error, ValueError, OSError) as error:
            what = " ".join(f"malformed entry_points.txt: {error}".split())
            fix = f"Repair {path}, or install {distribution} again."
            faults.append(Fault(name=distribution, where=str(path), what=what, fix=fix))
    for name in sorted(allowed - set(installed)):
        what = f"no installed package of that name registers anything, and {RESTRICTION} names it"
        fix = f"Correct {RESTRICTION}."
        faults.append(Fault(name=name, where=RESTRICTION, what=what, fix=fix))
    entries = {}
    for name, claims in sorted(found.items()):
        if len(claims) == 1:
            entries[name] = claims[0]
        else:
            owners = " and ".join(claim.owner for claim in claims)
            what = f"the name is claimed by {owners}"
            fix = f"Uninstall one of them, or name the other in {RESTRICTION}."
            faults.append(Fault(name=name, where=owners, what=what, fix=fix))
    return entries, faults


def _metadata_files() -> dict[str, tuple[Path, str]]:
    """Each distribution's ``entry_points.txt`` and version, the first on the path winning."""
    files: dict[str, tuple[Path, str]] = {}
    for folder in sys.path:
        root = Path(folder or ".")
        if not root.is_dir():
            continue
        for path in sorted((*root.glob("*.dist-info"), *root.glob("*.egg-info"))):
            stem, _, version = path.stem.partition("-")
            file = path / "entry_points.txt"
            if _normal(stem) not in files and file.is_file():
                files[_normal(stem)] = (file, version)
    return files


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _entries(path: Path, group: str, distribution: str, version: str) -> Iterator[Entry | Fault]:
    text = path.read_text(encoding="utf-8")
    if group not in text:
        return
    parser = entrypoints.CaseSensitiveConfigParser(delimiters=("=",), interpolation=None)
    parser.read_string(text, source=path.name)
    for name, target in parser[group].items() if group in parser else ():
        try:
            point = entrypoints.EntryPoint.from_string(target, name)
        except entrypoints.BadEntryPoint:
            what = f"malformed entry point '{target}'; it should read module:attribute"
            fix = f"Repair {path}."
            yield Fault(name=name, where=f"{distribution} {version}".strip(), what=what, fix=fix)
            continue
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
    where = f"{kind} '{name}'"
    for fault in faults:
        if fault.name == name:
            raise PluginError(fault.what, where, fault.fix)
        if _registers(Path(fault.where), name):
            raise PluginError(f"{fault.name} has a {fault.what}", where, fault.fix)
    hidden, _ = scan(group, restricted=False)
    if name in hidden:
        owner = hidden[name].distribution
        what = f"is hidden, since {RESTRICTION} does not name {owner}"
        raise PluginError(what, where, f"Add {owner} to it, or unset it.")
    see = f"'fusbench {kind} list' shows all {len(entries)}."
    raise unknown(kind, name, list(entries), see)


def _registers(file: Path, name: str) -> bool:
    """Whether a malformed metadata file has a line for this name."""
    if not file.is_file():
        return False
    text = file.read_text(encoding="utf-8", errors="replace")
    return re.search(rf"^\s*{re.escape(name)}\s*=", text, re.MULTILINE) is not None


def unknown_field(text: str, where: str) -> PluginError | None:
    """The error of a card with a field that no card has, if `text` is Python's word for that."""
    from dataclasses import fields

    import fusbench

    said = re.match(r"(\w+Card)\b.* unexpected keyword argument '(\w+)'", text)
    if said is None or said[1] not in fusbench.PUBLIC:
        return None
    known = [each.name for each in fields(getattr(fusbench, said[1]))]
    what = f"the card has an unknown field '{said[2]}'"
    return PluginError(what, where, unknown("field", said[2], known).fix)


def resolve(entry: Entry, kind: str) -> Any:
    """Import what an entry names, turning every failure into one `PluginError`."""
    where = f"{kind} '{entry.name}' of {entry.owner}"
    try:
        target = import_module(entry.module)
        for part in filter(None, entry.attribute.split(".")):
            target = getattr(target, part)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may call sys.exit
        told = unknown_field(str(error), where)
        if told:
            raise told from error
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
