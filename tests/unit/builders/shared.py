# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federations that share services with ``federation_services``."""

from __future__ import annotations

from typing import Any

from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order, lint
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS


def entry(service: str = "bookinfo/ratings", mesh: str = RED, **more: Any) -> Json:
    """An entry by a service's name."""
    return {"service": service, "mesh": mesh, **more}


def selecting(namespace: str = "bookinfo", mesh: str = RED, label: str = "export", **more: Any) -> Json:
    """An entry by a label."""
    labels = {"matchLabels": {label: "true"}}
    return {"selector": {"namespace": namespace, "labels": labels}, "mesh": mesh, **more}


def declared(entries: Any, options: Json | None = None, **variables: Json) -> model_types.Declaration:
    """A federation of three meshes with these entries; ``variables`` adds to one mesh."""
    hostvars = fed.inventory(**variables)
    for host in hostvars.values():
        host.update({"federation_services": entries, **(options or {})})
    return fed.declare(hostvars, groups={"spokes": [GREEN, BLUE], "lonely": [RED]})


def findings(entries: Any, options: Json | None = None, **variables: Json) -> list[Problem]:
    """What the declaration and lint find."""
    declaration = declared(entries, options, **variables)
    return in_order(declaration["problems"] + lint(declaration))


def service(namespace: str, name: str, **labels: str) -> Json:
    """A live Service with one port, as ``mesh_info`` returns it."""
    return {
        "namespace": namespace,
        "name": name,
        "ports": [{"name": "http", "port": 80}],
        **({"labels": labels} if labels else {}),
    }


_AT = "federation_services[0]"
#: name, entries, place, code, a part of the text
REJECTED_SERVICES: list[tuple[str, Any, str, str, str]] = [
    ("no list", entry(), "federation_services", "variable-type", "must be a list of entries"),
    ("a string", "bookinfo/ratings", "federation_services", "variable-type", "not 'bookinfo/ratings'"),
    ("entry without keys", ["bookinfo/ratings"], _AT, "service-entry", "a dictionary with the keys service"),
    ("unknown key", [entry(consumer=[GREEN])], f"{_AT}.consumer", "key-unknown", "Did you mean consumers"),
    ("key of nothing", [entry(xyz=1)], f"{_AT}.xyz", "key-unknown", "no such key: 'xyz'"),
    ("nothing selected", [{"mesh": RED}], _AT, "service-entry", "either service or selector, not none"),
    ("both", [{**entry(), **selecting()}], _AT, "service-entry", "not both of them. Fix: Write two entries"),
    ("service without namespace", [entry("ratings")], f"{_AT}.service", "rule-short", "bookinfo/ratings"),
    ("service with a dot", [entry("ratings.bookinfo")], f"{_AT}.service", "rule-short", "namespace/name"),
    ("service in capitals", [entry("bookinfo/Ratings")], f"{_AT}.service.name", "rule-name", "lower case"),
    ("partial wildcard", [entry("bookinfo/rat*")], f"{_AT}.service.name", "rule-wildcard", "no partial wildcards"),
    ("service as a number", [{"service": 7, "mesh": RED}], f"{_AT}.service", "service-entry", "namespace/name"),
    ("no mesh", [{"service": "a/b"}], f"{_AT}.mesh", "service-entry", "the one that exports"),
    ("unknown mesh", [entry(mesh="rd-mesh")], f"{_AT}.mesh", "peer-unknown", "Did you mean red-mesh"),
    ("group as mesh", [entry(mesh="spokes")], f"{_AT}.mesh", "peer-unknown", "must be a mesh"),
    ("unknown consumer", [entry(consumers=["gren-mesh"])], f"{_AT}.consumers[0]", "peer-unknown", "green-mesh"),
    (
        "own consumer",
        [entry(consumers=[GREEN, RED])],
        f"{_AT}.consumers[1]",
        "peer-self",
        "does not import from itself",
    ),
    ("consumers as string", [entry(consumers=GREEN)], f"{_AT}.consumers", "service-entry", "Write a list"),
    ("no consumers", [entry(consumers=[])], f"{_AT}.consumers", "service-entry", "for all linked meshes"),
    ("alias without namespace", [entry(alias="stars")], f"{_AT}.alias", "rule-short", "namespace/name"),
    ("one name for many", [entry("bookinfo/*", alias="prod/one")], f"{_AT}.alias", "service-entry", 'Write "prod/*"'),
    ("one name for labels", [selecting(alias="prod/one")], f"{_AT}.alias", "service-entry", "keep the names"),
    ("as_local as text", [entry(as_local="true")], f"{_AT}.as_local", "service-entry", "without quotes"),
    ("as_local nowhere", [entry("*/ratings", as_local=True)], f"{_AT}.as_local", "rule-local", "fixed namespace"),
    ("locality as text", [entry(locality="us-west")], f"{_AT}.locality", "service-entry", "region, zone, subzone"),
    ("zone alone", [entry(locality={"zone": "a"})], f"{_AT}.locality.zone", "locality-value", "region"),
    (
        "selector without labels",
        [{"mesh": RED, "selector": {"namespace": "bookinfo"}}],
        f"{_AT}.selector.labels",
        "rule-shape",
        "matchLabels, matchExpressions",
    ),
    (
        "selector with empty labels",
        [{"mesh": RED, "selector": {"labels": {"matchLabels": {}}}}],
        f"{_AT}.selector.labels",
        "rule-selector",
        "every service",
    ),
    (
        "labels directly",
        [{"mesh": RED, "selector": {"labels": {"matchLabels": {"a": "b"}}, "matchLabels": {"a": "b"}}}],
        f"{_AT}.selector.matchLabels",
        "key-unknown",
        "accepted are labels, namespace",
    ),
    (
        "operator",
        [{"mesh": RED, "selector": {"labels": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}}],
        f"{_AT}.selector.labels.matchExpressions[0].operator",
        "rule-shape",
        "DoesNotExist",
    ),
    ("selector as text", [{"mesh": RED, "selector": "a"}], f"{_AT}.selector", "rule-shape", "namespace, labels"),
]
