"""Runs commands of fusbench in forks of one warm process, each with a fault at its n-th change.

Python's audit events come before each rename, unlink, mkdir, rmdir, link and each opening for
writing. A hook counts those below a folder and, at a given one, sends a signal or refuses the call.
Requests and answers are JSON, one a line.
"""

import errno
import json
import os
import resource
import signal
import sys
import time

EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link"}
WARM = (
    "fusbench.cli", "fusbench.cli.dataset", "fusbench.cli.evaluate", "fusbench.cli.leaderboard",
    "fusbench.cli.predict", "fusbench.cli.train", "fusbench.evaluation.run", "fusbench.board.build",
    "fusbench.board.page", "fusbench.importing.study", "fusbench.exporting.bids",
    "fusbench.predicting.videos", "fusbench.phantom.clip", "fusbench.verbs.train",
    "fusbench.training.loop", "fusbench.training.curves", "matplotlib.backends.backend_agg",
    "matplotlib.figure",
)  # fmt: skip


class Hook:
    """Counts changes below `root` in shared memory, and makes the fault at number `at`."""

    def __init__(self, root, at, kind, told):
        self.root, self.at, self.kind, self.told, self.count = root, at, kind, told, 0

    def __call__(self, event, args):
        writing = event == "open" and isinstance(args[2], int) and args[2] & 3
        if not (writing or event in EVENTS) or not any(self.root in str(a) for a in args):
            return
        self.count += 1
        os.pwrite(self.told, str(self.count).encode(), 0)
        if self.count != self.at:
            return
        number = getattr(signal, f"SIG{self.kind}", None)
        if number is None:
            code = getattr(errno, self.kind)
            raise OSError(code, os.strerror(code))
        os.kill(os.getpid(), number)


def child(request):
    """Run one command in this fork, and end the process with its exit code."""
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.update(request["env"])
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), number)
    told = os.open(request["changes"], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    if request["largest"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"], request["largest"]))
    from fusbench.cli import main

    sys.addaudithook(Hook(request["root"], request["at"], request["kind"], told))
    code = 70
    try:
        main(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def wait(pid, timeout_s, kill_s):
    """Exit code of a fork, minus a signal's number, or "hang"; it may be killed at a moment."""
    begin = time.monotonic()
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        passed = time.monotonic() - begin
        if kill_s is not None and passed > kill_s:
            os.kill(pid, signal.SIGKILL)
        if passed > timeout_s:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "hang"
        time.sleep(0.002)


def serve():
    import importlib

    for name in WARM:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(request)
        print(json.dumps(wait(pid, request["timeout"], request["kill"])), file=answers, flush=True)


if __name__ == "__main__":
    serve()
