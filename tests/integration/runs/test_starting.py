"""A question is accepted, or refused with nothing stored."""

import uuid
from dataclasses import replace

import pytest

from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
)
from altiplano.kernel.models import Job, OrganizationLimits
from altiplano.runs.domain.quota import remaining_quota, take_runs
from altiplano.runs.domain.sampling import Sampling
from altiplano.runs.domain.starting import accept_runs, prepare_run, start_run
from altiplano.runs.models import DailyUsage, Run, RunState
from altiplano.serving.domain.endpoints import NoEndpointError
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.models import AppVersion
from tests.factories.runs import make_endpoint, publish_app
from tests.factories.studio import AppFactory, CollectionFactory

pytestmark = pytest.mark.django_db

ASK = "How long does compost take?"


@pytest.fixture
def endpoint(db):
    return make_endpoint()


@pytest.fixture
def app(alice, endpoint):
    return publish_app(alice.organization)


def nothing_was_stored() -> bool:
    used = sum(DailyUsage.unscoped.values_list("runs", flat=True))
    return not Run.unscoped.exists() and not Job.objects.exists() and used == 0


def test_a_run_is_pinned_counted_and_published_after_the_commit(
    alice, app, endpoint, published, django_capture_on_commit_callbacks
):
    collection = CollectionFactory(organization=alice.organization, index_generation=7)
    AppVersion.unscoped.filter(app=app).update(collection_ids=[str(collection.id)])
    app.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        run = start_run(
            principal=alice.principal,
            app=app,
            question=f" {ASK}\x00 ",
            history=[{"role": "user", "content": "Hi"}],
        )
        assert published == []
    run.refresh_from_db()
    assert (run.state, run.question, run.version) == (RunState.QUEUED, ASK, app.published_version)
    assert run.history == [{"role": "user", "content": "Hi"}]
    assert run.spec == {
        "pipeline": app.published_version.pipeline,
        "collections": [{"id": str(collection.id), "generation": 7}],
        "endpoint": str(endpoint.id),
        "rights": ["read", "run", "write"],
    }
    job = Job.objects.get(subject_id=run.id)
    assert (job.queue, job.max_attempts) == ("runs", 1)
    assert published == [("runs", "altiplano.runs.execute_run", str(job.id))]
    assert remaining_quota(alice.organization.id).runs_used == 1


def test_a_later_publication_does_not_change_a_run_under_way(alice, app):
    run = start_run(principal=alice.principal, app=app, question=ASK)
    app.draft_pipeline = {"stages": []}
    app.save()
    run.refresh_from_db()
    assert run.spec["pipeline"]["stages"]


def test_the_draft_and_other_versions_need_the_right_to_change_the_app(alice, vera, app):
    assert (
        start_run(principal=alice.principal, app=app, question=ASK, version="draft").version is None
    )
    assert (
        start_run(principal=alice.principal, app=app, question=ASK, version=1).version.number == 1
    )
    for version in ("draft", 1):
        with pytest.raises(NotAllowedError):
            start_run(principal=vera.principal, app=app, question=ASK, version=version)
    assert start_run(principal=vera.principal, app=app, question=ASK)
    with pytest.raises(NotFoundError):
        start_run(principal=alice.principal, app=app, question=ASK, version=99)


def test_a_key_without_the_scope_run_may_not_ask(alice, app):
    reader = replace(alice.principal, scopes=frozenset({"read", "write"}))
    with pytest.raises(NotAllowedError):
        start_run(principal=reader, app=app, question=ASK)
    assert nothing_was_stored()


def test_an_app_that_is_not_published_answers_409(alice, endpoint):
    with pytest.raises(ConflictError) as caught:
        start_run(
            principal=alice.principal,
            app=AppFactory(organization=alice.organization),
            question=ASK,
        )
    assert caught.value.code == "app_not_published"
    assert nothing_was_stored()


@pytest.mark.parametrize("question", ["", "x" * 100_000])
def test_questions_of_0_and_of_100_000_characters_are_refused(alice, app, question):
    with pytest.raises(InvalidInputError) as caught:
        start_run(principal=alice.principal, app=app, question=question)
    assert caught.value.status == 422
    assert nothing_was_stored()


def test_an_app_whose_collections_are_gone_says_so(alice, app):
    AppVersion.unscoped.filter(app=app).update(collection_ids=[str(uuid.uuid4())])
    app.refresh_from_db()
    with pytest.raises(InvalidInputError) as caught:
        start_run(principal=alice.principal, app=app, question=ASK)
    assert caught.value.code == "collections_gone"
    assert nothing_was_stored()


def test_a_foreign_collection_in_a_version_is_not_searched(alice, charlie, app):
    foreign = CollectionFactory(organization=charlie.organization)
    own = CollectionFactory(organization=alice.organization)
    AppVersion.unscoped.filter(app=app).update(collection_ids=[str(foreign.id), str(own.id)])
    app.refresh_from_db()
    run = start_run(principal=alice.principal, app=app, question=ASK)
    assert [row["id"] for row in run.spec["collections"]] == [str(own.id)]


def test_without_a_model_the_question_is_refused(alice, app):
    ModelEndpoint.objects.all().delete()
    with pytest.raises(NoEndpointError) as caught:
        start_run(principal=alice.principal, app=app, question=ASK)
    assert caught.value.status == 503
    assert nothing_was_stored()


def test_the_model_that_the_environment_names_is_used_and_kept_up_to_date(alice, app, settings):
    ModelEndpoint.objects.all().delete()
    settings.ENGINE_URL, settings.ENGINE_MODEL, settings.ENGINE_KEY = "http://e/v1/", "m", "k"
    first = start_run(principal=alice.principal, app=app, question=ASK)
    endpoint = ModelEndpoint.objects.get()
    assert (endpoint.base_url, endpoint.model) == ("http://e/v1", "m")
    assert first.spec["endpoint"] == str(endpoint.id)
    assert bytes(endpoint.sealed_key) != b"k"


def test_another_organizations_endpoint_does_not_answer(alice, charlie, app):
    foreign = ModelEndpoint.objects.create(
        organization=charlie.organization, name="Mine", base_url="http://x/v1", model="m"
    )
    AppVersion.unscoped.filter(app=app).update(endpoint=foreign)
    app.refresh_from_db()
    with pytest.raises(NoEndpointError):
        start_run(principal=alice.principal, app=app, question=ASK)


def test_the_quota_is_a_429_that_says_when_to_come_back(alice, app):
    OrganizationLimits.objects.create(organization=alice.organization, runs_per_day=2)
    for _ in range(2):
        start_run(principal=alice.principal, app=app, question=ASK)
    with pytest.raises(LimitReachedError) as caught:
        start_run(principal=alice.principal, app=app, question=ASK)
    assert (caught.value.status, caught.value.code) == (429, "limit_reached")
    assert 0 < caught.value.retry_after <= 86_400
    assert Run.unscoped.count() == 2
    assert remaining_quota(alice.organization.id).runs_left == 0


def test_the_quota_of_one_organization_leaves_the_others_alone(alice, charlie, app):
    OrganizationLimits.objects.create(organization=alice.organization, runs_per_day=0)
    assert take_runs(alice.organization.id, 1) == 0
    assert take_runs(charlie.organization.id, 1) == 1


def test_of_many_asked_together_as_many_pass_as_are_left(alice, app):
    OrganizationLimits.objects.create(organization=alice.organization, runs_per_day=3)
    runs = [prepare_run(principal=alice.principal, app=app, question=ASK) for _ in range(5)]
    errors = accept_runs(runs)
    assert [error is None for error in errors] == [True] * 3 + [False] * 2
    assert set(Run.unscoped.values_list("id", flat=True)) == {run.id for run in runs[:3]}
    assert Job.objects.count() == remaining_quota(alice.organization.id).runs_used == 3


def test_the_answers_length_can_be_shortened_and_not_lengthened(alice, app):
    def start(answer_tokens: int) -> Run:
        wishes = Sampling(answer_tokens=answer_tokens)
        return start_run(principal=alice.principal, app=app, question=ASK, sampling=wishes)

    assert start(10).spec["pipeline"]["answer_tokens"] == 10
    assert start(10_000).spec["pipeline"]["answer_tokens"] == 256


def test_a_clients_wishes_are_kept_with_the_run_beside_the_apps_own_stages(alice, app):
    wishes = Sampling(temperature=0.7, top_p=0.5, seed=7, stop=("END",))
    run = start_run(principal=alice.principal, app=app, question=ASK, sampling=wishes)
    run.refresh_from_db()
    assert run.spec["pipeline"] == {
        **app.published_version.pipeline,
        "temperature": 0.7,
        "top_p": 0.5,
        "seed": 7,
        "stop": ["END"],
    }
