# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: every code of lint for rules and localities, in one table.

``docs/lint.md`` has the same table; a test compares the two, and another test finds each code in use.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Severity

SEVERITIES: Tuple[Severity, Severity, Severity] = ("error", "warning", "info")


class Code(NamedTuple):
    """The ``severities`` of a finding, what is ``wrong``, and its ``repaired`` form."""

    severities: Tuple[str, ...]
    wrong: str
    repaired: str


_ERROR, _WARNING, _INFO = SEVERITIES

#: Found in one rule, or in one value, while the inventory is resolved.
DECLARED: Dict[str, Code] = {
    "rule-shape": Code(
        (_ERROR,),
        'A value of the wrong type, such as the string `"true"` for a boolean',
        "The rule with the right type",
    ),
    "rule-short": Code(
        (_ERROR,),
        "A string that is not of the form `namespace/name`",
        "The rule with a placeholder for what is missing",
    ),
    "rule-type": Code(
        (_ERROR,),
        "A type that istiod skips; for imports that is every type but `NameSelector`",
        "The rule with the type that its body has",
    ),
    "rule-body": Code(
        (_ERROR,),
        "No body for the type (istiod skips the rule), or a body of another type (istiod ignores it)",
        "The rule with the body of its type only",
    ),
    "rule-wildcard": Code(
        (_ERROR,),
        "A partial wildcard: `rat*` is a name like any other, and matches nothing",
        "The rule with a placeholder for the name",
    ),
    "rule-name": Code(
        (_ERROR,),
        "A name that no Service can have: empty, capitals, blanks, typographic quotes, more than 63 characters",
        "The rule with the name in lower case letters, without the quotes, or a placeholder",
    ),
    "rule-selector": Code(
        (_ERROR,),
        "A `LabelSelector` with no selector: it exports the whole namespace",
        "The rule with a selector to fill in",
    ),
    "rule-local": Code(
        (_ERROR,),
        "`importAsLocal` with no fixed namespace, or the cluster's own suffix without `importAsLocal`: istiod skips the rule",
        "`importAsLocal: true` with `alias.namespace`",
    ),
    "key-unknown": Code(
        (_ERROR,),
        "A key that the API server drops silently: `Selector`, `alias` for `aliases`, `importAsLocal` inside `nameSelector`",
        "The rule with the correct key in the correct place",
    ),
    "locality-value": Code(
        (_ERROR,),
        "A zone with no region or a subzone with no zone (istiod drops the whole locality), or an empty part",
        "The locality with a placeholder for the missing part",
    ),
}

#: Found in a list of rules, or across meshes.
TOGETHER: Dict[str, Code] = {
    "rule-shadowed": Code(
        (_WARNING,),
        "An earlier rule (or alias) selects all services that this one could select",
        "Both rules in the order in which both apply, or none where one must be removed",
    ),
    "rule-suffix": Code(
        (_WARNING,),
        "A `domainSuffix` that `importAsLocal` overrides, or one that ends with `svc.cluster.local`: such an import gets the namespace of its name",
        "The rule without the suffix",
    ),
    "alias-unused": Code(
        (_WARNING,), "An alias for services outside the namespace of its `LabelSelector`", "The rule without that alias"
    ),
    "export-control-plane": Code(
        (_WARNING,),
        "A wildcard that also exports the control plane's own services and gateways",
        "The rule for one namespace, to be filled in",
    ),
    "export-one-name": Code(
        (_ERROR, _WARNING, _INFO),
        "Several services under one exported name: the status is rejected, and requests go to whichever came last",
        "The rule that keeps the names apart",
    ),
    "export-unimported": Code(
        (_WARNING,), "No peer that gets this export imports it", "The import rule that is missing"
    ),
    "export-collision": Code(
        (_ERROR,),
        "Another mesh exports the same name to the same peer: the status is healthy, and requests fail",
        "The rule with an alias that only this mesh uses",
    ),
    "export-collision-possible": Code(
        (_INFO,),
        "The same, if the clusters have services of one name: a wildcard or a label selector takes part",
        "None",
    ),
    "export-ports": Code(
        (_ERROR, _WARNING),
        "A service that has not exactly one port: requests from other meshes fail",
        "A rule for a Service with one port under the same exported name, where the rule names the Service",
    ),
    "import-unoffered": Code(
        (_WARNING,),
        "No peer that this is imported from exports it",
        "The rule with the exported name, where it is known",
    ),
    "import-uncertain": Code(
        (_INFO,), "Only the exporting cluster shows it: a wildcard or a label selector covers it", "None"
    ),
    "import-one-name": Code(
        (_ERROR, _WARNING, _INFO),
        "Several services of one peer under one local name",
        "The rule that keeps the names apart",
    ),
    "import-no-failover": Code(
        (_WARNING, _INFO),
        "One local name for services of several peers: this is no failover, one of them gets all requests",
        "The rule with a distinct name",
    ),
    "import-joins": Code(
        (_INFO,),
        "`importAsLocal` over a service that this mesh has: the two are merged on ports of the same name",
        "None",
    ),
    "services-unread": Code(
        (_INFO,),
        "Exported Services could not be read, so their ports are not checked",
        "None",
    ),
    "import-port-names": Code(
        (_WARNING,),
        "`importAsLocal` over a service whose ports have other names: the imported endpoints are never used",
        "None: rename the ports of the Service",
    ),
}

CODES: Dict[str, Code] = {**DECLARED, **TOGETHER}
