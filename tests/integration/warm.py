# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook in a copy of a process that has imported Ansible and its libraries already.

The imports are a third of the processor time of a run that changes nothing, and a quarter of the rest is the compilation of the
collection's files, which Ansible's loader repeats in each run. What a run does is the same: the copy is made before Ansible has
read an inventory, a playbook or a plugin, and a file that has changed is compiled. A run with another environment is a process
of its own.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType
from typing import Any, NoReturn

#: The libraries that every run imports; Ansible's own modules read their settings from the environment as they are imported.
LIBRARIES = (
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "ansible.playbook.play",
    "ansible.plugins.callback",
    "ansible.plugins.strategy",
    "cryptography.x509",
    "jmespath",
    "kubernetes.client.api_client",
    "kubernetes.config",
    "kubernetes.dynamic",
)
#: The collection, as Ansible's loader names its files.
COLLECTION = (
    Path(__file__).resolve().parents[2] / "build" / "collections" / "ansible_collections" / "ossm" / "federation"
)


class Warm:
    """A process with all imports done in one environment, of which each run is a copy."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self._address = folder / "warm.sock"
        self._address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._address))
        listener.listen()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())],
            env=environment,
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            cwd=folder,
        )
        listener.close()

    def stop(self) -> None:
        """End the process; runs that have begun go on."""
        self._process.communicate()
        self._address.unlink(missing_ok=True)

    def run(self, arguments: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run ansible-playbook and return what subprocess.run would.

        Raises:
            subprocess.TimeoutExpired: the run took longer; it and all that it started is killed.
        """
        with TemporaryFile() as output, TemporaryFile() as errors, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self._address))
            request = json.dumps({"arguments": arguments, "folder": str(folder)}).encode()
            socket.send_fds(connection, [request], [output.fileno(), errors.fileno()])
            connection.shutdown(socket.SHUT_WR)
            answers = connection.makefile()
            group = int(answers.readline())
            try:
                code = int(answers.readline())
            except TimeoutError as error:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, seconds) from error
            texts = [_content(file.fileno()) for file in (output, errors)]
        return subprocess.CompletedProcess(arguments, code, *texts)


def _content(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    with open(file, encoding="utf-8", errors="replace", closefd=False) as stream:
        return stream.read()


def serve(listener: socket.socket) -> None:
    """Copy this process for every request, until standard input ends."""
    for name in LIBRARIES:
        __import__(name)
    _compile_once()
    gc.freeze()
    while True:
        ready, dummy, dummy = select.select([listener, sys.stdin], [], [])
        if listener not in ready:
            return
        connection, dummy = listener.accept()
        if os.fork() == 0:
            listener.close()
            _oversee(connection)
        connection.close()
        _reap()


def _compile_once() -> None:
    """Compile the plugins of this checkout now, for the loader of collections of each copy."""
    from ansible.utils.collection_loader import _collection_finder

    compiled = {}
    for path in (COLLECTION / "plugins").rglob("*.py"):
        source = path.read_bytes()
        compiled[str(path)] = source, compile(source, str(path), "exec", dont_inherit=True)

    def compile_once(source: bytes, filename: str, **options: Any) -> CodeType:
        known, code = compiled.get(filename, (None, None))
        return code if code and known == source else compile(source, filename, **options)

    vars(_collection_finder)["compile"] = compile_once


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _oversee(connection: socket.socket) -> NoReturn:
    """Run one request in a copy, and answer with its process group and then its exit code."""
    request, files, dummy, dummy = socket.recv_fds(connection, 1 << 20, 2)
    run = os.fork()
    if run == 0:
        connection.close()
        _become(json.loads(request), files)
    connection.sendall(f"{run}\n".encode())
    dummy, status = os.waitpid(run, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, object], files: list[int]) -> NoReturn:
    """Be ansible-playbook: its arguments, folder and output; the handlers for the end are those of the process that was copied."""
    from ansible.cli.playbook import main

    os.setsid()
    os.chdir(str(request["folder"]))
    null = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate([null, *files]):
        os.dup2(file, number)
    code = 250
    try:
        sys.argv = [str(argument) for argument in list(request["arguments"])]
        main(sys.argv)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
