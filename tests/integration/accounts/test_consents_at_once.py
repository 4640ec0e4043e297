"""A consent that is sent twice at the same moment is one; and tests may empty the guarded tables."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from altiplano.accounts.consent_models import Consent
from tests.cast import make_member
from tests.factories.accounts import OrganizationFactory
from tests.factories.legal import accept, publish_text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="the suite's SQLite database is in memory, where a lock fails instead of waiting",
)
def test_form_that_is_sent_twice_at_once_is_one_consent():
    alice = make_member(OrganizationFactory(), "owner", "Alice")
    version = publish_text()
    start = Barrier(4)

    def send() -> object:
        try:
            start.wait(10)
            return accept(alice.principal, version).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = {future.result(30) for future in [threads.submit(send) for _ in range(4)]}
    assert answers == {Consent.unscoped.get().pk}


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_without_the_consents_of_the_one_before(turn):
    assert not Consent.unscoped.exists()
    alice = make_member(OrganizationFactory(), "owner", "Alice")
    accept(alice.principal, publish_text())
    with pytest.raises(Exception, match="never rewritten"):
        Consent.unscoped.update(sha256=str(turn) * 64)
