# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what is generated in ``docs``: whole pages of the reference, and tables of codes and reports in others.

``python tests/reference.py`` from the root of the checkout, after ``tests/tree.py link``. A unit test compares the pages with
the tables in the code, and gives each example to the model.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES, Code
from ansible_collections.ossm.federation.plugins.module_utils._product.rungs import RUNGS, Rung
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import BY_PEER, ENTRIES, KEYS, Key
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES, Variable
from ansible_collections.ossm.federation.plugins.plugin_utils._model.yaml_files import Blocks

DOCS = Path(__file__).resolve().parent.parent / "docs"
_FINGERPRINT = "D7:F8:63:0E:FE:25:92:F5:9D:93:BE:D0:D7:C0:86:D0:04:49:3C:75:46:8E:9B:A9:7E:9D:5A:8B:94:D5:C1:70"

#: An example of each variable, as an inventory has it for the mesh ``red-mesh`` beside ``green-mesh`` and ``blue-mesh``.
EXAMPLES: dict[str, Any] = {
    "mesh_name": "red-mesh",
    "mesh_namespace": "istio-system",
    "mesh_control_plane": "basic",
    "mesh_trust_domain": "red-mesh.local",
    "mesh_platform": "AWSController",
    "mesh_peers": ["green-mesh", "blue-mesh"],
    "mesh_peer_names": {"green-mesh": "green-prod"},
    "mesh_ingress": {"internal": True},
    "mesh_egress": {"runtime": {"deployment": {"autoScaling": {"minReplicas": 2, "maxReplicas": 4}}}},
    "mesh_exports": {"green-mesh": ["bookinfo/ratings"]},
    "mesh_imports": {"green-mesh": ["bookinfo/reviews"]},
    "mesh_may_export": ["bookinfo", {"namespace": "shop", "labels": {"matchLabels": {"export": "true"}}}],
    "mesh_locality": {"region": "us-west"},
    "mesh_managed_cluster": "red",
    "mesh_install": True,
    "mesh_install_operator": True,
    "mesh_install_operator_namespace": "mesh-operator",
    "mesh_install_subscription": {"channel": "stable"},
    "mesh_control_plane_spec": {"version": "v2.6"},
    "mesh_members": ["bookinfo"],
    "mesh_trust_fingerprints": [_FINGERPRINT],
    "mesh_identity_file": "received/red-mesh-for-green-mesh.yml",
    "mesh_kubeconfig": "~/.kube/red",
    "mesh_context": "red",
    "mesh_host": "https://api.red.example.com:6443",
    "mesh_api_key": "{{ vault_red_token }}",
    "mesh_username": "federation",
    "mesh_password": "{{ vault_red_password }}",
    "mesh_client_cert": "~/.kube/red.crt",
    "mesh_client_key": "~/.kube/red.key",
    "mesh_ca_cert": "~/.kube/red-ca.crt",
    "mesh_validate_certs": True,
    "mesh_proxy": "http://proxy.example.com:3128",
    "mesh_no_proxy": "localhost,.example.com",
    "mesh_proxy_headers": {"user_agent": "federation"},
    "mesh_persist_config": True,
    "mesh_impersonate_user": "mesh-admin",
    "mesh_impersonate_groups": ["mesh-admins"],
    "federation_group": "federation",
    "federation_meshes": {"red-mesh": {"mesh_context": "red"}, "green-mesh": {"mesh_context": "green"}},
    "federation_max_new_load_balancers": 4,
    "federation_allow_shared_root": True,
    "federation_confirm_trust_domain": ["red-mesh"],
    "federation_confirm_address_change": ["red-mesh"],
    "federation_root_expiry_warning_days": 90,
    "federation_adopt": True,
    "federation_adopt_to": "inventory/federation",
    "federation_force_conflicts": True,
    "federation_restart_control_plane": ["green-mesh"],
    "federation_wait_timeout": 450,
    "federation_gateway_timeout": 900,
    "federation_install_timeout": 1800,
    "federation_fail_on_pending": True,
    "federation_identity_dir": "identities",
    "federation_identity_days": 90,
    "federation_expected_meshes": 3,
    "federation_report_file": "report.json",
    "federation_lint_format": "json",
    "federation_lint_file": "lint.json",
    "federation_lint_strict": True,
    "federation_offline": True,
    "federation_plan_file": "plan.json",
    "federation_apply_plan": "plan.json",
    "federation_pass_plan": True,
    "federation_plan_digests": {"federation": "8f1d", "meshes": {"red-mesh": {"objects": "77ab"}}},
    "federation_record_dir": "records",
    "federation_ports_file": "ports.csv",
    "federation_render_dir": "gitops/federation",
    "federation_render_format": "policies",
    "federation_render_sync_waves": False,
    "federation_render_policy_namespace": "mesh-policies",
    "federation_unlink": "red-mesh,green-mesh",
    "federation_remove_mesh": "blue-mesh",
    "federation_remove_service": "bookinfo/ratings",
    "federation_remove_exporter": "red-mesh",
    "federation_remove_consumer": "green-mesh",
    "federation_confirm": "red-mesh,green-mesh",
    "federation_force_removal": True,
    "federation_prune": True,
    "federation_max_removals": 2,
    "federation_removal_timeout": 600,
    "federation_trust_domain_mesh": "red-mesh",
    "federation_trust_domain_stage": "switch",
    "federation_restart_workloads": ["bookinfo"],
    "federation_trust_domain_timeout": 900,
    "federation_rotate_mesh": "red-mesh",
    "federation_rotate_root": "coming-root.pem",
    "federation_rotate_restart": True,
    "federation_share_timeout": 150,
    "federation_services": [{"service": "bookinfo/ratings", "mesh": "red-mesh", "consumers": ["green-mesh"]}],
    "federation_max_exports": 20,
    "federation_doctor_file": "doctor.json",
    "federation_doctor_network": False,
    "federation_doctor_network_file": "doctor/network.json",
    "federation_probe": True,
    "federation_probe_image": "registry.example.com/tools/curl:8",
    "federation_probe_namespace": "bookinfo",
    "federation_probe_count": 3,
    "federation_probe_path": "/health",
    "federation_probe_header": "x-served-by",
    "federation_probe_timeout": 300,
    "federation_gather_dir": "~/support",
    "federation_gather_log_lines": 500,
    "federation_gather_log_bytes": 1000000,
    "federation_gather_log_seconds": 3600,
    "federation_gather_debug_pages": False,
    "federation_gather_inspect": False,
    "federation_gather_inspect_timeout": 300,
    "federation_no_log": False,
    "federation_status_dir": "status",
    "federation_fail_on": ["degraded", "unknown", "expiring"],
}

#: What corrects a problem without a person, in words.
HEALED_BY = {
    "federate": "a run of `federate` for that mesh",
    "restart": "a run of `federate` for that mesh that may restart its istiod",
}

#: From where a rung looks, in words.
_PLACES = {"API servers": "the API servers", "controller": "the controller", "probe": "a pod of the mesh"}

_VARIABLES = """\
<!-- SPDX-FileCopyrightText: 2026 The ossm.federation authors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tests/reference.py from plugins/plugin_utils/_model/variables.py; change that file, not this one. -->

# Variables

All public variables. A variable of the scope *mesh* is a host or group variable and may differ from mesh to mesh. A variable of the scope
*run* is for all meshes of a run: set it once, for the group or with `-e`. Nothing but access to each cluster is required. A name that begins with
`mesh_` or `federation_` and is nearly one of these is rejected, with the name that was probably meant.

How the variables work together: [inventory.md](inventory.md). Which places a value can come from:
[Where a value comes from](inventory.md#where-a-value-comes-from).

| Variable | Scope | Type | Default | Accepts | Example | Meaning |
|---|---|---|---|---|---|---|
{rows}

## Keys of dictionaries

`mesh_ingress` and `mesh_egress` also have the key `peers`: a dictionary by mesh or inventory group, with the same keys. A key that is set for one peer
takes precedence over the same key for all peers. `federation_services` is a list, and the keys are those of each entry.

| Variable | Key | Type | Accepts | Meaning |
|---|---|---|---|---|
{keys}
"""

_CODES = """\
<!-- SPDX-FileCopyrightText: 2026 The ossm.federation authors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tests/reference.py from plugins/module_utils/_product/codes.py; change that file, not this one. -->

# Codes

Every problem has a code in brackets at the end of its message, and in the data of a report. A code never changes its meaning. The fix below is the usual one;
a message may name a more precise one.

An error stops the run, the mesh or the pair that it is about; everything else continues. A warning stops nothing. An info is a
state that is not known, or that nothing has to be done about.

{chapters}
"""

#: Pages with more about a chapter of the codes.
CHAPTERS: dict[str, tuple[str, ...]] = {
    "Inventory and variables": ("inventory.md", "variables.md"),
    "Access to a cluster": ("inventory.md#access",),
    "Requests to an API server": ("rbac.md", "recovery.md#conflicting-field-managers"),
    "Control plane and cluster": ("preflight.md", "install.md"),
    "Trust domains and root certificates": ("trust.md", "trust_domain.md"),
    "Names of peers": ("shapes.md#what-a-mesh-calls-its-peers",),
    "Gateways and addresses": ("platforms.md", "control-plane.md#existing-gateways"),
    "Objects that others manage": ("control-plane.md#existing-gateways",),
    "Export and import rules": ("lint.md#one-rule", "services.md"),
    "Rules and services together": ("lint.md#rules-together-and-other-meshes", "services.md"),
    "Identity files": ("identity.md",),
    "Saved plans and rendered files": ("plan.md#save-a-plan-and-apply-it", "render.md"),
    "Removal": ("removal.md",),
    "Rotation of a root": ("rotate_trust.md",),
    "Failover, weights and access": ("failover.md",),
    "Diagnosis of a link": ("doctor.md",),
    "Probe": ("probe.md",),
    "Adoption": ("adopt.md",),
    "What a running istiod keeps": ("recovery.md",),
    "State of a link": ("federate.md", "troubleshooting.md"),
}


def _cell(text: str) -> str:
    """The text of a cell: the markup of Ansible's documentation becomes code, and a bar does not end the cell."""
    for macro in ("C(", "V("):
        while macro in text:
            before, _macro, after = text.partition(macro)
            inside, _end, rest = after.partition(")")
            text = f"{before}`{inside}`{rest}"
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return text.removesuffix("...\n").strip()


def _default(variable: Variable) -> tuple[str, str]:
    """The default, and the description without the sentence that names it."""
    before, marker, after = variable.description.partition(" Default: ")
    if not marker:
        return "" if variable.default is None else f"`{_flow(variable.default)}`", variable.description
    default, _stop, rest = after.rpartition(".")
    return _cell(default or rest), before


def _accepts(variable: Variable) -> str:
    if variable.name in KEYS:
        return f"a dictionary with the keys {', '.join(KEYS[variable.name])}{', peers' if variable.name in BY_PEER else ''}"
    if variable.type == "path":
        return "a path"
    return variable.accepted


def variable_row(variable: Variable) -> str:
    """The row of one variable."""
    scope = "mesh" if variable.name.startswith("mesh_") else "run"
    default, meaning = _default(variable)
    example = f"`{_flow(EXAMPLES[variable.name])}`"
    return _row(
        (f"`{variable.name}`", scope, variable.type, default, _cell(_accepts(variable)), example, _cell(meaning))
    )


def key_row(variable: str, name: str, key: Key) -> str:
    """The row of one key of a dictionary."""
    return _row((f"`{variable}`", f"`{name}`", key.type, _cell(key.domain.accepted), _cell(key.description)))


def variables() -> str:
    """The page of variables."""
    rows = "\n".join(map(variable_row, VARIABLES.values()))
    tables = {**KEYS, **ENTRIES}
    keys = "\n".join(key_row(variable, name, key) for variable, keys in tables.items() for name, key in keys.items())
    return _VARIABLES.format(rows=rows, keys=keys)


def code_section(name: str, code: Code) -> str:
    """The section of one code; its anchor is the code."""
    severities = " or ".join(code.severities)
    text = f"### {name}\n\n*{severities.capitalize()}.* {_cell(code.meaning)}.\n\nFix: {_cell(code.fix)}."
    if code.healed_by:
        text += f"\n\nThe [self-healing](eda.md#what-is-healed) may correct it: {HEALED_BY[code.healed_by]}."
    return f"{text}\n\n`lint` proposes: {code.corrected[:1].lower()}{code.corrected[1:]}." if code.corrected else text


def _chapter(subject: str) -> str:
    pages = ", ".join(f"[{page.partition('#')[0]}]({page})" for page in CHAPTERS[subject])
    sections = (code_section(name, code) for name, code in CODES.items() if code.subject == subject)
    return "\n\n".join((f"## {subject}", f"More: {pages}.", *sections))


def codes() -> str:
    """The page of codes: a chapter for each subject, a section for each code."""
    subjects = dict.fromkeys(code.subject for code in CODES.values())
    return _CODES.format(chapters="\n\n".join(map(_chapter, subjects)))


def _table_of_codes(subject: str) -> str:
    """The codes of a chapter as a table, with links to their sections."""
    rows = [
        _row((f"[`{name}`](codes.md#{name})", ", ".join(code.severities), _cell(code.meaning), _cell(code.corrected)))
        for name, code in CODES.items()
        if code.subject == subject
    ]
    return "\n".join(("| Code | Severity | What is wrong | `lint` proposes |", "|---|---|---|---|", *rows))


def lint() -> str:
    """The page about lint with its tables of codes; all other text is written by hand."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- codes: {match[1]} -->\n{_table_of_codes(match[1])}\n<!-- end of codes -->"

    text = (DOCS / "lint.md").read_text(encoding="utf-8")
    return re.sub(r"<!-- codes: (.+) -->\n(?:.*\n)*?<!-- end of codes -->", block, text)


def _reports() -> dict[str, str]:
    """The expected texts of the unit tests of reports, read from their source."""
    (source,) = (DOCS.parent / "tests" / "unit" / "plugins").rglob("test_report_texts.py")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEXTS":
            texts: dict[str, str] = ast.literal_eval(node.value)
            return texts
    raise LookupError(f"no TEXTS in {source}")


def _with_reports(name: str) -> str:
    """A page with its reports as the unit tests expect them; all other text is written by hand."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- report: {match[1]} -->\n```text\n{_reports()[match[1]].strip()}\n```\n<!-- end of report -->"

    text = (DOCS / name).read_text(encoding="utf-8")
    return re.sub(r"<!-- report: (.+) -->\n(?:.*\n)*?<!-- end of report -->", block, text)


def _with_part(name: str, part: str, content: str) -> str:
    """A page with its generated part; all other text is written by hand."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.sub(
        rf"<!-- {part} -->\n.*<!-- end of {part} -->",
        lambda _match: f"<!-- {part} -->\n{content}\n<!-- end of {part} -->",
        text,
        flags=re.S,
    )


def rung_section(rung: Rung) -> str:
    """The section of one rung; its anchor is the name."""
    meshes = {
        "from": "of the watching mesh",
        "to": "of the watched mesh",
        "both": "of both meshes",
        "none": "of no mesh",
    }
    return (
        f"### {rung.name}\n\nPassed when {rung.title}. Seen from: {_PLACES[rung.place]}, with the credentials {meshes[rung.credentials]}. "
        f"Needs {rung.needs}."
    )


def doctor() -> str:
    """The page about the diagnosis, with a section for each rung."""
    sections = "\n\n".join(map(rung_section, RUNGS.values()))
    return _with_part("doctor.md", "rungs", f"\n{sections}\n")


def eda() -> str:
    """The page about self-healing, with the table of what is healed."""
    rows = [
        _row((f"[`{name}`](codes.md#{name})", _cell(code.meaning), HEALED_BY[code.healed_by], f"`{code.healed_by}`"))
        for name, code in CODES.items()
        if code.healed_by
    ]
    table = "\n".join(("| Code | What is wrong | What corrects it | Needs in `heal` |", "|---|---|---|---|", *rows))
    return _with_part("eda.md", "healed", table)


def federate() -> str:
    """The page about federating."""
    return _with_reports("federate.md")


def recovery() -> str:
    """The page about recovery."""
    return _with_reports("recovery.md")


#: The generated pages, by file.
PAGES: dict[str, Callable[[], str]] = {
    "variables.md": variables,
    "codes.md": codes,
    "lint.md": lint,
    "federate.md": federate,
    "recovery.md": recovery,
    "doctor.md": doctor,
    "eda.md": eda,
}


# -- argument specifications of playbooks ---------------------------------------------------------------------------------

PLAYBOOKS = DOCS.parent / "playbooks"
#: The topics of variables that every playbook reads, besides those of its roles.
_EVERYWHERE = ("access", "federation", "lint", "mesh", "report")
#: Those of playbooks that read more than that, and than the variables that their tasks name.
_MORE_TOPICS = {
    "federate": ("removal", "trust_domain"),
    "rotate_trust": ("removal", "trust_domain"),
    "trust_domain": ("removal",),
}
#: Variables without which a playbook has nothing to do.
_REQUIRED = {
    "unlink": ("federation_unlink",),
    "remove_mesh": ("federation_remove_mesh",),
    "remove_service": ("federation_remove_service", "federation_remove_exporter"),
    "rotate_trust": ("federation_rotate_mesh",),
}
_META = """\
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The variables of {playbook}.yml, for validate_argspec of ansible-core 2.20 and later; see docs/contexts.md. Older versions do not read this file.
# Written by tests/reference.py from the table of variables and roles/mesh/meta/argument_specs.yml.
---
"""
#: A play that uses the specification, beside a copy of the file.
_META_EXAMPLE = """\
- name: Check the variables of {playbook}.yml
  hosts: federation
  gather_facts: false
  validate_argspec: {playbook}
"""


def playbooks() -> list[str]:
    """The names of all playbooks."""
    return sorted(path.stem for path in PLAYBOOKS.glob("*.yml") if not path.name.endswith(".meta.yml"))


def _is_read(playbook: str) -> Callable[[Variable], bool]:
    """Which variables a playbook reads: all of meshes, since all playbooks share an inventory; those of the topics of its roles; and
    those that its tasks name."""
    folder = PLAYBOOKS.parent / "roles"
    text = (PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8")
    roles = re.findall(r"^ +name: ossm\.federation\.([a-z_]+)$", text, re.M)
    text += "".join(path.read_text(encoding="utf-8") for role in roles for path in (folder / role).rglob("tasks/*.yml"))
    named = set(re.findall(r"\bfederation_[a-z_]+\b", text))
    topics = {*_EVERYWHERE, *roles, *_MORE_TOPICS.get(playbook, ())}
    return lambda variable: variable.name.startswith("mesh_") or variable.name in named or variable.topic in topics


def playbook_meta(playbook: str) -> str:
    """The file with the argument specification of a playbook."""
    path = DOCS.parent / "roles" / "mesh" / "meta" / "argument_specs.yml"
    documented = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    is_read = _is_read(playbook)
    options = {
        name: {
            **documented[name],
            **({"required": True} if name in _REQUIRED.get(playbook, ()) else {}),
            # ansible-core prints a value of a wrong type, which may be a credential; our own check does not.
            **({"type": "raw"} if variable.secret else {}),
        }
        for name, variable in VARIABLES.items()
        if is_read(variable)
    }
    title = f"Variables of {playbook}.yml"
    spec = {
        "short_description": title,
        "description": [
            "Of the host and its group. The playbook itself checks more than this, over all meshes at once."
        ],
        "options": options,
        "examples": _META_EXAMPLE.format(playbook=playbook),
    }
    content = {
        "short_description": title,
        "description": "Only for plays with validate_argspec, of which this collection has none.",
        "argument_specs": {playbook: spec},
    }
    body = yaml.dump(content, Dumper=Blocks, sort_keys=False, allow_unicode=True, width=140)
    return _META.format(playbook=playbook) + body


def main() -> int:
    """Write all pages, and the argument specifications of playbooks."""
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
    for playbook in playbooks():
        (PLAYBOOKS / f"{playbook}.meta.yml").write_text(playbook_meta(playbook), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
