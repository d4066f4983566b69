"""Numbers as options: on the line, and in the file of ``--config``."""

from __future__ import annotations

from typing import Any

import click

from fusbench import numerals


class Whole(click.IntRange):
    """A whole number within bounds, in digits alone: Python would take 1_0 for 10, 1.9 for 1."""

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if not numerals.is_whole(str(value).removeprefix("-")):
            self.fail(f"'{value}' is no whole number", param, ctx)
        return int(super().convert(value, param, ctx))


class Real(click.FloatRange):
    """A decimal number within bounds; no NaN, which lies within all of them."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        try:
            number = numerals.number(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return float(super().convert(number, param, ctx))
