"""Finding what installed packages register.

Names are listed without importing anything. A package's malformed ``entry_points.txt``, a plug-in
that cannot be imported, or a name claimed twice is a `Fault` of its own and stops nothing else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from fusbench import __version__
from fusbench.errors import PluginError, unknown
from fusbench.installed import Entry, Fault, normal, registrars
from fusbench.threads import wait_calmly

Card = TypeVar("Card")
MODELS = "fusbench.models"
DATASETS = "fusbench.datasets"
METRICS = "fusbench.metrics"
OWN = "fusbench"
BACKENDS = {"torch": "fusbench-torch", "keras": "fusbench-keras", "onnx": "fusbench-onnx"}
HOUSE = (OWN, *BACKENDS.values())  # released together: versions identify them
RESTRICTION = "FUSBENCH_PLUGINS"


def scan(
    group: str, *, own: Iterable[str] = (), restricted: bool = True
) -> tuple[dict[str, Entry], list[Fault]]:
    """Entries of a group by name, and what is wrong with the others.

    ``FUSBENCH_PLUGINS``, a comma-separated list of distributions, restricts the search; fusbench's
    own entries are always found, and no other package can take their names, nor those of `own`,
    which stand in a table of fusbench's and are not registered. Found once, until something is
    installed or taken away.
    """
    wanted = os.environ.get(RESTRICTION, "") if restricted else ""
    entries, faults = _found(group, tuple(own), wanted, tuple(registrars().items()))
    return dict(entries), list(faults)


@lru_cache(maxsize=32)
def _found(
    group: str, own: tuple[str, ...], wanted: str, installed: tuple[tuple[str, Any], ...]
) -> tuple[dict[str, Entry], list[Fault]]:
    allowed = {normal(name) for name in wanted.split(",") if name.strip()}
    found: dict[str, list[Entry]] = {}
    faults: list[Fault] = []
    for distribution, registrar in installed:
        if allowed and distribution not in {*allowed, OWN}:
            continue
        if isinstance(registrar, Fault):
            faults.append(registrar)
            continue
        for item in registrar.entries(group):
            if isinstance(item, Fault):
                faults.append(item)
            else:
                found.setdefault(item.name, []).append(item)
    for name in sorted(allowed - set(dict(installed))):
        what = f"no installed package of that name registers anything, and {RESTRICTION} names it"
        fix = f"Correct {RESTRICTION}."
        faults.append(Fault(name=name, where=RESTRICTION, what=what, fix=fix))
    entries = {}
    for name, claims in sorted(found.items()):
        ours = [claim for claim in claims if claim.distribution in HOUSE]
        others = [claim for claim in claims if claim not in ours]
        if name in own:
            faults += [_taken(claim, f"{OWN} {__version__}") for claim in others]
        elif len(ours or claims) == 1:
            (entries[name],) = ours or claims
            faults += [_taken(claim, ours[0].owner) for claim in others if ours]
        else:
            owners = " and ".join(claim.owner for claim in claims)
            what = f"the name is claimed by {owners}"
            fix = f"Uninstall one of them, or name the other in {RESTRICTION}."
            faults.append(Fault(name=name, where=owners, what=what, fix=fix))
    return entries, faults


def _taken(claim: Entry, owner: str) -> Fault:
    what = f"the name '{claim.name}' is that of {owner}"
    fix = f"Uninstall {claim.distribution}, or let it register another name."
    return Fault(name=claim.name, where=claim.owner, what=what, fix=fix)


def find(group: str, kind: str, name: str, own: Collection[str] = ()) -> Entry:
    """The entry of a name; `own` are names that are not registered, as `scan` has them.

    Raises
    ------
    UnknownName, PluginError
        If there is none, or if two distributions claim the name.
    """
    entries, faults = scan(group, own=own)
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
    known = [*own, *entries]
    see = f"'fusbench {kind} list' shows all {len(known)}."
    error = unknown(kind, name, known, see)
    package = BACKENDS.get(name.rpartition("-")[2], OWN)
    if group == MODELS and package not in registrars():
        error.fix = from_clone(package)
    raise error


def from_clone(package: str) -> str:
    """How a backend of the zoo is installed."""
    return f"From a clone of fusbench: pip install . ./plugins/{package}."


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
    wait_calmly()  # a framework reads it once, when it is imported
    try:
        return getattr(import_module(module), attribute)
    except ImportError as error:
        fix = from_clone(BACKENDS[backend]) if backend in BACKENDS else "Install what it needs."
        raise PluginError(f"cannot be loaded: {error}", where, fix) from error
    except AttributeError as error:
        raise PluginError(f"cannot be loaded: {error}", where, "Correct the card.") from error
