# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials of an artifact, as CycloneDX: the collection with the checksum of every file, and what it needs.

The collection contains no code of others. What it needs is installed by its users, so a component has the declared range and
no version.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from datetime import datetime, timezone

import yaml
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from release.artifact import MANIFEST, members

DECLARED = "ossm.federation:declared-range"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)\s*(.*)$")


def bill(archive: bytes, epoch: int) -> str:
    """Return the bill of materials of an artifact, valid and with the same bytes every time."""
    content = members(archive)
    described = json.loads(content[MANIFEST] or b"")["collection_info"]
    collection = _collection(described, content, archive)
    needed = _needed(described, content)
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(archive).hexdigest()),
        components=needed,
    )
    bom.metadata.component = collection
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, timezone.utc)
    bom.register_dependency(collection, needed)
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"The bill of materials is not valid: {error}")
    return text


def _collection(described: dict[str, str], content: dict[str, bytes | None], archive: bytes) -> Component:
    name, version = f"{described['namespace']}.{described['name']}", described["version"]
    files = [
        Component(type=ComponentType.FILE, name=path, bom_ref=f"file:{path}", hashes=[_sha256(data)])
        for path, data in content.items()
        if data is not None
    ]
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=name,
        description=described["description"],
        purl=PackageURL("generic", None, name, version),
        supplier=OrganizationalEntity(name=described["authors"][0]),
        licenses=[LicenseExpression(" OR ".join(described["license"]))],
        hashes=[_sha256(archive)],
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(described["repository"]))],
        components=files,
    )


def _needed(described: dict[str, dict[str, str]], content: dict[str, bytes | None]) -> list[Component]:
    """Return ansible-core, the collections and the Python packages that the collection declares."""
    runtime = yaml.safe_load(content["meta/runtime.yml"] or b"")
    lines = (content["meta/ee-requirements.txt"] or b"").decode().splitlines()
    matches = [_REQUIREMENT.match(line.partition("#")[0].strip()) for line in lines]
    packages = {"ansible-core": runtime["requires_ansible"]} | {match[1]: match[2] for match in matches if match}
    return [_component("generic", name, declared) for name, declared in described["dependencies"].items()] + [
        _component("pypi", name, declared) for name, declared in packages.items()
    ]


def _component(kind: str, name: str, declared: str) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        bom_ref=name,
        purl=PackageURL(kind, None, name),
        properties=[Property(name=DECLARED, value=declared)],
    )


def _sha256(data: bytes) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(data).hexdigest())
