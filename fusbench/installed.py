"""What is installed and registers something: the only module that knows entry points.

Distributions and their versions are those of `importlib.metadata`, so that a run has one key
however fusbench was installed and started; `entrypoints` parses what they register.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import entrypoints

PREFIX = b"fusbench."  # of all groups


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


@dataclass(frozen=True, kw_only=True)
class Registrar:
    """An installed distribution that registers something with fusbench."""

    distribution: str
    version: str
    file: Path
    text: str

    def entries(self, group: str) -> Iterator[Entry | Fault]:
        """What it registers in a group."""
        if group not in self.text:
            return
        try:
            yield from self._entries(group)
        except (configparser.Error, ValueError) as error:
            yield _malformed(self.distribution, self.file, error)

    def _entries(self, group: str) -> Iterator[Entry | Fault]:
        parser = entrypoints.CaseSensitiveConfigParser(delimiters=("=",), interpolation=None)
        parser.read_string(self.text, source=self.file.name)
        for name, target in parser[group].items() if group in parser else ():
            try:
                point = entrypoints.EntryPoint.from_string(target, name)
            except entrypoints.BadEntryPoint:
                what = f"malformed entry point '{target}'; it should read module:attribute"
                fix = f"Repair {self.file}."
                where = f"{self.distribution} {self.version}".strip()
                yield Fault(name=name, where=where, what=what, fix=fix)
                continue
            yield Entry(
                name=name,
                distribution=self.distribution,
                version=self.version,
                module=point.module_name,
                attribute=point.object_name or "",
            )


def registrars() -> dict[str, Registrar | Fault]:
    """Distributions that name a group of fusbench's, or what is wrong with their file.

    Of two with one name the first on the path counts, as for `importlib.metadata` and for imports.
    A folder of the path is read once, and again after something was put into it or taken out.
    """
    found: dict[str, Registrar | Fault] = {}
    seen: set[str] = set()
    for folder in sys.path:
        here = _of_folder(folder, _changed_ns(folder))
        found |= {
            one.name if isinstance(one, Fault) else one.distribution: one
            for stem, one in here.items()
            if one is not None and stem not in seen
        }
        seen |= set(here)
    return found


def _changed_ns(folder: str) -> int:
    """When something was last put into a folder or taken out; 0 where it is none."""
    try:
        return os.stat(folder or os.curdir).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _of_folder(folder: str, changed_ns: int) -> dict[str, Registrar | Fault | None]:
    """By their folders' names, the distributions in a folder; None for those of no concern."""
    found: dict[str, Registrar | Fault | None] = {}
    for record, path in _records(folder):
        stem = normal(path.stem.partition("-")[0])
        if stem not in found:
            found[stem] = _registrar(record, path, stem)
    return found


def _registrar(record: metadata.Distribution, path: Path, stem: str) -> Registrar | Fault | None:
    file = path / "entry_points.txt"
    try:
        text = file.read_bytes()
    except OSError:
        return None
    if PREFIX not in text:
        return None
    name = normal(_fact(record, "Name")) or stem
    version = _fact(record, "Version") or path.stem.partition("-")[2]
    try:
        whole = text.decode()
    except UnicodeDecodeError as error:
        return _malformed(name, file, error)
    return Registrar(distribution=name, version=version, file=file, text=whole)


def _records(folder: str) -> list[tuple[metadata.Distribution, Path]]:
    """Distributions of a folder of the path, each with the folder of its metadata, by name."""
    found = metadata.distributions(path=[folder])
    pairs = [(each, Path(str(getattr(each, "_path", "")))) for each in found]
    return sorted(pairs, key=lambda pair: pair[1].name)


def _fact(record: metadata.Distribution, key: str) -> str:
    """A field of a distribution's metadata; "" where a stranger's lacks it, or is no text."""
    try:
        return record.metadata.get(key) or ""
    except Exception:  # nothing of a stranger's may stop the rest
        return ""


def _malformed(distribution: str, file: Path, error: Exception) -> Fault:
    what = " ".join(f"malformed entry_points.txt: {error}".split())
    fix = f"Repair {file}, or install {distribution} again."
    return Fault(name=distribution, where=str(file), what=what, fix=fix)


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def owner_of(module: str) -> tuple[str, str]:
    """Distribution and version that a top-level module comes from; its own name where from none.

    Examples
    --------
    >>> owner_of("fusbench")[0], owner_of("no_such_module")
    ('fusbench', ('no_such_module', ''))
    """
    names = metadata.packages_distributions().get(module)
    return (normal(names[0]), metadata.version(names[0])) if names else (module, "")
