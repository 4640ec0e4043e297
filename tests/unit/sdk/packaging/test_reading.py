"""Manifests: every mistake is told with its line, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import StageKind
from altiplano_sdk.packaging import Finding, ManifestError, Severity, read_manifest

from .samples import MANIFEST, write_folder


def findings_of(text: str) -> list[Finding]:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text)
    return list(caught.value.findings)


def test_sound_manifest_is_read_from_text_and_from_a_folder(tmp_path):
    manifest = read_manifest(MANIFEST)
    assert manifest == read_manifest(write_folder(tmp_path))
    assert (manifest.id, manifest.version) == ("glossary-guard", "1.1.0")
    assert manifest.provides[0].kind is StageKind.GUARD


@pytest.mark.parametrize(
    ("line", "replacement", "rule", "message", "hint"),
    [
        ('id = "glossary-guard"', 'id = "Glossary Guard"', "ALT105", "`id`", "glossary-guard"),
        ('version = "1.1.0"', 'version = "one"', "ALT105", "`version`", "1.2.0"),
        ('kind = "guard"', 'kind = "bouncer"', "ALT105", "`provides.kind`", "retriever"),
        ('entry = "glossary_guard:GlossaryGuard"', 'entry = "x"', "ALT105", "entry", "package.m"),
        ("personal_data = false", 'personal_data = "perhaps"', "ALT105", "`personal_data`", ""),
        ('author = "Ada"', 'autor = "Ada"', "ALT104", "`autor`", "Remove"),
    ],
)
def test_mistake_is_told_with_its_line(line, replacement, rule, message, hint):
    text = MANIFEST.replace(line, replacement)
    found = {finding.rule: finding for finding in findings_of(text)}[rule]
    assert text.splitlines()[found.line - 1] == replacement
    assert message in found.message
    assert hint in found.hint
    assert found.file == "altiplano-plugin.toml"


def test_missing_field_is_told_where_its_table_begins():
    text = MANIFEST.replace('entry = "glossary_guard:GlossaryGuard"\n', "")
    (found,) = findings_of(text)
    assert found.rule == "ALT103"
    assert text.splitlines()[found.line - 1] == "[[provides]]"
    assert found.hint.startswith("Add `entry = ...`")


def test_all_mistakes_are_told_at_once_in_their_order():
    text = f"colour = 1\n{MANIFEST}\n[grants]\nshade = 2\nsecrets = ['lower']\n"
    found = findings_of(text)
    assert [finding.rule for finding in found] == ["ALT104", "ALT104", "ALT105"]
    lines = [text.splitlines()[finding.line - 1] for finding in found]
    assert lines == ["colour = 1", "shade = 2", "secrets = ['lower']"]


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "https://a.example", "A.example", "*"])
def test_host_is_a_name_and_no_address(host):
    (found,) = findings_of(f'{MANIFEST}\n[grants]\nnetwork_hosts = ["{host}"]\n')
    assert found.rule == "ALT105"
    assert "network_hosts" in found.message or "host" in found.message


@pytest.mark.parametrize(
    "title",
    ["a\\u0000b", "a\\nb", "a\\u202Eb", "a\\u200Bb", "\\U000E0041", "a\\u001bb"],
)
def test_title_shows_all_that_it_holds(title):
    (found,) = findings_of(MANIFEST.replace("Glossary guard", title))
    assert (found.rule, found.line) == ("ALT105", 3)


@pytest.mark.parametrize("value", ["nan", "-inf", "{deep = [inf]}"])
def test_number_is_finite_wherever_it_stands(value):
    step = f'[[config_migrations]]\nto = "1.1.0"\nkind = "guard"\nset = {{a = {value}}}\n'
    (found,) = findings_of(f"{MANIFEST}\n{step}")
    assert found.rule == "ALT105"
    assert "finite" in found.message


@pytest.mark.parametrize("text", [f"contract = {'9' * 5000}\n{MANIFEST}", "a = " + "[" * 5000])
def test_numbers_and_depths_beyond_reason_are_told(text):
    assert {finding.rule for finding in findings_of(text)} == {"ALT102"}


def test_finding_holds_no_hidden_sign():
    (found,) = findings_of(f'"a\\u0007b" = 1\n{MANIFEST}')
    assert found.message.isprintable()


def test_broken_toml_is_told_with_its_line():
    (found,) = findings_of(MANIFEST.replace('title = "Glossary guard"', "title = Glossary"))
    assert found.rule == "ALT102"
    assert found.line == 3


def test_manifest_that_is_no_text_is_told(tmp_path):
    folder = write_folder(tmp_path)
    (folder / "altiplano-plugin.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="UTF-8"):
        read_manifest(folder)
    (folder / "altiplano-plugin.toml").write_text(f"# {'x' * 70_000}\n")
    with pytest.raises(ManifestError, match="64 KiB"):
        read_manifest(folder)


@given(text=st.text(max_size=300))
def test_any_text_is_a_manifest_or_told(text):
    with pytest.raises(ManifestError) as caught:  # no such text is a whole manifest
        read_manifest(text)
    assert caught.value.findings


@given(
    st.builds(
        Finding,
        rule=st.text(),
        severity=st.sampled_from(Severity),
        file=st.text(),
        line=st.integers(0),
        message=st.text(),
        hint=st.text(),
    )
)
def test_finding_survives_json(finding):
    assert Finding.from_dict(finding.to_dict()) == finding


@pytest.mark.parametrize("data", [{}, {"severity": "error"}, {"severity": "worse"}])
def test_what_is_no_finding_is_refused(data):
    with pytest.raises(ValueError):
        Finding.from_dict(data)
