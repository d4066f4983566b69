"""A whole run in parts, and all that fails in it.

`FUSBENCH_PART=2/10` takes the second of ten parts of every list of cases; together the parts are
the whole run. ``--junitxml=F`` writes how many cases each test had, and how many failed.
"""

import os

PART, PARTS = map(int, os.environ.get("FUSBENCH_PART", "1/1").split("/"))


def each(cases, test, record_property):
    """Run a test for every case of this part; what failed is raised at the end, all of it."""
    failures = []
    mine = list(cases)[PART - 1 :: PARTS]
    for case in mine:
        try:
            test(case)
        except (AssertionError, Exception, TooLong) as error:
            error.add_note(f"case {case!r}")
            failures.append(error)
    record_property("cases", len(mine))
    record_property("failed", len(failures))
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(mine)} cases failed", failures)


class TooLong(BaseException):
    """A reader that does not end."""
