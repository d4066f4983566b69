"""A whole run in parts, and all that fails in it.

`FUSBENCH_PART=2/10` takes the second of ten parts of every list of cases; together the parts are
the whole run. ``--junitxml=F`` writes how many cases each test had, how many failed, and the most
memory that this process or one that it started had until then.
"""

import os
import resource

PART, PARTS = map(int, os.environ.get("FUSBENCH_PART", "1/1").split("/"))
MOST_MB = 1000  # of memory, that cases may take


def each(cases, test, record_property):
    """Run a test for every case of this part; what failed is raised at the end, all of it."""
    failures, before_mb = [], most_memory_mb()
    mine = list(cases)[PART - 1 :: PARTS]
    for case in mine:
        try:
            test(case)
        except (AssertionError, Exception, TooLong) as error:
            error.add_note(f"case {case!r}")
            failures.append(error)
    record_property("cases", len(mine))
    record_property("failed", len(failures))
    record_property("memory_mb", most_memory_mb())
    assert most_memory_mb() - before_mb < MOST_MB
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(mine)} cases failed", failures)


def most_memory_mb():
    """The most memory that this process, or one that it started and that ended, had so far."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(found.ru_maxrss for found in used) // 1024


class TooLong(BaseException):
    """A reader that does not end."""
