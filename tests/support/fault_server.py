"""Runs commands of fusbench in forks of one warm process, each with a fault at its n-th change.

Python's audit events come before each rename, unlink, mkdir, rmdir, link and each opening for
writing. A hook counts those below a folder and, at a given one, sends a signal or refuses the call.
Requests and answers are JSON, one a line.
"""

import errno
import json
import os
import resource
import select
import signal
import sys

PLACES = {  # where a change's arguments hold a path, and the open folder it starts from (0: none)
    "open": ((0, 0),),
    "os.link": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, 0),),
}
WARM = (
    "fusbench.cli", "fusbench.cli.dataset", "fusbench.cli.evaluate", "fusbench.cli.leaderboard",
    "fusbench.cli.predict", "fusbench.cli.train", "fusbench.evaluation.run", "fusbench.board.build",
    "fusbench.board.page", "fusbench.importing.study", "fusbench.exporting.bids",
    "fusbench.predicting.videos", "fusbench.phantom.clip", "fusbench.verbs.train",
    "fusbench.training.loop", "fusbench.training.curves", "matplotlib.backends.backend_agg",
    "matplotlib.figure",
)  # fmt: skip


def folder_of(handle):
    """Where a relative path starts: at an open folder, or where the process stands if below 0."""
    return os.readlink(f"/proc/self/fd/{handle}") if handle >= 0 else os.getcwd()


def changed(event, args):
    """Paths that an audited call changes; none where it reads, or has a file that is open."""
    if event == "open" and not (isinstance(args[2], int) and args[2] & 3):
        return []
    found = [(args[at], args[of] if of else -1) for at, of in PLACES.get(event, ())]
    return [
        os.path.join(folder_of(start), os.fsdecode(path))
        for path, start in found
        if not isinstance(path, int)
    ]


def edit(path, old, new, way):
    """What a user does with an editor: `old` becomes `new`; a file that is not there is made."""
    try:
        with open(path, newline="") as file:
            text = file.read().replace(old, new)
    except FileNotFoundError:
        text = new
    written = path if way == "in place" else path + "~"
    with open(written, "w", newline="") as file:
        file.write(text)
    os.replace(written, path)


class Hook:
    """Counts changes below `root` in a file, and makes the fault at number `at`.

    Changes elsewhere are no faults' places; each is a line of the file `outside`.
    """

    def __init__(self, root, at, kind, told, outside, edit):
        self.root, self.at, self.kind, self.told, self.count = root, at, kind, told, 0
        self.outside, self.edit = outside, edit

    def __call__(self, event, args):
        paths = changed(event, args)
        if not any(path.startswith(self.root) for path in paths):
            for path in paths:
                os.write(self.outside, f"{event} {path}\n".encode(errors="replace"))
            return
        self.count += 1
        os.pwrite(self.told, str(self.count).encode(), 0)
        if self.count != self.at:
            return
        if self.kind == "EDIT":
            edit(*self.edit)
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
    told, outside = (
        os.open(request[name], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        for name in ("changes", "outside")
    )
    if request["largest"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"], request["largest"]))
    from fusbench.cli import main

    sys.addaudithook(
        Hook(request["root"], request["at"], request["kind"], told, outside, request["edit"])
    )
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
    """How a fork ended: exit code, minus a signal's number, or "hang"; and its memory in MB.

    The memory is the most that it, or a process that it started, had. It may be killed at a moment.
    """
    handle = os.pidfd_open(pid)
    if kill_s is not None and not select.select([handle], [], [], kill_s)[0]:
        os.kill(pid, signal.SIGKILL)
    hangs = not select.select([handle], [], [], timeout_s)[0]
    if hangs:
        os.killpg(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    os.close(handle)
    return "hang" if hangs else os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024


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
