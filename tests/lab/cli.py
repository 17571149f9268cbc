# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the lab: ``python -m lab up|down|status|fault|kubectl|replay``."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import faults, launcher, processes, replay, state, topology
from lab.state import LabError

DESCRIPTION = "A local test lab: real API servers on loopback, and a simulator for the operator, the cloud and istiod."
EXAMPLES = """\
examples:
  python -m lab up                                   red on AWS, green on Azure, blue on bare metal, one mesh each
  python -m lab up --meshes 6 --clusters 2           six generated meshes in two clusters
  python -m lab kubectl red get servicemeshpeers -A  look into a cluster
  python -m lab fault api-error --cluster red code=429 count=5
  python -m lab fault api-error --cluster red --off
  python -m lab status
  python -m lab replay federation-gather-20260131T030405Z.tar.gz
  python -m lab down
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; errors go to stderr."""
    options = command_parser().parse_args(arguments)
    options.dir = (options.dir or state.default_directory()).absolute()
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; run `down` to stop the processes that were started", file=sys.stderr)
        return 130


def command_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        help="the lab's directory (default: $OSSM_LAB_DIR, else build/lab of the checkout)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _up_parser(commands, common)
    _simple(commands, common, "down", _down, "stop all processes of the lab, also after a crash, and remove its files")
    _simple(commands, common, "status", _status, "show running processes, their memory and the active faults")
    _fault_parser(commands, common)
    command = _simple(commands, common, "kubectl", _kubectl, "run kubectl against a cluster of the lab")
    command.add_argument("cluster", help="the cluster's name")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments for kubectl")
    command = _simple(
        commands,
        common,
        "replay",
        _replay,
        "show an archive of gather.yml: API servers that answer as those of the field did",
    )
    command.add_argument("archive", type=Path, help="the archive, a .tar.gz")
    return parser


def _simple(
    commands: Any, common: argparse.ArgumentParser, name: str, run: Any, text: str, **more: Any
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.", **more
    )
    command.set_defaults(run=run)
    return command


def _up_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    command = _simple(
        commands, common, "up", _up, "start the lab, or restart the parts that stopped; a running lab stays as it is"
    )
    command.add_argument(
        "--topology", type=Path, metavar="FILE", help="YAML with clusters and meshes (see lab/topology.py)"
    )
    command.add_argument(
        "--meshes", type=int, metavar="N", help="generate a topology of N meshes instead of reading a file"
    )
    command.add_argument(
        "--clusters", type=int, metavar="N", help="with --meshes: number of clusters (default: one per mesh)"
    )
    command.add_argument(
        "--platforms",
        default="AWS",
        metavar="LIST",
        help="with --meshes: platforms, assigned round-robin (default: AWS)",
    )
    command.add_argument(
        "--speed", type=float, default=1.0, metavar="F", help="divide all simulator clocks by F (default: 1)"
    )
    command.add_argument(
        "--clock", action="append", default=[], metavar="NAME=SECONDS", help="set a simulator clock (repeatable)"
    )
    command.add_argument(
        "--no-simulator", action="store_true", help="start only the API servers and their initial objects"
    )


class _FaultHelp(argparse.Action):
    """Print the help of ``fault`` with all faults, and exit.

    The simulator's faults are imported only here: the import takes longer than everything else before a command starts.
    """

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any) -> None:
        from lab.sim.faults import descriptions

        servers = {name: f"{fault.description}{_defaults(fault.parameters)}" for name, fault in faults.FAULTS.items()}
        parser.epilog = (
            f"API server faults:\n{_format_list(servers)}\n\n"
            f"mesh and cloud faults (simulator):\n{_format_list(descriptions())}"
        )
        parser.print_help()
        parser.exit()


def _format_list(descriptions: dict[str, str]) -> str:
    return "\n".join(
        textwrap.fill(f"  {name}: {text}", 116, subsequent_indent="      ") for name, text in descriptions.items()
    )


def _fault_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    command = _simple(
        commands,
        common,
        "fault",
        _fault,
        "switch a fault on or off",
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("-h", "--help", action=_FaultHelp, nargs=0, help="show this help message and exit")
    command.add_argument("name", help="name of the fault")
    command.add_argument(
        "parameters", nargs="*", metavar="KEY=VALUE", help="parameters of the fault; separate list items with commas"
    )
    command.add_argument("--off", action="store_true", help="switch the fault off")
    command.add_argument("--cluster", help="cluster to affect (API server faults: default all)")
    command.add_argument("--mesh", help="mesh to affect")
    command.add_argument("--peer", help="peer of the mesh to affect")


def _defaults(parameters: dict[str, Any]) -> str:
    items = [f"{key}={','.join(value) if isinstance(value, list) else value}" for key, value in parameters.items()]
    return f" [{' '.join(items)}]" if items else ""


def _up(options: argparse.Namespace) -> int:
    if options.topology and options.meshes:
        raise LabError("--topology and --meshes exclude each other.")
    requested = None
    if options.topology:
        requested = topology.read(options.topology)
    elif options.meshes:
        requested = topology.generate(options.meshes, options.clusters, tuple(options.platforms.split(",")))
    clocks = {name: _number(value, name) for name, value in _pairs(options.clock).items()}
    launcher.up(
        options.dir,
        launcher.LabOptions(requested, options.speed, clocks, not options.no_simulator),
        topology.default,
        say=lambda text: print(text, flush=True),
    )
    faults.restore(options.dir)
    return 0


def _pairs(arguments: list[str]) -> dict[str, str]:
    for argument in arguments:
        if "=" not in argument:
            raise LabError(f"{argument!r} is not of the form NAME=VALUE.")
    return dict(argument.split("=", 1) for argument in arguments)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LabError(f"{name}: {text!r} is not a number of seconds.") from error


def _down(options: argparse.Namespace) -> int:
    count = launcher.down(options.dir)
    print(
        f"Stopped {count} processes and removed {options.dir}." if count else f"No processes of a lab in {options.dir}."
    )
    return 0


def _status(options: argparse.Namespace) -> int:
    content = state.load(options.dir)
    if "replay" in content:
        print("\n".join(replay.describe(options.dir)))
        return 0
    active = faults.active(options.dir)
    for cluster in launcher.clusters_of(options.dir, content):
        running = cluster.running()
        server = running.get("kube-apiserver")
        memory = sum(process.memory_mib() for process in running.values())
        meshes = [name for name, mesh in content["meshes"].items() if mesh["cluster"] == cluster.name]
        print(
            f"{cluster.name}: {cluster.entry['platform']}, API server "
            f"{f'pid {server.pid} at ' + cluster.entry['server'] if server else 'not running'}, {memory:.0f} MiB; "
            f"meshes: {', '.join(meshes) or 'none'}; faults: {', '.join(active.get(cluster.name, {})) or 'none'}"
        )
        print(f"  export KUBECONFIG={cluster.entry['kubeconfig']}")
    return _simulator_status(options.dir, content)


def _simulator_status(directory: Path, content: dict[str, Any]) -> int:
    if not content["simulator"]:
        print("simulator: disabled")
        return 0
    running = [process for process in processes.of_lab(directory) if process.role == launcher.SIMULATOR]
    if not running:
        print(f"simulator: not running; see {directory / 'simulator.log'}. Run `up` to restart it")
        return 1
    answer = launcher.ask(directory, {"verb": "status"})
    print(
        f"simulator: pid {running[0].pid}, {running[0].memory_mib():.0f} MiB, "
        f"{'ready' if answer.get('ready') else 'not ready'}; faults: {answer.get('faults') or 'none'}"
    )
    for name, mesh in (answer.get("meshes") or {}).items():
        print(f"  {name}: {mesh}")
    return 0


def _fault(options: argparse.Namespace) -> int:
    target = {key: value for key in ("cluster", "mesh", "peer") if (value := getattr(options, key))}
    print(faults.switch(options.dir, options.name, not options.off, target, _pairs(options.parameters)))
    return 0


def _kubectl(options: argparse.Namespace) -> int:
    command, environment = launcher.kubectl_command(options.dir, options.cluster, options.arguments)
    os.execve(command[0], command, environment)


def _replay(options: argparse.Namespace) -> int:
    replay.replay(options.archive.absolute(), options.dir)
    print("\n".join(replay.describe(options.dir)))
    return 0
