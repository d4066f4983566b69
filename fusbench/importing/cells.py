"""Numbers in text cells, as programs of all countries write them; what is none is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusbench import numerals

FILLERS = frozenset((
    "", "nan", "-nan", "+nan", "na", "n/a", "#n/a", "null", "(null)", "none", ".", "-", "--",
    "inf", "-inf", "+inf", "infinity", "-infinity", "-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan",
    "nan(ind)", "-nan(ind)", "undefined", "missing", "invalid", "lost",
))  # fmt: skip
LONGEST = 60
FEWEST_WHOLE, WHOLE_FILLERS = 3, 1
SEPARATORS = (",", " ", "'", "\u2019", "\u00a0", "\u202f")
BLANKS = re.compile(r"(?<=[0-9])[\s'\u2019\u00a0\u202f](?=[0-9]{3}(?![0-9]))")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+")
ENGLISH = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
EUROPEAN = re.compile(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)?(?:,[0-9]*)?(?:[eE][+-]?[0-9]+)?")


def shown(cell: str) -> str:
    """A stranger's cell for a message of one line.

    Examples
    --------
    >>> shown("a" * 100)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'
    """
    return cell if len(cell) <= LONGEST else cell[: LONGEST - 3] + "..."


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Numbers of a column.

    Parameters
    ----------
    values : ndarray of float64, shape (N,)
        NaN where there is none.
    odd : tuple of str
        Cells that are neither a number, nor empty, nor a known filler.
    grouped : str
        A cell that was read with separated thousands; "" where there was none.
    """

    values: np.ndarray
    odd: tuple[str, ...] = ()
    grouped: str = ""


def numbers(cells: pd.Series) -> Numbers:
    """Numbers of text cells, whatever the decimal sign; separated thousands are understood.

    A comma is the decimal sign of a column where any of its cells can only be read so; a full stop
    then separates thousands.

    Examples
    --------
    >>> numbers(pd.Series(["670,14", "1.001,09", "", "n/a"])).values.tolist()
    [670.14, 1001.09, nan, nan]
    >>> numbers(pd.Series(["670.14", "1,001.09", "?"]))
    Numbers(values=array([ 670.14, 1001.09,     nan]), odd=('?',), grouped='1,001.09')
    """
    text = cells.str.strip()
    values = _finite(text.tolist())
    unread = np.isnan(values) & ~text.str.lower().isin(FILLERS).to_numpy(bool)
    if not unread.any():
        dots = _dotted_thousands(text, values)
        if not dots.any():
            return Numbers(values=values)
        values = np.where(dots, values * 1000, values).round()
        return Numbers(values=values, grouped=str(cells[dots].iat[0]).strip())
    text = text.str.replace(BLANKS, "", regex=True)
    comma = _decimal_comma(text[unread].tolist(), values)
    grouped = ""
    if comma:
        dots = text.str.contains(".", regex=False).to_numpy(bool)
        plain = text.where(~dots, "").str.replace(",", ".", regex=False)
        simple = _finite(plain.tolist())
        unread = dots | unread & np.isnan(simple)
        values = np.where(dots, values, simple)
    shape = EUROPEAN if comma else ENGLISH
    for index in map(int, np.flatnonzero(unread)):
        cell, written = str(text.iat[index]), str(cells.iat[index]).strip()
        separated = cell != written
        if shape.fullmatch(cell) and cell.strip("+-.,"):
            digits = cell.replace(".", "").replace(",", ".") if comma else cell.replace(",", "")
            values[index] = float(digits)
            separated |= ("." if comma else ",") in cell
        else:
            values[index] = _finite([cell])[0]
        if separated and not np.isnan(values[index]):
            grouped = grouped or written
    odd = np.isnan(values) & ~text.str.lower().isin(FILLERS).to_numpy(bool)
    return Numbers(values=values, odd=tuple(cells[odd].str.strip()), grouped=grouped)


def plain_numbers(cells: list[str], whole: bool) -> tuple[list[str], str]:
    """Numbers as exact text with a decimal point alone, and a cell that separated thousands.

    Where every comma stands before three digits, it separates thousands of numbers that are `whole`
    units of a small unit, and else it is the decimal sign.

    Examples
    --------
    >>> plain_numbers(["9,444", "9,455"], whole=False)
    (['9.444', '9.455'], '')
    >>> plain_numbers(["9,999", "10,010"], whole=True)
    (['9999', '10010'], '9,999')
    >>> plain_numbers(["9.444,5", "1 000 000"], whole=True)
    (['9444.5', '1000000'], '9.444,5')
    """
    if not any(mark in cell for cell in cells for mark in SEPARATORS):
        dots = [cell for cell in cells if cell.count(".") > 1]
        if not dots:
            return cells, ""
    texts = [BLANKS.sub("", cell) for cell in cells]
    with_comma = [text for text in texts if "," in text]
    if any("." in text for text in with_comma):
        comma = _decimal_comma(with_comma, np.empty(0))
    elif any(text.count(",") > 1 for text in with_comma):
        comma = False
    else:
        grouped = all(
            GROUPED.fullmatch(text) and text.lstrip("+-")[0] != "0" for text in with_comma
        )
        comma = not (whole and grouped)
    several = any(text.count(".") > 1 for text in texts)
    thousands = [*("," if not comma else ""), *("." if several or (comma and with_comma) else "")]
    plain = []
    for text in texts:
        shape = EUROPEAN if comma else ENGLISH
        if shape.fullmatch(text) or (several and GROUPED.fullmatch(text)):
            for mark in thousands:
                text = text.replace(mark, "")
        plain.append(text.replace(",", "."))
    pairs = zip(cells, plain, strict=True)
    return plain, next((old for old, new in pairs if len(new) < len(old.strip())), "")


def _finite(texts: list[str]) -> np.ndarray:
    """Numbers with a decimal point, float64 (N,); NaN for what is none, or too large."""
    values = np.array(numerals.numbers(texts), np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _dotted_thousands(text: pd.Series, values: np.ndarray) -> np.ndarray:
    """Which cells have a full stop that separates thousands, bool (N,).

    Those of a column of whole numbers below 1000 and numbers with three digits behind the stop:
    decimals are written so in all cells or, without their last zeros, with fewer digits in some.
    """
    none = np.zeros(len(values), bool)
    whole = (values % 1 == 0) & (np.abs(values) > WHOLE_FILLERS)
    if not whole.any() or len(np.unique(values[whole])) < FEWEST_WHOLE:
        return none
    dots = text.str.contains(".", regex=False).to_numpy(bool)
    plain = whole & ~dots
    if not dots.any() or len(np.unique(values[plain])) < FEWEST_WHOLE:
        return none
    grouped = text[dots].str.fullmatch(GROUPED).all() and (np.abs(values[dots]) >= 1).all()
    return dots if grouped and (np.abs(values[plain]) < 1000).all() else none


def _decimal_comma(cells: list[str], read: np.ndarray) -> bool:
    """Whether a column's comma is its decimal sign; `read` are numbers of its other cells.

    Where every comma stands before three digits, it separates thousands if most cells need none:
    numbers with three decimals would have them nearly always.
    """
    with_comma = [cell for cell in cells if "," in cell]
    both = [cell for cell in with_comma if "." in cell]
    if both:
        return all(cell.rfind(",") > cell.rfind(".") for cell in both)
    if any(not GROUPED.fullmatch(cell) or cell.lstrip("+-")[0] == "0" for cell in with_comma):
        return True
    return bool(with_comma) and len(with_comma) > np.isfinite(read).sum()
