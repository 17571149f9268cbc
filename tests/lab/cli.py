# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the lab's command line."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import faults, launcher, processes, state, topology
from lab.state import LabError

DESCRIPTION = "Clusters to federate without owning one: real API servers on loopback and a simulator of what they lack."
EXAMPLES = """\
examples:
  python -m lab up                                   red on AWS, green on Azure, blue on bare metal, one mesh each
  python -m lab up --meshes 6 --clusters 2           six generated meshes in two clusters
  python -m lab kubectl red get servicemeshpeers -A  look into a cluster
  python -m lab fault api-answers --cluster red code=429 count=5
  python -m lab fault api-answers --cluster red --off
  python -m lab status
  python -m lab down
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code; what a person has to know goes to stderr."""
    options = _parser().parse_args(arguments)
    options.dir = (options.dir or state.default_directory()).absolute()
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; `down` cleans up what has been started", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=Path, metavar="DIR",
                        help="the lab's directory (default: $OSSM_LAB_DIR, else build/lab of the checkout)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _up_parser(commands, common)
    _simple(commands, common, "down", _down, "stop every process of the lab, also after a crash, and remove its files")
    _simple(commands, common, "status", _status, "say what runs, how much memory it takes, and which faults are on")
    _fault_parser(commands, common)
    command = _simple(commands, common, "kubectl", _kubectl, "run kubectl with the kubeconfig of a cluster of the lab")
    command.add_argument("cluster", help="the cluster's name")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="what kubectl gets")
    return parser


def _simple(commands: Any, common: argparse.ArgumentParser, name: str, run: Any, text: str,
            **more: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.", **more)
    command.set_defaults(run=run)
    return command


def _up_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    command = _simple(commands, common, "up", _up, "start the lab, or what died of it; doing it again changes nothing")
    command.add_argument("--topology", type=Path, metavar="FILE", help="YAML with clusters and meshes (see lab/topology.py)")
    command.add_argument("--meshes", type=int, metavar="N", help="a generated topology of N meshes instead of a file")
    command.add_argument("--clusters", type=int, metavar="N", help="with --meshes: in N clusters (default: one for each)")
    command.add_argument("--platforms", default="AWS", metavar="LIST", help="with --meshes: platforms, dealt in turn (default AWS)")
    command.add_argument("--speed", type=float, default=1.0, metavar="F", help="divide all the simulator's clocks by F (default 1)")
    command.add_argument("--clock", action="append", default=[], metavar="NAME=SECONDS", help="set one clock of the simulator")
    command.add_argument("--no-simulator", action="store_true", help="API servers and their content only")


class _FaultHelp(argparse.Action):
    """Prints the help of ``fault`` with every fault in it, and ends.

    The simulator's are looked up only now: importing them takes longer than all else that a command does before its work.
    """

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any) -> None:
        from lab.sim.faults import described

        servers = {name: f"{item.does}{_defaults(item.parameters)}" for name, item in faults.FAULTS.items()}
        parser.epilog = (f"faults of API servers:\n{_listed(servers)}\n\n"
                         f"faults of meshes and clouds, by the simulator:\n{_listed(described())}")
        parser.print_help()
        parser.exit()


def _listed(words: dict[str, str]) -> str:
    return "\n".join(textwrap.fill(f"  {name}: {text}", 116, subsequent_indent="      ") for name, text in words.items())


def _fault_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    command = _simple(commands, common, "fault", _fault, "switch a fault on or off, by name", add_help=False,
                      formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("-h", "--help", action=_FaultHelp, nargs=0, help="show this help message and exit")
    command.add_argument("name", help="the fault")
    command.add_argument("parameters", nargs="*", metavar="KEY=VALUE", help="its parameters; lists with commas")
    command.add_argument("--off", action="store_true", help="switch it off")
    command.add_argument("--cluster", help="at this cluster (API faults: default all)")
    command.add_argument("--mesh", help="at this mesh")
    command.add_argument("--peer", help="at this peer of the mesh")


def _defaults(parameters: dict[str, Any]) -> str:
    words = [f"{key}={','.join(value) if isinstance(value, list) else value}" for key, value in parameters.items()]
    return f" [{' '.join(words)}]" if words else ""


def _up(options: argparse.Namespace) -> int:
    if options.topology and options.meshes:
        raise LabError("Either --topology or --meshes.")
    wanted = None
    if options.topology:
        wanted = topology.read(options.topology)
    elif options.meshes:
        wanted = topology.generated(options.meshes, options.clusters, tuple(options.platforms.split(",")))
    clocks = {name: _number(value, name) for name, value in _pairs(options.clock).items()}
    launcher.up(options.dir, launcher.Wish(wanted, options.speed, clocks, not options.no_simulator), topology.default,
                say=lambda text: print(text, flush=True))
    faults.restore(options.dir)
    return 0


def _pairs(words: list[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise LabError(f"{word!r} is not NAME=VALUE.")
    return dict(word.split("=", 1) for word in words)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LabError(f"{name}={text} is not a number of seconds.") from error


def _down(options: argparse.Namespace) -> int:
    count = launcher.down(options.dir)
    print(f"{count} processes ended; {options.dir} is gone." if count else f"Nothing runs in {options.dir}.")
    return 0


def _status(options: argparse.Namespace) -> int:
    content = state.load(options.dir)
    active = faults.active(options.dir)
    for cluster in launcher.of(options.dir, content):
        running = cluster.running()
        server = running.get("kube-apiserver")
        memory = sum(process.memory_mib() for process in running.values())
        meshes = [name for name, mesh in content["meshes"].items() if mesh["cluster"] == cluster.name]
        print(f"{cluster.name}: {cluster.entry['platform']}, API server "
              f"{f'pid {server.pid} at ' + cluster.entry['server'] if server else 'not running'}, {memory:.0f} MiB; "
              f"meshes: {', '.join(meshes) or 'none'}; faults: {', '.join(active.get(cluster.name, {})) or 'none'}")
        print(f"  export KUBECONFIG={cluster.entry['kubeconfig']}")
    return _simulator_status(options.dir, content)


def _simulator_status(directory: Path, content: dict[str, Any]) -> int:
    if not content["simulator"]:
        print("simulator: not asked for")
        return 0
    running = [process for process in processes.of_lab(directory) if process.role == launcher.SIMULATOR]
    if not running:
        print(f"simulator: not running; see {directory / 'simulator.log'}, `up` starts it again")
        return 1
    answer = launcher.ask(directory, {"verb": "status"})
    print(f"simulator: pid {running[0].pid}, {running[0].memory_mib():.0f} MiB, "
          f"{'ready' if answer.get('ready') else 'not ready'}; faults: {answer.get('faults') or 'none'}")
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
