"""What an operator allows one organization is what holds for it, everywhere, and for no other."""

import pytest
from django.db import IntegrityError, transaction

from altiplano.accounts.domain.tokens import authenticate_token
from altiplano.kernel.errors import LimitReachedError, NotAllowedError
from altiplano.kernel.limits import limits_of
from altiplano.kernel.models import OrganizationLimits
from altiplano.knowledge.domain.receiving import Upload, receive_documents
from altiplano.runs.limits import OpenStreams
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db


def test_without_a_row_the_platform_decides(alice, settings):
    settings.RUNS_PER_DAY, settings.STORAGE_BYTES, settings.STREAMS_PER_ORGANIZATION = 5, 6, 7
    limits = limits_of(alice.organization.id)
    assert (limits.runs_per_day, limits.storage_bytes, limits.streams) == (5, 6, 7)
    assert limits.allows_api
    assert limits.allows_public_apps


def test_empty_limit_is_the_platforms_and_zero_is_none_at_all(alice, settings):
    OrganizationLimits.objects.create(organization=alice.organization, runs_per_day=0)
    limits = limits_of(alice.organization.id)
    assert limits.runs_per_day == 0
    assert limits.streams == settings.STREAMS_PER_ORGANIZATION


def test_api_says_what_holds_and_what_is_left(alice, charlie):
    OrganizationLimits.objects.create(
        organization=alice.organization, runs_per_day=9, storage_bytes=1000
    )
    quota = alice.api.get("/api/v1/me").json()["quota"]
    assert (quota["runs_per_day"], quota["runs_left"]) == (9, 9)
    assert (quota["storage_bytes"], quota["storage_used"]) == (1000, 0)
    assert charlie.api.get("/api/v1/me").json()["quota"]["runs_per_day"] != 9


def test_storage_limit_refuses_the_file_that_does_not_fit(alice, tmp_path):
    OrganizationLimits.objects.create(organization=alice.organization, storage_bytes=4)
    path = tmp_path / "file"
    path.write_text("words")
    collection = CollectionFactory(organization=alice.organization)
    with pytest.raises(LimitReachedError) as caught:
        receive_documents(
            principal=alice.principal,
            collection_id=collection.id,
            uploads=[Upload(name="a.txt", path=path, size=5)],
        )
    assert caught.value.code == "storage_limit"


def test_answers_open_at_once_follow_the_organizations_own_limit(alice):
    OrganizationLimits.objects.create(organization=alice.organization, streams=1)
    streams, principal = OpenStreams(), authenticate_token(alice.key)
    streams.take(principal)
    with pytest.raises(LimitReachedError):
        streams.take(principal)


def test_api_switched_off_refuses_keys_and_not_people(alice, charlie):
    OrganizationLimits.objects.create(organization=alice.organization, allows_api=False)
    response = alice.api.get("/api/v1/me")
    assert response.status_code == NotAllowedError.status
    assert response.json()["code"] == "api_switched_off"
    assert alice.browser.get("/home/").status_code == 200
    assert charlie.api.get("/api/v1/me").status_code == 200


def test_limits_cost_a_key_no_query_of_their_own(alice, django_assert_num_queries):
    authenticate_token(alice.key)  # which notes the use of the key
    with django_assert_num_queries(1):
        assert authenticate_token(alice.key).limits.allows_api


def test_nobody_is_allowed_no_answer_at_all(alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganizationLimits.objects.create(organization=alice.organization, streams=0)
