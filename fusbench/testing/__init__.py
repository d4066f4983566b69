"""The rules that every model keeps, measured: for ``fusbench model check`` and for pytest.

In a plug-in's tests, two lines make each rule a test of its own::

    from fusbench.testing import conformance
    test_my_net = conformance("my-net")
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fusbench.testing.report import Finding, Report, check_model
from fusbench.testing.rules import RULES, Rule

__all__ = ["RULES", "Finding", "Report", "Rule", "check_model", "conformance"]


def conformance(name: str, **options: Any) -> Callable[[str], None]:
    """A pytest function that tests a model against every rule, one test a rule.

    The model is loaded once, in a process of its own, when the first of the tests runs.

    Parameters
    ----------
    name : str
        A registered model's name, or the path of its Python file.
    **options
        As for `check_model`.

    Returns
    -------
    callable
        To be given a name that begins with ``test_`` in a test module.

    Raises
    ------
    AssertionError
        By a test of a rule that is broken, with what was measured and what to do.

    Examples
    --------
    >>> test_uniform = conformance("uniform")
    >>> test_uniform("sum")  # as pytest calls it, for one rule after the other
    """
    import pytest

    @cache
    def report() -> dict[str, Finding]:
        return {finding.rule: finding for finding in check_model(name, **options).findings}

    @pytest.mark.parametrize("rule", [rule.name for rule in RULES])
    def test_rule(rule: str) -> None:
        finding = report()[rule]
        if finding.passed is None:
            pytest.skip(finding.measured)
        assert finding.passed, f"{finding.demand}: {finding.measured}. {finding.fix}"

    return test_rule
