# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the identity that a mesh hands over to a mesh of another administrator.

It is a YAML document for one pair, in one direction: all that a peer needs to know of a mesh, and nothing secret. What
others have written is parsed here, in Python, and every value is checked before it is used; no text of it is a template.
Pure: who calls reads and writes the files, and says what time it is.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import os
import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Severity, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers import roots as root_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, Identity
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import unknown_keys
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

try:
    import yaml
except ImportError:
    yaml = None

API_VERSION, KIND = "ossm.federation/v1", "MeshIdentity"
SUFFIXES = (".yml", ".yaml", ".json")
#: A document with a bundle of ten roots has some 20 kB.
MAX_CHARACTERS = 200_000
#: Clocks of two administrators may differ by this much.
SKEW = datetime.timedelta(minutes=10)
#: A document that ends sooner is reported, so that a new one can be asked for in time.
SOON = datetime.timedelta(days=30)

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_ACCOUNT_MAX = 253
_DAYS_MAX = 36500

#: Reads a file: its text, or None where there is none. OSError and ValueError when it cannot be read.
Read = Callable[[str], Optional[str]]




def file_name(mesh: str, peer: str) -> str:
    """The name of the file with the identity of ``mesh`` for ``peer``.

    >>> file_name("red", "green")
    'red-for-green.yml'
    """
    return f"{mesh}-for-{peer}.yml"


def path_for(named: str, mesh: str, peer: str) -> str:
    """The file that ``mesh_identity_file`` means for one peer: itself, or one of the directory that it names.

    >>> path_for("from/others", "green", "red")
    'from/others/green-for-red.yml'
    >>> path_for("green.yaml", "green", "red")
    'green.yaml'
    """
    return named if named.lower().endswith(SUFFIXES) else os.path.join(named, file_name(mesh, peer))


def take_in(declared: Declaration, read: Read, now: datetime.datetime) -> List[Problem]:
    """Read the identity of every mesh that is known by files, for each of its pairs, into the declaration.

    Returns all that is wrong with them; a file that is not there yet is no problem.
    """
    problems: List[Problem] = []
    meshes = declared["meshes"]
    for pair in declared["pairs"]:
        for host, peer in (pair, pair[::-1]):
            if meshes[host]["by_file"]:
                problems += _take_in_one(meshes[host], meshes[peer], read, now)
    for host in declared["hosts"]:
        problems += _contradictions(meshes[host])
    return problems


def _take_in_one(mesh: DeclaredMesh, peer: DeclaredMesh, read: Read, now: datetime.datetime) -> List[Problem]:
    path = path_for(str(mesh["identity_file"]), mesh["mesh"], peer["mesh"])
    mesh["identity_files"][peer["host"]] = {"path": path, "identity": None}
    try:
        text = read(path)
    except (OSError, ValueError) as error:
        return [
            problem(
                "identity-unreadable",
                mesh["mesh"],
                path,
                f"it cannot be read: {error}",
                "Make it a text file that you may read",
                peer=peer["mesh"],
            )
        ]
    if text is None:
        return []
    found, problems = parse(text, mesh["mesh"], peer["mesh"], path, now, mesh["pins"] or ())
    mesh["identity_files"][peer["host"]]["identity"] = found
    return problems


def _contradictions(mesh: DeclaredMesh) -> List[Problem]:
    """Files of one mesh for several of ours that are not about the same mesh, or not of the same time."""
    read = [identity_file for dummy, identity_file in sorted(mesh["identity_files"].items()) if identity_file["identity"]]
    wanted = mesh["trust_domain"]
    found = []
    for identity_file in read:
        first, told = read[0]["identity"], identity_file["identity"]
        if first is None or told is None:
            continue
        wrong = [key for key in ("namespace", "trust_domain", "fingerprints") if dict(told)[key] != dict(first)[key]]
        if wrong:
            found.append(
                problem(
                    "identity-differs",
                    mesh["mesh"],
                    identity_file["path"],
                    f"it has another {' and '.join(wrong).replace('_', ' ')} than {read[0]['path']}",
                    _ask(mesh["mesh"], "new files for all of your meshes"),
                )
            )
        if wanted is not None and told["trust_domain"] != wanted:
            found.append(
                problem(
                    "identity-differs",
                    mesh["mesh"],
                    f"{identity_file['path']} spec.trustDomain",
                    f"it is {told['trust_domain']}, and mesh_trust_domain says {wanted}",
                    "Correct mesh_trust_domain, or leave it out: the file says it",
                )
            )
    return found




def parse(
    text: str, mesh: str, peer: str, path: str, now: datetime.datetime, pins: Sequence[str] = ()
) -> Tuple[Optional[Identity], List[Problem]]:
    """The identity of ``mesh`` for ``peer`` in a document, and all that is wrong with it at the moment ``now``.

    There is no identity when any problem is an error. ``pins`` are the fingerprints that are accepted, empty for any.
    """
    reader = _Reader(mesh, peer, path, now, pins)
    document = reader.load(text)
    if document is None:
        return None, reader.problems
    found = reader.identity(document)
    wrong = any(one["severity"] == "error" for one in reader.problems)
    return None if wrong else found, reader.problems


def _ask(mesh: str, what: str = "a new file") -> str:
    return f"Ask the administrator of {mesh} for {what}, made by export_identity.yml"


def _shown(value: Any) -> str:
    """A value in a message: texts only, and not more than a line of them."""
    if not isinstance(value, str):
        known = {dict: "a dictionary", list: "a list", bool: f"{value is True}".lower(), type(None): "nothing"}
        return known.get(type(value), "another type")
    return repr(value if len(value) <= 60 else f"{value[:57]}...")


def _loader() -> Any:
    """PyYAML's safe loader, for which a plain scalar is a text unless it is null, true or false."""
    kinds = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool")

    class Loader(yaml.SafeLoader):
        """Resolves no more than that."""

        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag in kinds]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.timezone.utc)


def stamp(time: datetime.datetime) -> str:
    """A moment as it is written into a document."""
    return time.astimezone(datetime.timezone.utc).strftime(_TIME)


def _is_time(value: str) -> bool:
    try:
        _time(value)
    except ValueError:
        return False
    return True


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return bool(_HOST_NAME.match(value))
    return True


def _is_identity(value: str) -> bool:
    found = root_reader.identity(value)
    return bool(
        found
        and not value.startswith("spiffe://")
        and not conventions.trust_domain_faults(found.trust_domain)
        and not conventions.label_faults(found.namespace)
        and not conventions.label_faults(found.service_account, _ACCOUNT_MAX)
    )


class _Field(NamedTuple):
    """A text in a document: where it is, what it must be, and the same in words."""

    parent: str
    key: str
    fits: Callable[[str], bool]
    shape: str
    needed: bool = True


_FIELDS = (
    _Field("", "apiVersion", API_VERSION.__eq__, f"{API_VERSION}: this collection reads no other version"),
    _Field("", "kind", KIND.__eq__, KIND),
    _Field("metadata", "mesh", lambda value: not conventions.label_faults(value, conventions.PEER_MAX), "the name of a mesh"),
    _Field("metadata", "peer", lambda value: not conventions.label_faults(value, conventions.PEER_MAX), "the name of a mesh"),
    _Field("metadata", "made", _is_time, "a time like 2026-01-31T00:00:00Z"),
    _Field("metadata", "validUntil", _is_time, "a time like 2026-01-31T00:00:00Z"),
    _Field("metadata", "answers", lambda value: bool(conventions.SHA256.match(value)), "64 hexadecimal digits", False),
    _Field("spec", "namespace", lambda value: not conventions.label_faults(value), "the name of a namespace"),
    _Field("spec", "trustDomain", lambda value: not conventions.trust_domain_faults(value), "a trust domain"),
    _Field(
        "spec",
        "clientID",
        _is_identity,
        "an identity like red.local/ns/red-system/sa/egress-green-service-account, without spiffe://",
    ),
    _Field("remote", "discoveryPort", lambda value: _port(value) is not None, "a port number"),
    _Field("remote", "servicePort", lambda value: _port(value) is not None, "a port number"),
)
#: The keys below which there is no text but another level.
_LEVELS = {
    "": ("metadata", "spec"),
    "metadata": (),
    "spec": ("remote", "roots"),
    "remote": ("addresses",),
    "root": ("sha256", "certificate"),
}
_PLACES = {"": "", "metadata": "metadata", "spec": "spec", "remote": "spec.remote"}


def _port(value: str) -> Optional[int]:
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else 0
    return number if 1 <= number <= 65535 else None


class _Reader:
    """Reads one document, and notes everything that is wrong with it."""

    def __init__(self, mesh: str, peer: str, path: str, now: datetime.datetime, pins: Sequence[str]) -> None:
        self.mesh, self.peer, self.path, self.now, self.pins = mesh, peer, path, now, pins
        self.problems: List[Problem] = []
        #: Levels that are no dictionaries: of these no key is missed again.
        self.lost: Set[str] = set()

    def wrong(self, code: str, field: str, message: str, remedy: str = "", severity: Severity = "error") -> None:
        """Note a problem; without a remedy a new file is asked for."""
        where = f"{self.path} {field}".rstrip()
        told = remedy or _ask(self.mesh)
        self.problems.append(problem(code, self.mesh, where, message, told, peer=self.peer, severity=severity))

    def load(self, text: str) -> Optional[Json]:
        """The document; None with a problem when the text is none.

        Numbers and dates stay the texts that were written, so that a loader has nothing to get wrong about them.
        """
        if "PRIVATE KEY" in text:
            self.wrong("identity-private-key", "", "there is a private key in it, which nobody may hand over",
                       f"Delete it, and tell the administrator of {self.mesh}, who has to renew that key")
            return None
        if len(text) > MAX_CHARACTERS:
            self.wrong("identity-shape", "", f"it is longer than {MAX_CHARACTERS} characters")
            return None
        if yaml is None:
            self.wrong("yaml-missing", "", "it cannot be read without the Python package PyYAML", "Install it")
            return None
        try:
            document = yaml.load(text, Loader=_loader())
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", None)
            self.wrong("identity-not-yaml", "", "it is not YAML" + ("" if line is None else f" (line {line + 1})"))
            return None
        if not isinstance(document, dict):
            self.wrong("identity-shape", "", f"it holds {_shown(document)}, and must be a {KIND}")
            return None
        return document

    def identity(self, document: Json) -> Identity:
        """The identity; only to be used when nothing was wrong."""
        levels = self._levels(document)
        told = {(field.parent, field.key): self._text(levels, field) for field in _FIELDS}
        addresses = [] if "remote" in self.lost else self._addresses(levels["remote"].get("addresses"))
        certificates = [] if "spec" in self.lost else self._roots(levels["spec"].get("roots"))
        self._pair(told["metadata", "mesh"], told["metadata", "peer"])
        self._times(told["metadata", "made"], told["metadata", "validUntil"], certificates)
        self._one_mesh(told["spec", "trustDomain"], told["spec", "namespace"], told["spec", "clientID"])
        bundle = "".join(certificates)
        return {
            "mesh": self.mesh,
            "peer": self.peer,
            "made": told["metadata", "made"],
            "valid_until": told["metadata", "validUntil"],
            "answers": told["metadata", "answers"] or None,
            "namespace": told["spec", "namespace"],
            "trust_domain": told["spec", "trustDomain"],
            "client_id": told["spec", "clientID"],
            "remote": {
                "addresses": sorted(addresses),
                "discoveryPort": _port(told["remote", "discoveryPort"]) or 0,
                "servicePort": _port(told["remote", "servicePort"]) or 0,
            },
            "root": root_reader.normalise_bundle(bundle) if bundle else "",
            "fingerprints": sorted({root["sha256"] for root in root_reader.read_roots(bundle)}) if bundle else [],
        }

    def _levels(self, document: Json) -> Dict[str, Json]:
        """The dictionaries of a document by their name in ``_FIELDS``; empty ones where it has something else."""
        levels = {"": document}
        for name, parent in (("metadata", ""), ("spec", ""), ("remote", "spec")):
            found = levels[parent].get(name)
            if not isinstance(found, dict):
                self.lost.add(name)
                if parent not in self.lost:
                    self.wrong("identity-shape", _PLACES[name], f"it is {_shown(found)}, and must be a dictionary")
                found = {}
            levels[name] = found
        for name, level in levels.items():
            known = [field.key for field in _FIELDS if field.parent == name]
            self._keys(level, [*known, *_LEVELS[name]], _PLACES[name])
        return levels

    def _keys(self, level: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        """Refuse keys that are not known: what a later version means by them cannot be guessed."""
        where = f"{self.path} {place}".rstrip()
        for found in unknown_keys({str(key)[:60]: None for key in level}, known, self.mesh, where):
            self.problems.append({**found, "peer": self.peer})

    def _text(self, levels: Mapping[str, Json], field: _Field) -> str:
        """One text that fits its field; empty where it does not, with a problem."""
        level = levels[field.parent]
        if field.key not in level and (not field.needed or field.parent in self.lost):
            return ""
        value = level.get(field.key)
        if isinstance(value, str) and field.fits(value):
            return value
        place = f"{_PLACES[field.parent]}.{field.key}".lstrip(".")
        self.wrong("identity-value", place, f"it is {_shown(value)}, and must be {field.shape}")
        return ""

    def _addresses(self, value: Any) -> List[str]:
        if not isinstance(value, list) or not value:
            self.wrong("identity-value", "spec.remote.addresses",
                       f"it is {_shown(value)}, and must be a list of IP addresses or host names")
            return []
        good = [one for one in value if isinstance(one, str) and _is_address(one)]
        for number, one in enumerate(value):
            if one not in good:
                self.wrong("identity-value", f"spec.remote.addresses[{number}]",
                           f"it is {_shown(one)}, and must be an IP address or a host name")
        return good

    def _pair(self, mesh: str, peer: str) -> None:
        for field, told, wanted in (("metadata.mesh", mesh, self.mesh), ("metadata.peer", peer, self.peer)):
            if told and told != wanted:
                self.wrong("identity-other-pair", field,
                           f"it is the identity of {mesh or 'a mesh'} for {peer or 'a mesh'}, and not of {self.mesh} "
                           f"for {self.peer}",
                           "Name the file of this pair; several meshes of ours need a directory with one file for each, "
                           "and both administrators must call the meshes by the same names (mesh_name)")
                return

    def _times(self, made: str, until: str, certificates: Sequence[str]) -> None:
        if made and _time(made) > self.now + SKEW:
            self.wrong("identity-future", "metadata.made", f"it was made at {made}, which is yet to come",
                       "Compare the clocks of both administrators")
        if not until:
            return
        if _time(until) <= self.now:
            self.wrong("identity-old", "metadata.validUntil", f"it was valid until {until}")
        elif _time(until) <= self.now + SOON:
            self.wrong("identity-ends", "metadata.validUntil", f"it is valid until {until} only", severity="warning")
        if made and until <= made:
            self.wrong("identity-value", "metadata.validUntil", f"it ends at {until}, before it was made at {made}")
        ends = [root["not_after"] for one in certificates for root in root_reader.read_roots(one)]
        if ends and until > max(ends):
            self.wrong("identity-value", "metadata.validUntil",
                       f"it ends at {until}, after the last of its roots at {max(ends)}")

    def _one_mesh(self, trust_domain: str, namespace: str, client_id: str) -> None:
        found = root_reader.identity(client_id)
        if found is None or not trust_domain or not namespace:
            return
        if (found.trust_domain, found.namespace) != (trust_domain, namespace):
            self.wrong("identity-value", "spec.clientID",
                       f"{client_id} is of another mesh than trust domain {trust_domain} and namespace {namespace}")

    def _roots(self, value: Any) -> List[str]:
        """The certificates that could be read, each as PEM."""
        if not isinstance(value, list) or not value:
            self.wrong("identity-value", "spec.roots", f"it is {_shown(value)}, and must be a list of root certificates")
            return []
        read = [self._root(entry, f"spec.roots[{number}]") for number, entry in enumerate(value)]
        found = [pem for pem in read if pem is not None]
        bundle = root_reader.read_roots("".join(found)) if found else []
        for one in judge_roots(self.mesh, "", bundle, self.now, warning_days=0):
            self.wrong(one["code"], "spec.roots", one["message"],
                       f"{one['remedy']}: this is for the administrator of {self.mesh}", one["severity"])
        return found

    def _root(self, entry: Any, place: str) -> Optional[str]:
        """One root with its fingerprint, as PEM; None where it cannot be used."""
        if not isinstance(entry, dict):
            self.wrong("identity-shape", place, f"it is {_shown(entry)}, and must be a dictionary")
            return None
        self._keys(entry, _LEVELS["root"], place)
        told, pem = entry.get("sha256"), entry.get("certificate")
        plain = told.replace(":", "").lower() if isinstance(told, str) else ""
        if not conventions.SHA256.match(plain):
            self.wrong("identity-value", f"{place}.sha256", f"it is {_shown(told)}, and must be a SHA-256 fingerprint")
        try:
            roots = root_reader.read_roots(pem if isinstance(pem, str) else "")
        except ValueError as error:
            self.wrong("root-garbage", f"{place}.certificate", f"the root certificate cannot be read: {error}")
            return None
        if len(roots) != 1:
            self.wrong("identity-value", f"{place}.certificate", f"it holds {len(roots)} certificates, and must hold one")
            return None
        self._fingerprint(plain, roots[0]["sha256"], place)
        return str(pem) + "\n"

    def _fingerprint(self, told: str, real: str, place: str) -> None:
        if conventions.SHA256.match(told) and told != real:
            self.wrong("identity-fingerprint", f"{place}.sha256",
                       f"the certificate has the fingerprint {colons(real)}: somebody has changed one of them",
                       f"Do not use this file; {_ask(self.mesh)[0].lower()}{_ask(self.mesh)[1:]}")
        if self.pins and real not in self.pins:
            self.wrong("identity-not-pinned", f"{place}.certificate",
                       f"its fingerprint {colons(real)} is none of mesh_trust_fingerprints",
                       f"Compare it with the administrator of {self.mesh} by another way than this file, and only then "
                       "put it into mesh_trust_fingerprints")




class Export(NamedTuple):
    """A file with the identity of one of our meshes for one peer: its text, whether that is as it was, and for people
    what comes next."""

    mesh: str
    peer: str
    host: str
    path: str
    text: str
    message: str


class Unready(NamedTuple):
    """An identity that cannot be written, and why."""

    mesh: str
    peer: str
    host: str
    message: str


def digest(told: Identity) -> str:
    """What a peer's objects are made of, as one SHA-256: two identities with one digest need no new hand-over."""
    parts = {key: dict(told)[key] for key in ("namespace", "trust_domain", "client_id", "remote", "fingerprints")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def own_identity(made: Plan, host: str, peer: str) -> Identity:
    """The identity of one of our meshes as a peer needs it: what the peer's side of the plan takes from ours.

    Its times are empty, and so are addresses that are not known yet.
    """
    ours, theirs = made["meshes"][host], made["sides"][peer][host]
    identity_file = made["sides"][host][peer]["identity_file"]
    known = identity_file["identity"] if identity_file else None
    remote = theirs["remote"] or {"addresses": [], "discoveryPort": 0, "servicePort": 0}
    return {
        "mesh": ours["mesh"],
        "peer": theirs["mesh"],
        "made": "",
        "valid_until": "",
        "answers": digest(known) if known else None,
        "namespace": ours["namespace"],
        "trust_domain": theirs["remote_trust_domain"] or "",
        "client_id": theirs["client_id"] or "",
        "remote": remote,
        "root": ours["root"],
        "fingerprints": ours["fingerprints"],
    }


def render(told: Identity, unknown: str = "") -> str:
    """An identity as the text of a document; ``unknown`` stands for addresses that are not known yet."""
    roots = sorted(root_reader.read_roots(told["root"]), key=lambda root: root["sha256"])
    certificates = root_reader.normalise_bundle(told["root"]).split("-----BEGIN CERTIFICATE-----\n")[1:]
    metadata = {"mesh": told["mesh"], "peer": told["peer"], "made": told["made"], "validUntil": told["valid_until"]}
    if told["answers"]:
        metadata["answers"] = told["answers"]
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": {
            "namespace": told["namespace"],
            "trustDomain": told["trust_domain"],
            "clientID": told["client_id"],
            "remote": {**told["remote"], "addresses": told["remote"]["addresses"] or [unknown]},
            "roots": [
                {"sha256": colons(root["sha256"]), "certificate": f"-----BEGIN CERTIFICATE-----\n{pem}"}
                for root, pem in zip(roots, certificates)
            ],
        },
    }
    head = f"# The identity of the mesh {told['mesh']} for its peer {told['peer']}. All of it is public.\n---\n"
    return head + _yaml(document)


def _yaml(document: Json) -> str:
    """The document with texts of several lines as they are, and lists below their keys."""

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as blocks, and indents lists."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            return super().increase_indent(flow, False)

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, width=1000))


def exports(
    made: Plan, read: Read, now: datetime.datetime, check_mode: bool = False
) -> Tuple[List[Export], List[Unready]]:
    """The identities of our meshes for all peers that are known by files: those to be in files, and those that cannot be.

    A file that says the same stays as it is, also its times, while half of its time is left. In check mode an address that
    this run would make is not known, and said so.
    """
    good: List[Export] = []
    bad: List[Unready] = []
    for host in sorted(made["sides"]):
        for peer, side in sorted(made["sides"][host].items()):
            if side["identity_file"] is None or not made["meshes"][host]["in_play"]:
                continue
            told = own_identity(made, host, peer)
            why = _unready(side, told, check_mode)
            if why:
                bad.append(Unready(side["mesh"], side["peer"], host, why))
                continue
            path = own_path(made, side)
            days = datetime.timedelta(days=min(max(made["options"]["federation_identity_days"], 1), _DAYS_MAX))
            text = _text(told, path, read, now, days)
            roots = " and ".join(colons(one) for one in told["fingerprints"])
            message = f"{side['mesh']}: {path} is its identity for {side['peer']}; SHA-256 of the root: {roots}. "
            good.append(Export(side["mesh"], side["peer"], host, path, text, (message + next_step(made, side)).rstrip()))
    return good, bad


def _unready(side: Side, told: Identity, check_mode: bool) -> str:
    """Why an identity cannot be written; empty when it can."""
    if side["state"] == "skipped":
        return side["message"]
    if not told["root"]:
        return f"{side['mesh']} has no root certificate yet (ConfigMap istio-ca-root-cert in {side['namespace']})"
    if not told["remote"]["addresses"] and not check_mode:
        return f"{side['ingress']} has no address yet"
    return ""


def _text(told: Identity, path: str, read: Read, now: datetime.datetime, days: datetime.timedelta) -> str:
    """The text that a file should have: the one it has, when only the times would be others."""
    ends = [root["not_after"] for root in root_reader.read_roots(told["root"]) if root["not_after"] > stamp(now)]
    fresh: Identity = {
        **told, "made": stamp(now), "valid_until": min([stamp(now + days), *ends]),
    }
    try:
        old = read(path)
    except (OSError, ValueError):
        old = None
    if old is not None and _still_good(old, fresh, path, now):
        return old
    return render(fresh, f"known once the gateway for {told['peer']} has an address")


def _still_good(text: str, fresh: Identity, path: str, now: datetime.datetime) -> bool:
    """Whether an older file says the same as a fresh one, and half of its time is left."""
    old = parse(text, fresh["mesh"], fresh["peer"], path, now)[0]
    if old is None or old["answers"] != fresh["answers"] or digest(old) != digest(fresh):
        return False
    made, until = _time(old["made"]), _time(old["valid_until"])
    return until - now >= min(until - made, _time(fresh["valid_until"]) - now) / 2




def own_path(made: Plan, side: Side) -> str:
    """The file with our mesh's identity for the peer of a side."""
    return os.path.join(str(made["options"]["federation_identity_dir"]), file_name(side["mesh"], side["peer"]))


def answer(made: Plan, side: Side) -> str:
    """Whether the other administrator has our identity: ``missing`` (there is no file of theirs), ``unanswered`` (their
    file was made without ours), ``older`` (with one that is out of date) or ``answered``.

    A link that was up once shows that they have ours, whatever their first file says.
    """
    told = side["identity_file"]["identity"] if side["identity_file"] else None
    if told is None:
        return "missing"
    if told["answers"] is None:
        return "answered" if side["contact"] != "none" else "unanswered"
    return "answered" if told["answers"] == digest(own_identity(made, side["host"], side["peer_host"])) else "older"


def not_answered(made: Plan, side: Side) -> str:
    """Why the other mesh cannot know ours yet; empty when it does."""
    found = answer(made, side)
    if found == "unanswered":
        return f"{side['peer']} has not taken up the identity of {side['mesh']} yet"
    if found == "older":
        return f"{side['peer']} has taken up an older identity of {side['mesh']}"
    return ""


def next_step(made: Plan, side: Side) -> str:
    """What is to be done next for a pair with a mesh that is known by a file; empty when nothing is."""
    found = answer(made, side)
    if found == "answered":
        return ""
    theirs = side["identity_file"]["path"] if side["identity_file"] else ""
    hand = f"Hand {own_path(made, side)} to the administrator of {side['peer']}, who runs federate.yml with it"
    if found == "missing":
        return f"{hand}; put the file that comes back to {theirs}, and run federate.yml again"
    return hand
