"""Where a row's model comes from, as its submitter says: a day, and addresses."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date

from fusbench.errors import ConfigError

ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?(/[A-Za-z0-9._~&+,=:@%/?#-]*)?")
LONGEST = 300
LINKS = ("paper", "code", "weights")
RESOLVERS = {"doi": "https://doi.org/", "arxiv": "https://arxiv.org/abs/"}
CITED = re.compile(r"(doi|arXiv):([A-Za-z0-9._/-]+[A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a row's model comes from; what is not told is empty.

    Parameters
    ----------
    date : str
        The day of the submission, such as "2026-11-26". The submitter's own: no clock is read.
    paper, code, weights : str
        Addresses.

    Raises
    ------
    ConfigError
        If the date is no day, or an address is none of the web.

    Examples
    --------
    >>> Origin(date="2026-11-26", code="https://example.org/net").code
    'https://example.org/net'
    """

    date: str = ""
    paper: str = ""
    code: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        if self.date and not _is_day(self.date):
            fix = "Write it as year-month-day: 2026-11-26."
            raise ConfigError(f"date = '{self.date[:40]}' is no day", fix=fix)
        for name in LINKS:
            text = getattr(self, name)
            if text and (len(text) > LONGEST or not ADDRESS.fullmatch(text)):
                fix = "Begin it with https://, and write other signs as %20 and the like."
                raise ConfigError(f"{name} = '{text[:40]}' is no address of the web", fix=fix)

    @property
    def told(self) -> dict[str, str]:
        """What is not empty."""
        return {name: text for name, text in asdict(self).items() if text}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def links(origin: Origin, cite: str) -> dict[str, str]:
    """Addresses by what they lead to; that of the paper from its citation, where none is given.

    Examples
    --------
    >>> links(Origin(code="https://example.org/net"), "Me et al., 2026, doi:10.1000/182.")
    {'paper': 'https://doi.org/10.1000/182', 'code': 'https://example.org/net'}
    """
    cited = CITED.search(cite)
    paper = RESOLVERS[cited[1].lower()] + cited[2] if cited else ""
    found = {"paper": paper} | {k: v for k, v in origin.told.items() if k in LINKS}
    return {name: address for name, address in found.items() if address}
