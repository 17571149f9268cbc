# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects that answers have, and where each is in an archive. Pure."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Where objects are that live in no namespace.
CLUSTER = "cluster"


def objects(answers: Iterable[Json]) -> List[Json]:
    """Each object of some answers once, sorted by kind, namespace and name; of several readings the newest."""
    found: Dict[Tuple[str, str, str], Json] = {}
    for answer in answers:
        if answer["status"] == 200 and answer["verb"] in ("get", "list"):
            for obj in answer["body"] if answer["verb"] == "list" else [answer["body"]]:
                found[answer["kind"], namespace_of(obj), obj["metadata"]["name"]] = obj
    return [found[key] for key in sorted(found)]


def named(found: Sequence[Json], kind: str, namespace: str, name: str) -> Optional[Json]:
    """The object of a kind and a name in a namespace."""
    return next((obj for obj in of_kind(found, kind, namespace) if obj["metadata"]["name"] == name), None)


def of_kind(found: Sequence[Json], kind: str, namespace: str) -> List[Json]:
    """The objects of a kind in a namespace."""
    return [obj for obj in found if obj.get("kind") == kind and namespace_of(obj) == namespace]


def namespace_of(obj: Json) -> str:
    """The namespace of an object; empty where it lives in none."""
    return str(obj["metadata"].get("namespace") or "")


def title(obj: Json) -> str:
    """Kind, namespace and name of an object as messages name it.

    >>> title({"kind": "Service", "metadata": {"namespace": "shop", "name": "cart"}})
    'Service shop/cart'
    """
    return f"{obj.get('kind')} {'/'.join(filter(None, (namespace_of(obj), str(obj['metadata']['name']))))}"


def file_of(obj: Json) -> str:
    """The path of an object below the folder of its mesh."""
    name = str(obj["metadata"]["name"]).replace("/", "_")
    return f"objects/{namespace_of(obj) or CLUSTER}/{obj.get('kind')}-{name}.yaml"


def as_yaml(obj: Json) -> str:
    """An object as YAML, as ``oc get -o yaml`` shows it."""
    return str(yaml.dump(obj, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=True, width=10000))
