"""Records: frozen dataclasses read from what files and other processes say, field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from fusbench.errors import FusbenchError, unknown

Record = TypeVar("Record")
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
"""What msgspec calls the kinds of plain values, and we do."""
LONGEST_SHOWN = 60


def read_record(
    cls: type[Record],
    content: Mapping[str, Any],
    where: str,
    kind: type[FusbenchError],
    fix: str = "Correct it.",
) -> Record:
    """The record that plain values stand for; a record within it is a table, or a list of such.

    Parameters
    ----------
    cls : type
        A dataclass. Its annotations say what a field may hold: a whole number is a number too,
        nothing else is taken for what it is not.
    content : mapping
        Values by field, as TOML and JSON give them.
    where : str
        The file, for messages.
    kind : type of FusbenchError
        The error to raise.
    fix : str
        What to do where a field is missing.

    Raises
    ------
    kind
        If a field is unknown, missing, or of another type, or the record refuses its values.

    Examples
    --------
    >>> from fusbench.data.window import Window
    >>> from fusbench.errors import ConfigError
    >>> read_record(Window, {"length": 6}, "row.toml", ConfigError).length
    6
    >>> read_record(Window, {"lenght": 6}, "row.toml", ConfigError)
    Traceback (most recent call last):
    ...
    fusbench.errors.ConfigError: row.toml: the key 'lenght' is unknown. Did you mean 'length'?
    >>> read_record(Window, {"length": "6"}, "row.toml", ConfigError)
    Traceback (most recent call last):
    ...
    fusbench.errors.ConfigError: row.toml: length = '6' is a text, not a whole number. Correct it.
    """
    types = _types(cls)  # type: ignore[arg-type]  # classes can be hashed
    for key in content:
        if key not in types:
            near = unknown("key", str(key), list(types)).fix
            raise kind(f"the key '{key}' is unknown", where, near)
    needed = [
        field.name
        for field in fields(cls)  # type: ignore[arg-type]  # a dataclass, by contract
        if field.default is MISSING and field.default_factory is MISSING
    ]
    for key in needed:
        if key not in content:
            raise kind(f"the key '{key}' is missing", where, fix)
    values = {key: _value(types[key], value, key, where, kind) for key, value in content.items()}
    try:
        return cls(**values)
    except FusbenchError as error:
        if error.where:
            raise
        raise kind(error.what, where, error.fix) from None


def told(record: Any, later: Collection[str] = ()) -> dict[str, Any]:
    """A record's fields as a file holds them: plain values, what `read_record` reads.

    Parameters
    ----------
    record : dataclass
    later : collection of str
        Fields that older files do not have: told only where they are not the usual ones, so that
        what was written before keeps its bytes and hashes.

    Examples
    --------
    >>> from fusbench.data.window import Window
    >>> told(Window(length=6, stride=2), later=("stride", "horizon"))
    {'length': 6, 'placement': 'before', 'stride': 2}
    """
    usual = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(record)
    }
    found = asdict(record)
    return {key: v for key, v in found.items() if key not in later or v != usual[key]}


@cache
def _types(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _value(hint: Any, value: Any, key: str, where: str, kind: type[FusbenchError]) -> Any:
    """A field's value as its annotation asks for it."""
    if _is_of(hint, value):
        return value
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return read_record(hint, value, f"{where}, {key}", kind)
    within = get_args(hint)[:1] if get_origin(hint) is tuple else ()
    if within and is_dataclass(within[0]) and isinstance(value, list | tuple):
        return tuple(
            _value(within[0], one, f"{key}[{number}]", where, kind)
            for number, one in enumerate(value)
        )
    import msgspec  # which takes longer to import than a list of models to make

    try:
        found = msgspec.convert(value, hint)
        return value if isinstance(value, int) else found  # 8 stays 8: hashes are of what was told
    except msgspec.ValidationError as error:
        raise kind(_told(key, value, str(error)), where, "Correct it.") from None


def _is_of(hint: Any, value: Any) -> bool:
    """Whether a value is what is asked for already: a plain one, or an object of anything."""
    kinds = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    return type(value) in kinds or (type(value) is dict and Mapping[str, Any] in kinds)


def _told(key: str, value: Any, reason: str) -> str:
    """msgspec's reason in our words: it quotes the kinds that it wants and got."""
    shown = repr(value)
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}..."
    wanted, got, *_ = (*reason.split("`")[1::2], "", "")
    if got not in KINDS:
        return f"{key} = {shown} cannot be: {reason.partition(' - at ')[0]}"
    good = " or ".join(KINDS.get(one, one) for one in wanted.split(" | "))
    verb = "holds" if " - at " in reason else "is"
    return f"{key} = {shown} {verb} {KINDS[got]}, not {good}"
