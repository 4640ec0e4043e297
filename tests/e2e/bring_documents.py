"""Run beside a platform, with its home: a loader is installed, and a source brings documents with it.

``python -m tests.e2e.bring_documents EMAIL`` acts for EMAIL's organization. What the source has
becomes less after the first load, so that something is unchanged and something gone.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from altiplano.ops.cli import setup_django
from tests.e2e.conftest import every

LOADER = "shelf"
COLLECTION = "Brought"
LOAD_SECONDS = 120
FILES = {
    "weather.txt": "In June the school measured nine days of rain.",
    "soil.txt": "The soil of the garden holds water well.",
}


def main(email: str) -> None:
    setup_django()
    from altiplano.accounts.domain.sessions import principal_for
    from altiplano.accounts.models import Membership
    from altiplano.catalog.package_models import Package
    from tests.factories.loader_packages import install_shelf

    owner = principal_for(Membership.unscoped.filter(user__email=email).earliest("created_at"))
    if not Package.unscoped.filter(slug=LOADER).exists():
        with tempfile.TemporaryDirectory() as folder:
            install_shelf(owner, Path(folder))
    sys.stdout.write(json.dumps({"loader": LOADER, "brought_from": str(_source(owner))}))


def _source(owner: Any) -> Any:
    """The id of a source that was loaded twice, made if there is none."""
    from altiplano.knowledge.domain.collections import create_collection
    from altiplano.knowledge.domain.sources import (
        SourceWish,
        add_source,
        change_source,
    )
    from altiplano.knowledge.source_models import Source

    known = Source.objects.within(owner.organization_id).filter(plugin=LOADER).first()
    if known is not None:
        return known.id
    collection = create_collection(principal=owner, name=COLLECTION)
    first = SourceWish("Weather station", LOADER, {"files": FILES}, repeat="daily")
    source = add_source(principal=owner, collection_id=collection.id, wish=first)
    _load(owner, source)
    fewer = SourceWish(first.name, LOADER, {"files": dict(list(FILES.items())[:1])}, repeat="daily")
    change_source(principal=owner, source_id=source.id, wish=fewer)
    _load(owner, source)
    return source.id


def _load(owner: Any, source: Any) -> None:
    """The platform's worker has brought what there is; without a sandbox it has said why not."""
    from altiplano.knowledge.domain.sources import load_source

    load_source(principal=owner, source_id=source.id)
    for _ in every(0.2, LOAD_SECONDS):
        source.refresh_from_db()
        if not source.is_under_way:
            return
    raise AssertionError("the source was never loaded")


if __name__ == "__main__":
    main(sys.argv[1])
