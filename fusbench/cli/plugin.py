"""``fusbench model check``, ``export`` and ``new``: for those who make models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusbench.cli import json_option
from fusbench.cli.number import Real
from fusbench.errors import counted

if TYPE_CHECKING:
    from fusbench.testing import Report


@click.command("check", epilog="Example: fusbench model check clstmunet-torch --json")
@click.argument("name")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--python", type=click.Path(path_type=Path), help="Interpreter of another environment."
)
@click.option(
    "--timeout", "timeout_s", type=Real(0), default=120, show_default=True,
    help="Longest wait, in seconds, for an answer of the model; 0: for ever.",
)  # fmt: skip
@click.option(
    "--memory-limit", "memory_gb", type=Real(0, min_open=True),
    help="Most memory, in GB of address space, that the model may take; on Linux.",
)  # fmt: skip
@click.option("--allow-prints", is_flag=True, help="Drop what the model prints.")
@json_option
def check(
    name: str,
    checkpoint: Path | None,
    device: str | None,
    python: Path | None,
    timeout_s: float,
    memory_gb: float | None,
    allow_prints: bool,
    as_json: bool,
) -> None:
    """Measure a model, by name or Python file, against every rule. Exit code 1 if it breaks one."""
    from fusbench.cli.render import print_json
    from fusbench.isolation.parent import Limits
    from fusbench.testing import check_model

    limits = Limits(timeout_s=timeout_s, memory_gb=memory_gb, prints=allow_prints)
    report = check_model(name, python=python, checkpoint=checkpoint, device=device, limits=limits)
    if as_json:
        print_json({**asdict(report), "passed": report.passed})
    else:
        _show_report(report)
    if not report.passed:
        raise click.exceptions.Exit(1)


MARKS = {True: "✓", False: "✗", None: "-"}


def _show_report(report: Report) -> None:
    from fusbench.cli.render import show, table

    cells = [[MARKS[f.passed], f.rule, f.demand, f.measured, f.limit] for f in report.findings]
    show(table(("", "rule", "demands that", "measured", "limit"), cells, text=5))
    broken = [finding for finding in report.findings if finding.passed is False]
    for finding in broken:
        show(f"✗ {finding.rule}: {finding.fix}")
    if broken and report.last_words:
        show("", "The last lines that it wrote to standard error:", report.last_words)
    verdict = f"breaks {counted(len(broken), 'rule')}" if broken else "keeps every rule"
    show(f"{report.model} {verdict}.")


@click.command("export", epilog="Example: fusbench model export clstmunet-onnx clstmunet.onnx")
@click.argument("name")
@click.argument("out", metavar="OUT.onnx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@json_option
def export(name: str, out: Path, checkpoint: Path | None, as_json: bool) -> None:
    """Write a network of the zoo as an ONNX file, which runs without fusbench and any framework."""
    from fusbench.cli.render import print_json, show
    from fusbench.verbs.export import export_model

    size = export_model(name, out, checkpoint=checkpoint).stat().st_size
    if as_json:
        print_json({"model": name, "file": str(out), "bytes": size})
        return
    show(f"{out}: {size / 1e6:.1f} MB. Next:", f"  fusbench evaluate --model {out}")


@click.command("new", epilog="Example: fusbench model new my-net --backend torch my-net")
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--backend", type=click.Choice(["numpy", "torch", "keras"]), default="numpy",
    show_default=True, help="What the model computes with.",
)  # fmt: skip
@json_option
def new(name: str, folder: Path, backend: str, as_json: bool) -> None:
    """Write a whole plug-in around a small model that works, to put your own into."""
    from fusbench.cli.render import print_json, show
    from fusbench.models.template import new_plugin, plugin_files

    new_plugin(name, folder, backend)
    files = [str(folder / path) for path in plugin_files(name, backend)]
    if as_json:
        print_json({"model": name, "files": files})
        return
    show(
        f"{folder} holds the plug-in {name}. Next:",
        f"  pip install -e {folder}",
        f"  fusbench model check {name}",
        f"  fusbench evaluate --model {name}",
    )
