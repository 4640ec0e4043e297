"""ALT1xx: what ``altiplano-plugin.toml`` says."""

from typing import Final

from altiplano_sdk.manifest import MANIFEST_NAME
from altiplano_sdk.packaging.findings import Severity
from altiplano_sdk.packaging.rulebook.rule import Example, Rule


def _lines(text: str) -> Example:
    return Example(MANIFEST_NAME, text)


MISSING_MANIFEST: Final = Rule(
    "ALT101",
    "The package has a manifest",
    "Everything the platform decides about a package, it decides from the manifest.",
    f"Add {MANIFEST_NAME} beside your import package; `altiplano-plugin new` writes one.",
    bad=Example(MANIFEST_NAME, None),
    good=_lines('id = "glossary-guard"'),
)
BROKEN_TOML: Final = Rule(
    "ALT102",
    "The manifest is TOML",
    "The manifest is read before anything else, by people and by programs.",
    "Mend the line: text stands in quotes, and each name is set once.",
    bad=_lines("title = Glossary guard"),
    good=_lines('title = "Glossary guard"'),
)
MISSING_FIELD: Final = Rule(
    "ALT103",
    "The manifest says everything it must",
    "Whether personal data is kept, and who wrote the plugin, is nobody else's guess.",
    "Add the field.",
    bad=_lines("# personal_data"),
    good=_lines("personal_data = false"),
)
UNKNOWN_FIELD: Final = Rule(
    "ALT104",
    "The manifest says nothing else",
    "A misspelt field would otherwise be a wish that nobody reads.",
    "Remove the field, or correct its name.",
    bad=_lines('licence = "Apache-2.0"\nlicense = "Apache-2.0"'),
    good=_lines('licence = "Apache-2.0"'),
)
WRONG_VALUE: Final = Rule(
    "ALT105",
    "Each field holds what it is for",
    "Ids become addresses, versions are compared, and grants are shown to the people who give "
    "them.",
    "Correct the value.",
    bad=_lines('version = "1.1"'),
    good=_lines('version = "1.1.0"'),
)
NAMES_A_COMMAND: Final = Rule(
    "ALT106",
    "A manifest names no command",
    "Whoever can write a command into a file that others import can run anything in their name. "
    "The only code of a package is the class that `entry` names, and it runs in the sandbox.",
    "Remove it. What has to run belongs into the class that `entry` names.",
    bad=_lines('command = "python -m glossary_guard"'),
    good=_lines('summary = "Finds the words that children ask about."'),
)
RESERVED_ID: Final = Rule(
    "ALT107",
    "Ids of built-ins stay theirs",
    "A pipeline names a plugin by kind and id; a package that took a built-in's id would stand "
    "in its place.",
    "Choose another id.",
    bad=_lines('id = "altiplano-guard"'),
    good=_lines('id = "glossary-guard"'),
)
NEWER_CONTRACT: Final = Rule(
    "ALT108",
    "The contract is one this SDK knows",
    "The contract's number says which Protocols the class fulfils.",
    "Use the number of the SDK that you test with.",
    bad=_lines("contract = 99"),
    good=_lines("contract = 1"),
)
SDK_RANGE: Final = Rule(
    "ALT109",
    "The range of SDK releases holds this one",
    "A package that was tested with one SDK may not work with another.",
    'Write a PEP 440 range that holds the SDK you test with, as in ">=0.1,<1".',
    bad=_lines('sdk = ">=7"'),
    good=_lines('sdk = ">=0.1,<1"'),
)
LICENCE_ID: Final = Rule(
    "ALT110",
    "The licence is an SPDX expression",
    "Installing organizations filter by licence; free text cannot be filtered.",
    "Use an identifier of spdx.org/licenses, or LicenseRef-NAME for terms of your own.",
    bad=_lines('licence = "Apache"'),
    good=_lines('licence = "Apache-2.0"'),
)
LICENCE_TEXT: Final = Rule(
    "ALT111",
    "The package holds its licence",
    "A licence that is not passed on with the work often does not hold.",
    "Put the text of the licence into a file LICENSE beside the manifest.",
    bad=Example("LICENSE", None),
    good=Example("LICENSE", "Apache License 2.0 ..."),
)
NO_README: Final = Rule(
    "ALT112",
    "The package explains itself",
    "The README is the plugin's page in the catalogue.",
    "Say in README.md what the plugin does, for whom, and what it does not do.",
    bad=Example("README.md", None),
    good=Example("README.md", "# Glossary guard\n\nExplains hard words to children."),
    severity=Severity.WARNING,
)
LANGUAGE_CODE: Final = Rule(
    "ALT113",
    "Languages are ISO 639-1 codes",
    "People look for plugins that know their language.",
    'Use codes of two letters, as in ["en", "fr"], or ["*"] when it does not matter.',
    bad=_lines('languages = ["English"]'),
    good=_lines('languages = ["en", "fr"]'),
)
ONE_IMPORT_PACKAGE: Final = Rule(
    "ALT114",
    "All classes live in one import package",
    "The import package is what is packed; a second one would be left behind.",
    "Let every `entry` begin with the same package.",
    bad=_lines(
        '[[provides]]\nkind = "guard"\nentry = "glossary_guard:GlossaryGuard"\n'
        '[[provides]]\nkind = "tool"\nentry = "other_package:GlossaryTool"'
    ),
    good=_lines('[[provides]]\nkind = "guard"\nentry = "glossary_guard:GlossaryGuard"'),
)
SHADOWING_PACKAGE: Final = Rule(
    "ALT115",
    "The import package has a name of its own",
    "A package called `json` or `pydantic` would be imported in place of the real one, or the "
    "other way round.",
    "Rename the package, for instance to the plugin's id with underscores.",
    bad=_lines('[[provides]]\nkind = "guard"\nentry = "json:GlossaryGuard"'),
    good=_lines('[[provides]]\nkind = "guard"\nentry = "glossary_guard:GlossaryGuard"'),
)
GRANT_NOT_USED: Final = Rule(
    "ALT116",
    "A plugin asks for no more than it uses",
    "Every grant is a question to the people who install the plugin, and a reason to say no.",
    "Remove the grant from [grants].",
    bad=_lines("[grants]\nmodel_use = true"),
    good=_lines("[grants]\nmodel_use = false"),
    severity=Severity.WARNING,
)
USE_NOT_GRANTED: Final = Rule(
    "ALT117",
    "A plugin asks for everything it uses",
    "What was not granted is None in the context, and the plugin fails in use.",
    "Ask for it in [grants].",
    bad=Example(
        "glossary_guard/terms.py",
        "async def seen(ctx, term):\n    return await ctx.store.get(term)\n",
    ),
    good=Example(
        "glossary_guard/terms.py",
        "async def seen(terms, term):\n    return term in terms\n",
    ),
    severity=Severity.WARNING,
)

MANIFEST_RULES: Final = (
    MISSING_MANIFEST,
    BROKEN_TOML,
    MISSING_FIELD,
    UNKNOWN_FIELD,
    WRONG_VALUE,
    NAMES_A_COMMAND,
    RESERVED_ID,
    NEWER_CONTRACT,
    SDK_RANGE,
    LICENCE_ID,
    LICENCE_TEXT,
    NO_README,
    LANGUAGE_CODE,
    ONE_IMPORT_PACKAGE,
    SHADOWING_PACKAGE,
    GRANT_NOT_USED,
    USE_NOT_GRANTED,
)
