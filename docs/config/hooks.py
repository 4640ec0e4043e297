"""Puts the generated reference pages into the site; mkdocs calls these functions by name."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import generate


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for address, write in generate.PAGES.items():
        files.append(File.generated(config, address, content=write()))
    return files
