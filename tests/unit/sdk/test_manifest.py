"""What a package may say of itself, and how stored configurations follow it from release to release."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from altiplano_sdk import CONTRACT_VERSION, ConfigMigration, PackageManifest, StageKind

MINIMAL = {
    "id": "glossary-guard",
    "version": "0.1.0",
    "title": "Glossary guard",
    "summary": "Explains hard words to children.",
    "author": "Alice",
    "licence": "MIT",
    "personal_data": False,
    "provides": [{"kind": "guard", "entry": "glossary_guard:GlossaryGuard"}],
}


def manifest(**changes) -> PackageManifest:
    return PackageManifest.model_validate({**MINIMAL, **changes})


def test_minimal_manifest_asks_for_nothing():
    grants = manifest().grants
    assert (grants.network_hosts, grants.secrets, grants.storage_bytes) == ((), (), 0)
    assert not any([grants.model_use, grants.embedding_use, grants.index_use])
    assert manifest().contract == CONTRACT_VERSION


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Glossary"},
        {"id": "a"},
        {"id": "two--dashes"},
        {"version": "1.0"},
        {"version": "01.0.0"},
        {"version": "1.0.0rc1"},
        {"personal_data": None},
        {"command": "rm"},
        {"provides": []},
        {"provides": [{"kind": "guard", "entry": "no_class"}]},
        {"provides": [{"kind": "guard", "entry": "a b:C"}]},
        {"provides": [{"kind": "magic", "entry": "a:C"}]},
        {"provides": [{"kind": "guard", "entry": "a:B"}, {"kind": "guard", "entry": "a:C"}]},
        {"grants": {"network_hosts": ["10.0.0.1"]}},
        {"grants": {"network_hosts": ["https://example.org"]}},
        {"grants": {"network_hosts": ["localhost"]}},
        {"grants": {"network_hosts": ["*"]}},
        {"grants": {"secrets": ["lower-case"]}},
        {"grants": {"seconds": 601}},
        {"grants": {"memory_bytes": 4 * 1024**3}},
        {"grants": {"root": True}},
    ],
    ids=str,
)
def test_manifest_refuses(changes):
    with pytest.raises(ValidationError):
        manifest(**changes)


@pytest.mark.parametrize("host", ["api.example.org", "*.example.org", "xn--bcher-kva.example.org"])
def test_manifest_takes_names_of_hosts(host):
    assert manifest(grants={"network_hosts": [host]}).grants.network_hosts == (host,)


def test_manifest_of_a_kind_is_what_a_built_in_carries():
    one = manifest(grants={"model_use": True, "seconds": 3}).for_kind(StageKind.GUARD)
    assert (one.id, one.version, one.kind) == ("glossary-guard", "0.1.0", StageKind.GUARD)
    assert one.grants.model_use
    assert one.grants.seconds == 3


def test_manifest_of_a_kind_that_is_not_provided_is_an_error():
    with pytest.raises(KeyError):
        manifest().for_kind(StageKind.TOOL)


STEPS = [
    {"to": "0.2.0", "kind": "guard", "rename": {"words": "glossary"}},
    {"to": "0.3.0", "kind": "guard", "remove": ["colour"], "set": {"age": 9}},
    {"to": "0.3.0", "kind": "tool", "set": {"unit": "metre"}},
]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("0.1.0", {"glossary": ["air"], "age": 9}),
        ("0.2.0", {"words": ["air"], "age": 9}),
        ("0.3.0", {"words": ["air"], "colour": "red"}),
    ],
)
def test_migrations_after_the_stored_release_are_applied(since, expected):
    stored = {"words": ["air"], "colour": "red"}
    package = manifest(version="0.3.0", config_migrations=STEPS)
    assert package.migrate_config(StageKind.GUARD, stored, since=since) == expected
    assert stored == {"words": ["air"], "colour": "red"}


def test_migration_keeps_what_the_owner_chose():
    step = ConfigMigration(to="0.2.0", kind=StageKind.GUARD, set={"age": 9})
    assert step.apply({"age": 12}) == {"age": 12}


def test_versions_are_ordered_by_number():
    package = manifest(
        version="0.10.0", config_migrations=[{"to": "0.10.0", "kind": "guard", "set": {"a": 1}}]
    )
    assert package.migrate_config(StageKind.GUARD, {}, since="0.9.0") == {"a": 1}


names = st.sampled_from(["a", "b", "c", "d"])


@given(
    config=st.dictionaries(names, st.integers()),
    removed=st.lists(names, unique=True),
    given_values=st.dictionaries(names, st.integers()),
)
def test_a_step_without_renames_may_run_twice(config, removed, given_values):
    kept = {name: value for name, value in given_values.items() if name not in removed}
    step = ConfigMigration(to="0.2.0", kind=StageKind.GUARD, remove=tuple(removed), set=kept)
    once = step.apply(config)
    assert step.apply(once) == once
    assert set(kept) <= set(once)
