# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: reading of the identities of other administrators' meshes.

The content of a file comes from others: it is parsed here, in Python, every value is checked before it is used, and no string of
it is a template. Pure: the caller reads the files and passes the time.
"""

from __future__ import annotations

import datetime
import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers import roots as root_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.fields import (
    FIELDS,
    KIND,
    OTHER_KEYS,
    PATHS,
    Field,
    parse_port,
    shown,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import is_address
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, Identity
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import unknown_keys

SUFFIXES = (".yml", ".yaml", ".json")
#: A document with a bundle of ten roots has some 20 kB.
MAX_CHARACTERS = 200_000
#: The clocks of two administrators may differ by this much.
SKEW = datetime.timedelta(minutes=10)
#: A document that expires within this time is reported, so that a new one can be requested.
SOON = datetime.timedelta(days=30)

#: Reads a file: its text, or None where it does not exist. OSError and ValueError when it cannot be read.
ReadFile = Callable[[str], Optional[str]]


def file_name(mesh: str, peer: str) -> str:
    """The name of the file with the identity of ``mesh`` for ``peer``.

    >>> file_name("red", "green")
    'red-for-green.yml'
    """
    return f"{mesh}-for-{peer}.yml"


def path_for(named: str, mesh: str, peer: str) -> str:
    """The path that ``mesh_identity_file`` means for one peer: a file, or the file for that peer in a directory.

    >>> path_for("from/others", "green", "red")
    'from/others/green-for-red.yml'
    >>> path_for("green.yaml", "green", "red")
    'green.yaml'
    """
    return named if named.lower().endswith(SUFFIXES) else os.path.join(named, file_name(mesh, peer))


def read_identity_files(declared: Declaration, read_file: ReadFile, now: datetime.datetime) -> List[Problem]:
    """Read the identity of every mesh that is known by files, for each of its pairs, into the declaration.

    Returns all problems; a file that does not exist yet is none.
    """
    problems: List[Problem] = []
    meshes = declared["meshes"]
    for pair in declared["pairs"]:
        for host, peer in (pair, pair[::-1]):
            if meshes[host]["by_file"]:
                problems += _read_identity_file(meshes[host], meshes[peer], read_file, now)
    for host in declared["hosts"]:
        problems += _contradictions(meshes[host])
    return problems


def _read_identity_file(
    mesh: DeclaredMesh, peer: DeclaredMesh, read_file: ReadFile, now: datetime.datetime
) -> List[Problem]:
    path = path_for(str(mesh["identity_file"]), mesh["mesh"], peer["mesh"])
    mesh["identity_files"][peer["host"]] = {"path": path, "identity": None}
    try:
        text = read_file(path)
    except (OSError, ValueError) as error:
        message = f"the file cannot be read: {error}"
        remedy = "Make it a text file that you may read"
        return [problem("identity-unreadable", mesh["mesh"], path, message, remedy, peer=peer["mesh"])]
    if text is None:
        return []
    identity, problems = parse(text, mesh["mesh"], peer["mesh"], path, now, mesh["pins"] or ())
    mesh["identity_files"][peer["host"]]["identity"] = identity
    return problems


def _contradictions(mesh: DeclaredMesh) -> List[Problem]:
    """Files of one mesh for several of ours that describe different meshes, or are of different ages."""
    files = [(entry["path"], entry["identity"]) for _peer, entry in sorted(mesh["identity_files"].items())]
    read = [(path, identity) for path, identity in files if identity is not None]
    problems = []
    for path, identity in read:
        first_path, first = read[0]
        differing = [
            key for key in ("namespace", "trust_domain", "fingerprints") if dict(identity)[key] != dict(first)[key]
        ]
        if differing:
            message = f"its {' and '.join(differing).replace('_', ' ')} differ from those of {first_path}"
            remedy = _request(mesh["mesh"], "new files for all of your meshes")
            problems.append(problem("identity-differs", mesh["mesh"], path, message, remedy))
        if mesh["trust_domain"] is not None and identity["trust_domain"] != mesh["trust_domain"]:
            where = f"{path} spec.trustDomain"
            message = f"it is {identity['trust_domain']}, and mesh_trust_domain is {mesh['trust_domain']}"
            remedy = "Correct mesh_trust_domain, or remove it: the value of the file is used"
            problems.append(problem("identity-differs", mesh["mesh"], where, message, remedy))
    return problems


def parse(
    text: str, mesh: str, peer: str, path: str, now: datetime.datetime, pins: Sequence[str] = ()
) -> Tuple[Optional[Identity], List[Problem]]:
    """The identity of ``mesh`` for ``peer`` in a document, and all problems with it at the time ``now``.

    The identity is None when any problem is an error. ``pins`` are the accepted fingerprints, empty for any.
    """
    parser = _Parser(mesh, peer, path, now, pins)
    document = parser.load(text)
    if document is None:
        return None, parser.problems
    identity = parser.identity(document)
    has_error = any(found["severity"] == "error" for found in parser.problems)
    return None if has_error else identity, parser.problems


def _request(mesh: str, what: str = "a new file") -> str:
    return f"Request {what} from the administrator of {mesh}, made by export_identity.yml"


def _loader() -> Any:
    """PyYAML's safe loader, for which a plain scalar is a string unless it is null, true or false."""
    kinds = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool")

    class Loader(yaml.SafeLoader):
        """Resolves these kinds only."""

        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag in kinds]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader


class _Parser:
    """Parses one document, and collects all problems with it."""

    def __init__(self, mesh: str, peer: str, path: str, now: datetime.datetime, pins: Sequence[str]) -> None:
        self.mesh, self.peer, self.path, self.now, self.pins = mesh, peer, path, now, pins
        self.problems: List[Problem] = []
        #: Names in ``PATHS`` that are not dictionaries: their keys are not reported as missing.
        self.invalid: Set[str] = set()

    def _report(self, code: str, field: str, message: str, remedy: str = "", severity: Severity = "error") -> None:
        """Collect a problem; the default remedy is to request a new file."""
        where = f"{self.path} {field}".rstrip()
        remedy = remedy or _request(self.mesh)
        self.problems.append(problem(code, self.mesh, where, message, remedy, peer=self.peer, severity=severity))

    def load(self, text: str) -> Optional[Json]:
        """The document; None, with a problem, when the text is none.

        Numbers and dates stay strings, as they were written, so that the loader cannot misread them.
        """
        if "PRIVATE KEY" in text:
            self._report(
                "identity-private-key",
                "",
                "it contains a private key, which must stay with its owner",
                f"Delete it, and ask the administrator of {self.mesh} to renew that key",
            )
            return None
        if len(text) > MAX_CHARACTERS:
            self._report("identity-shape", "", f"it is longer than {MAX_CHARACTERS} characters")
            return None
        try:
            document = yaml.load(text, Loader=_loader())
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", None)
            self._report("identity-not-yaml", "", "it is not YAML" + ("" if line is None else f" (line {line + 1})"))
            return None
        if not isinstance(document, dict):
            self._report("identity-shape", "", f"it is {shown(document)}, and must be a {KIND}")
            return None
        return document

    def identity(self, document: Json) -> Identity:
        """The identity; it must not be used when any problem is an error."""
        levels = self._levels(document)
        values = {(field.parent, field.key): self._text(levels, field) for field in FIELDS}
        addresses = [] if "remote" in self.invalid else self._addresses(levels["remote"].get("addresses"))
        certificates = [] if "spec" in self.invalid else self._roots(levels["spec"].get("roots"))
        self._check_pair(values["metadata", "mesh"], values["metadata", "peer"])
        self._check_times(values["metadata", "created"], values["metadata", "validUntil"], certificates)
        self._check_client_id(values["spec", "trustDomain"], values["spec", "namespace"], values["spec", "clientID"])
        bundle = "".join(certificates)
        return {
            "mesh": self.mesh,
            "peer": self.peer,
            "created": values["metadata", "created"],
            "valid_until": values["metadata", "validUntil"],
            "answers": values["metadata", "answers"] or None,
            "namespace": values["spec", "namespace"],
            "trust_domain": values["spec", "trustDomain"],
            "client_id": values["spec", "clientID"],
            "remote": {
                "addresses": sorted(addresses),
                "discoveryPort": parse_port(values["remote", "discoveryPort"]) or 0,
                "servicePort": parse_port(values["remote", "servicePort"]) or 0,
            },
            "root": root_reader.normalise_bundle(bundle) if bundle else "",
            "fingerprints": sorted({root["sha256"] for root in root_reader.read_roots(bundle)}) if bundle else [],
        }

    def _levels(self, document: Json) -> Dict[str, Json]:
        """The dictionaries of a document by their name in ``PATHS``; empty where the document has anything else."""
        levels = {"": document}
        for name, parent in (("metadata", ""), ("spec", ""), ("remote", "spec")):
            level = levels[parent].get(name)
            if not isinstance(level, dict):
                self.invalid.add(name)
                if parent not in self.invalid:
                    self._report("identity-shape", PATHS[name], f"it is {shown(level)}, and must be a dictionary")
                level = {}
            levels[name] = level
        for name, level in levels.items():
            self._check_keys(
                level, [*(field.key for field in FIELDS if field.parent == name), *OTHER_KEYS[name]], PATHS[name]
            )
        return levels

    def _check_keys(self, level: Mapping[str, Any], known: Sequence[str], path: str) -> None:
        """Reject unknown keys: their meaning in a later version is not known."""
        where = f"{self.path} {path}".rstrip()
        for found in unknown_keys({str(key)[:60]: None for key in level}, known, self.mesh, where):
            self.problems.append({**found, "peer": self.peer, "remedy": found["remedy"] or _request(self.mesh)})

    def _text(self, levels: Mapping[str, Json], field: Field) -> str:
        """The valid value of a field; empty, with a problem, where it is not valid."""
        level = levels[field.parent]
        if field.key not in level and (not field.required or field.parent in self.invalid):
            return ""
        value = level.get(field.key)
        if isinstance(value, str) and field.is_valid(value):
            return value
        self._report("identity-value", field.path, f"it is {shown(value)}, and must be {field.accepted}")
        return ""

    def _addresses(self, value: Any) -> List[str]:
        path = "spec.remote.addresses"
        if not isinstance(value, list) or not value:
            self._report(
                "identity-value", path, f"it is {shown(value)}, and must be a list of IP addresses or host names"
            )
            return []
        valid = []
        for number, address in enumerate(value):
            if isinstance(address, str) and is_address(address):
                valid.append(address)
            else:
                accepted = "an IP address or a host name, without scheme, port and path"
                self._report("identity-value", f"{path}[{number}]", f"it is {shown(address)}, and must be {accepted}")
        return valid

    def _check_pair(self, mesh: str, peer: str) -> None:
        for field, value, expected in (("metadata.mesh", mesh, self.mesh), ("metadata.peer", peer, self.peer)):
            if value and value != expected:
                self._report(
                    "identity-other-pair",
                    field,
                    f"it is the identity of {mesh or 'a mesh'} for {peer or 'a mesh'}, not of {self.mesh} for {self.peer}",
                    "Name the file of this pair: several meshes of ours need a directory with one file for each, and "
                    "both administrators must use the same names of meshes (mesh_name)",
                )
                return

    def _check_times(self, created: str, until: str, certificates: Sequence[str]) -> None:
        if created and parse_time(created) > self.now + SKEW:
            self._report(
                "identity-future",
                "metadata.created",
                f"its time {created} is in the future",
                "Compare the clocks of both administrators",
            )
        if not until:
            return
        if parse_time(until) <= self.now:
            self._report("identity-old", "metadata.validUntil", f"it expired at {until}")
        elif parse_time(until) <= self.now + SOON:
            self._report("identity-ends", "metadata.validUntil", f"it expires at {until}", severity="warning")
        if created and until <= created:
            self._report(
                "identity-value", "metadata.validUntil", f"it expires at {until}, before it was created at {created}"
            )
        ends = [root["not_after"] for pem in certificates for root in root_reader.read_roots(pem)]
        if ends and until > max(ends):
            self._report(
                "identity-value",
                "metadata.validUntil",
                f"it expires at {until}, after the last of its roots at {max(ends)}",
            )

    def _check_client_id(self, trust_domain: str, namespace: str, client_id: str) -> None:
        found = root_reader.identity(client_id)
        if found is None or not trust_domain or not namespace:
            return
        if (found.trust_domain, found.namespace) != (trust_domain, namespace):
            self._report(
                "identity-value",
                "spec.clientID",
                f"{client_id} is of another mesh than trust domain {trust_domain} and namespace {namespace}",
            )

    def _roots(self, value: Any) -> List[str]:
        """The readable certificates, each as PEM."""
        if not isinstance(value, list) or not value:
            self._report(
                "identity-value", "spec.roots", f"it is {shown(value)}, and must be a list of root certificates"
            )
            return []
        read = [self._root(entry, f"spec.roots[{number}]") for number, entry in enumerate(value)]
        certificates = [pem for pem in read if pem is not None]
        bundle = root_reader.read_roots("".join(certificates)) if certificates else []
        for found in judge_roots(self.mesh, "", bundle, self.now, warning_days=0):
            self._report(
                found["code"],
                "spec.roots",
                found["message"],
                f"{found['remedy']}: this is for the administrator of {self.mesh}",
                found["severity"],
            )
        return certificates

    def _root(self, entry: Any, path: str) -> Optional[str]:
        """One root with its fingerprint, as PEM; None where it cannot be read."""
        if not isinstance(entry, dict):
            self._report("identity-shape", path, f"it is {shown(entry)}, and must be a dictionary")
            return None
        self._check_keys(entry, OTHER_KEYS["root"], path)
        sha256, pem = entry.get("sha256"), entry.get("certificate")
        digits = sha256.replace(":", "").lower() if isinstance(sha256, str) else ""
        if not conventions.SHA256.match(digits):
            self._report(
                "identity-value", f"{path}.sha256", f"it is {shown(sha256)}, and must be a SHA-256 fingerprint"
            )
        try:
            roots = root_reader.read_roots(pem if isinstance(pem, str) else "")
        except ValueError as error:
            self._report("root-unreadable", f"{path}.certificate", f"the root certificate cannot be read: {error}")
            return None
        if len(roots) != 1:
            self._report(
                "identity-value", f"{path}.certificate", f"it has {len(roots)} certificates, and must have one"
            )
            return None
        self._check_fingerprint(digits, roots[0]["sha256"], path)
        return str(pem) + "\n"

    def _check_fingerprint(self, written: str, actual: str, path: str) -> None:
        if conventions.SHA256.match(written) and written != actual:
            request = _request(self.mesh)
            self._report(
                "identity-fingerprint",
                f"{path}.sha256",
                f"the fingerprint of the certificate is {colons(actual)}: one of them has changed",
                f"Do not use this file; {request[0].lower()}{request[1:]}",
            )
        if self.pins and actual not in self.pins:
            self._report(
                "identity-not-pinned",
                f"{path}.certificate",
                f"its fingerprint {colons(actual)} is not in mesh_trust_fingerprints",
                f"Compare it with the administrator of {self.mesh} by another way than this file, and only then add it to "
                "mesh_trust_fingerprints",
            )
