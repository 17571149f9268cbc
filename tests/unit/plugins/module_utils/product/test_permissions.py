# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of rights: how rules are matched, and that docs/rbac, the kinds of the door and the table agree."""

from __future__ import annotations

from typing import Any

import pytest
import rbac
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product import kinds, permissions, resources
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import Need

PEERS = permissions.RESOURCES["ServiceMeshPeer"]
MAPS = permissions.RESOURCES["ConfigMap"]
GROUP = "federation.maistra.io"


def _rule(verbs: str, groups: str, resources: str, *names: str) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "verbs": verbs.split(),
        "apiGroups": [one.strip("-") for one in groups.split()],
        "resources": resources.split(),
    }
    return {**rule, "resourceNames": list(names)} if names else rule


@pytest.mark.parametrize(
    ("rules", "need", "answer"),
    [
        ([], Need("patch", PEERS), False),
        ([_rule("patch", GROUP, "servicemeshpeers")], Need("patch", PEERS), True),
        ([_rule("get patch", f"maistra.io {GROUP}", "x servicemeshpeers")], Need("patch", PEERS, "green"), True),
        ([_rule("create", GROUP, "servicemeshpeers")], Need("patch", PEERS), False),
        ([_rule("patch", "maistra.io", "servicemeshpeers")], Need("patch", PEERS), False),
        ([_rule("patch", GROUP, "servicemeshpeers/status")], Need("patch", PEERS), False),
        ([_rule("patch", GROUP, "*/status")], Need("patch", PEERS), False),
        ([_rule("*", "*", "*")], Need("patch", PEERS), True),
        ([_rule("*", GROUP, "*")], Need("watch", PEERS), True),
        ([_rule("*", GROUP, "*")], Need("patch", MAPS), False),
        ([_rule("patch", "-", "configmaps")], Need("patch", MAPS), True),
        ([_rule("patch", "", "configmaps")], Need("patch", MAPS), False),
        ([_rule("patch", "-", "configmaps", "a", "b")], Need("patch", MAPS, "b"), True),
        ([_rule("patch", "-", "configmaps", "a", "b")], Need("patch", MAPS, "c"), False),
        ([_rule("patch", "-", "configmaps", "a")], Need("patch", MAPS), None),
        ([_rule("patch", "-", "configmaps", "a"), _rule("patch", "-", "configmaps")], Need("patch", MAPS), True),
        ([{"verbs": ["patch"], "apiGroups": None, "resources": ["configmaps"]}], Need("patch", MAPS), False),
    ],
)
def test_rules_are_matched_as_the_api_server_does(rules: list[dict[str, Any]], need: Need, answer: bool | None) -> None:
    assert permissions.allowed(rules, need) is answer


def test_missing_leaves_out_what_only_names_decide() -> None:
    rules = [_rule("patch", "-", "configmaps", "a")]
    wanted = [Need("patch", MAPS), Need("create", MAPS), Need("patch", PEERS, "green")]
    assert permissions.missing(rules, wanted) == wanted[1:]
    assert permissions.in_words(wanted) == "create and patch configmaps; patch servicemeshpeers.federation.maistra.io"


def test_the_rules_that_concern_us_are_kept_and_no_others() -> None:
    kept = [_rule("get", "-", "services pods"), _rule("*", "*", "*"), _rule("patch", GROUP, "servicemeshpeers", "x")]
    others = [
        _rule("get", "-", "secrets"),
        _rule("get", "coordination.k8s.io", "*"),
        {"verbs": ["get"], "nonResourceURLs": ["*"]},
    ]
    assert permissions.concerning([*kept, *others]) == kept


def test_what_an_access_review_grants_is_a_rule_of_its_own() -> None:
    for need in (Need("patch", PEERS), Need("patch", PEERS, "green")):
        assert permissions.allowed([permissions.granting(need)], need)
    assert permissions.attributes(Need("patch", PEERS), "ns") == {
        "verb": "patch",
        "group": GROUP,
        "resource": "servicemeshpeers",
        "namespace": "ns",
    }
    node = Need("get", permissions.RESOURCES["Node"], "n")
    assert permissions.attributes(node, "ns") == {"verb": "get", "group": "", "resource": "nodes", "name": "n"}


def test_the_resources_are_those_of_the_door() -> None:
    for kind in resources.READABLE:
        place, resource = kinds.KINDS[kind], resources.RESOURCES[kind]
        assert (place.api_version.rpartition("/")[0], place.plural, place.namespaced) == tuple(resource), kind


@pytest.mark.parametrize("playbook", sorted(permissions.PLAYBOOKS))
def test_the_documented_roles_are_those_of_the_table(playbook: str) -> None:
    text = (rbac.FOLDER / f"{playbook}.yaml").read_text(encoding="utf-8")
    assert text == rbac.text(playbook), "run tests/rbac.py"
    assert "secrets" not in text and "*" not in text
    roles = permissions.roles(playbook)
    assert len({role["metadata"]["name"] for role in roles.values()}) == len(roles)
    for right in permissions.PLAYBOOKS[playbook]:
        for need in permissions.needs([right]):
            assert permissions.allowed(roles[right.where]["rules"], need), need


@pytest.mark.parametrize("playbook", sorted(permissions.PLAYBOOKS))
def test_a_role_is_bound_where_its_rights_are_needed(playbook: str) -> None:
    """What a namespace has needs no right in the cluster, but where the run itself makes that namespace."""
    items = yaml.safe_load((rbac.FOLDER / f"{playbook}.yaml").read_text(encoding="utf-8"))["items"]
    bound = {one["roleRef"]["name"]: one["metadata"].get("namespace", "") for one in items if "roleRef" in one}
    places = {right.where: rbac.NAMESPACES.get(right.where.namespace, "") for right in permissions.PLAYBOOKS[playbook]}
    assert bound == {permissions.role_name(playbook, scope): place for scope, place in places.items()}
    accounts = {subject["namespace"] for one in items for subject in one.get("subjects", [])}
    is_inside = not {permissions.CREATED, permissions.OPERATOR} & set(places)
    assert accounts == {rbac.NAMESPACE if is_inside else rbac.HOME}
    assert "<" not in str(items), "a name that a mesh has for itself"


def test_what_is_bound_in_the_cluster_writes_named_objects_only() -> None:
    for playbook in permissions.PLAYBOOKS:
        for scope, role in permissions.roles(playbook, rbac.OWN).items():
            for rule in role["rules"] if not scope.namespace else ():
                assert not {"create", "patch"} & set(rule["verbs"]) or rule["resourceNames"], rule


def test_only_meshes_that_are_there_are_read() -> None:
    assert permissions.READING == (
        "doctor",
        "export-identity",
        "federate",
        "federate-check",
        "gather",
        "read",
        "remove",
        "remove-service",
        "rotate",
        "share",
        "status",
        "trust-domain",
    )
    kinds = {right.kind for right in permissions.PLAYBOOKS["share"]}
    assert kinds == {"ImportedServiceSet", "ExportedServiceSet"}


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    assert {path.stem for path in rbac.FOLDER.glob("*.yaml")} == set(permissions.PLAYBOOKS) == set(rbac.WORDS)


def test_a_step_waits_with_its_own_rights_only() -> None:
    assert permissions.waiting("federate-check", "report") == []
    assert [(one.verb, one.resource.plural) for one in permissions.waiting("federate", "report")] == [
        ("watch", "servicemeshpeers"),
        ("watch", "importedservicesets"),
    ]
    assert {one.verb for one in permissions.waiting("federate", "gateways")} == {"get", "watch"}
