"""Every built-in splitter keeps the promises of the splitter suite."""

from altiplano_plugins.splitter_sentence import SentenceSplitter
from altiplano_sdk.testing.splitter_suite import SplitterSuite


class TestSentenceSplitter(SplitterSuite):
    plugin_class = SentenceSplitter


class TestSentenceSplitterWithSmallPassages(SplitterSuite):
    plugin_class = SentenceSplitter
    config = {"target_words": 12, "overlap_words": 6, "max_characters": 100}
