"""All rules for packages, by code. A code never changes its meaning; a rule may become stricter.

ALT7xx are the conformance suites' own (:mod:`altiplano_sdk.testing`).
"""

from typing import Final

from altiplano_sdk.packaging.rulebook.code import CODE_RULES
from altiplano_sdk.packaging.rulebook.files import ARCHIVE_RULES, FILE_RULES, REQUIREMENT_RULES
from altiplano_sdk.packaging.rulebook.manifest import MANIFEST_RULES
from altiplano_sdk.packaging.rulebook.releases import RELEASE_RULES
from altiplano_sdk.packaging.rulebook.rule import Example, Rule

CHAPTERS: Final = {
    "The manifest": MANIFEST_RULES,
    "The code": CODE_RULES,
    "The files": FILE_RULES,
    "The archive": ARCHIVE_RULES,
    "Configuration and releases": RELEASE_RULES,
    "Requirements": REQUIREMENT_RULES,
}
RULES: Final = {rule.code: rule for rules in CHAPTERS.values() for rule in rules}

__all__ = ["CHAPTERS", "RULES", "Example", "Rule"]
