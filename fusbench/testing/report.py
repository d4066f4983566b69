"""Measuring a model against every rule."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fusbench.discovery import MODELS, find
from fusbench.doors.open import introduced, is_file
from fusbench.errors import FusbenchError
from fusbench.isolation.parent import Guest, Limits
from fusbench.testing.rules import RULES, Rule
from fusbench.testing.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule's measurement found.

    Parameters
    ----------
    rule, demand : str
        The rule's name, and what it demands.
    passed : bool or None
        None where the rule does not apply, or was not reached.
    measured : str
        The measured value, or why there is none.
    limit : str
        What the value may be.
    fix : str
        What to do about it; "" unless the rule is broken.

    Examples
    --------
    >>> Finding(rule="sum", demand="sums to 1", passed=True, measured="1", limit="1").fix
    ''
    """

    rule: str
    demand: str
    passed: bool | None
    measured: str
    limit: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All findings on one model.

    Parameters
    ----------
    model : str
        Its name.
    findings : tuple of Finding
        In the order of `RULES`.
    last_words : str
        The last lines that its process wrote to standard error.

    Examples
    --------
    >>> found = Finding(
    ...     rule="sum", demand="each density sums to 1", passed=False, measured="0.5", limit="1")
    >>> Report(model="my-net", findings=(found,)).passed
    False
    """

    model: str
    findings: tuple[Finding, ...]
    last_words: str = ""

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return all(finding.passed is not False for finding in self.findings)


def check_model(
    name: str,
    *,
    python: Path | None = None,
    checkpoint: Path | None = None,
    device: str | None = None,
    limits: Limits | None = None,
) -> Report:
    """Measure a model against every rule, on small synthetic clips.

    Parameters
    ----------
    name : str
        A registered model's name, or the path of its Python file.
    python : Path, optional
        Interpreter of another environment to run it in.
    checkpoint : Path, optional
    device : str, optional
        For the loader.
    limits : Limits, optional
        Waits at most 120 s for an answer unless told otherwise.

    Raises
    ------
    UnknownName
        If nobody registers that name.

    Examples
    --------
    >>> report = check_model("uniform")
    >>> report.passed, report.findings[0].rule
    (True, 'card')
    """
    entry = None if python or is_file(name) else find(MODELS, "model", name)
    where = f"model '{name}'" + (f" of {entry.owner}" if entry else "")
    limits = limits or Limits(timeout_s=120)
    allowed = limits.prints
    limits = Limits(timeout_s=limits.timeout_s, memory_gb=limits.memory_gb, prints=True)
    findings: list[Finding] = []
    words = ""
    with tempfile.TemporaryDirectory(prefix="fusbench-check-") as folder, ExitStack() as stack:

        def enter() -> Trial:
            guest = stack.enter_context(Guest(where, python, limits))
            return Trial(guest, lambda: introduced(guest, name, entry, checkpoint, device), folder)

        trial = enter()
        trial.again = enter
        trial.prints_allowed = allowed
        for rule in RULES:
            findings.append(_finding(rule, trial))
            if findings[-1].passed is False and rule.stops:
                break
        words = trial.guest.last_words()
    reason = f"not reached, since '{findings[-1].rule}' is broken"
    findings += [
        Finding(rule=r.name, demand=r.demand, passed=None, measured=reason, limit=r.limit)
        for r in RULES[len(findings) :]
    ]
    return Report(model=name, findings=tuple(findings), last_words=words)


def _finding(rule: Rule, trial: Trial) -> Finding:
    fix = ""
    try:
        passed, measured = rule.measure(trial)
        if passed is False:
            fix = rule.fix
    except FusbenchError as error:
        passed, measured, fix = False, error.what, error.fix
    return Finding(
        rule=rule.name,
        demand=rule.demand,
        passed=passed,
        measured=measured,
        limit=rule.limit,
        fix=fix,
    )
