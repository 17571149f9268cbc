# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status document: against its schema, and what it says of healthy and of broken federations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import jsonschema
import pytest
from unit.builders import statuses

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import FAIL_ON
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import comparison, needed
from ansible_collections.ossm.federation.plugins.plugin_utils._report import matrix, status_types, types
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus

Json = dict[str, Any]
SCHEMA = statuses.schema()
#: The shape of each definition of the schema.
SHAPES: dict[str, Any] = {
    "root": status_types.StatusRoot,
    "mesh": status_types.StatusMesh,
    "service": status_types.StatusService,
    "difference": comparison.Difference,
    "object": needed.NeededObject,
    "times": status_types.StatusTimes,
    "link": status_types.StatusLink,
    "unmanaged": status_types.StatusUnmanaged,
    "cause": types.Cause,
    "problem": product_types.Problem,
    "counts": status_types.StatusCounts,
}


def validate(status: FederationStatus) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(SCHEMA, format_checker=checker).validate(dict(status))


@pytest.mark.parametrize("build", [statuses.healthy, statuses.broken, statuses.troubled])
def test_a_document_is_valid(build: Callable[[], FederationStatus]) -> None:
    validate(build())


def test_a_document_with_another_key_is_not_valid() -> None:
    for change in ({"more": 1}, {"version": 2}, {"generated": "yesterday"}, {"verdict": "FINE"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate({**statuses.healthy(), **change})


@pytest.mark.parametrize("name", ["", *SHAPES])
def test_the_schema_has_the_keys_of_the_code(name: str) -> None:
    part = SCHEMA["$defs"][name] if name else SCHEMA
    shape = SHAPES[name] if name else FederationStatus
    assert set(part["properties"]) == set(get_type_hints(shape))
    assert set(part["required"]) == set(shape.__required_keys__)
    assert part["additionalProperties"] is False
    assert set(SHAPES) == set(SCHEMA["$defs"])


def test_the_schema_has_the_words_of_the_tables() -> None:
    link = SCHEMA["$defs"]["link"]["properties"]
    assert set(link["shown_state"]["enum"]) == set(matrix.MARKS)
    assert set(link["state"]["enum"]) == set(matrix.MARKS) - {matrix.UNVERIFIED}
    assert tuple(SCHEMA["properties"]["fail_on"]["items"]["enum"]) == FAIL_ON
    assert tuple(SCHEMA["properties"]["conditions"]["required"]) == FAIL_ON
