from pathlib import Path

from altiplano.ops import embedded_engine


def test_weights_are_found_without_importing_their_package():
    import sys

    path = embedded_engine.weights_path()

    assert path is not None
    assert path.stat().st_size > 50_000_000
    assert embedded_engine.WEIGHTS_PACKAGE not in sys.modules


def test_missing_weights_are_none(monkeypatch):
    monkeypatch.setattr(embedded_engine, "WEIGHTS_PACKAGE", "no_such_package_anywhere")

    assert embedded_engine.weights_path() is None


def test_engine_shares_no_prompt_between_those_who_ask():
    params = embedded_engine.engine_params(Path("/weights"), port=1, api_key="k")

    assert not params.cache_prompt
    assert not params.cache_idle_slots
    assert (params.cache_ram_mib, params.n_cache_reuse) == (0, 0)
    assert params.slot_prompt_similarity == 0.0


def test_engine_answers_this_machine_with_a_key_and_lists_nothing():
    params = embedded_engine.engine_params(Path("/weights"), port=1, api_key="k")

    assert list(params.hostnames) == ["127.0.0.1"]
    assert list(params.api_keys) == ["k"]
    assert [params.endpoint_slots, params.endpoint_props, params.endpoint_metrics] == [False] * 3
    assert params.ui is False


def test_each_slot_has_the_whole_context():
    params = embedded_engine.engine_params(Path("/weights"), port=1, api_key="k")

    assert params.n_ctx == params.n_parallel * embedded_engine.CONTEXT_TOKENS


def test_engine_leaves_cores_to_the_others(monkeypatch):
    for cores, threads in ((1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr(embedded_engine.os, "cpu_count", lambda cores=cores: cores)
        assert embedded_engine.engine_threads() == threads


def test_engine_without_weights_says_how_to_get_them(monkeypatch, capsys):
    monkeypatch.setattr(embedded_engine, "weights_path", lambda: None)

    assert embedded_engine.serve(1) == 1
    assert "ALTIPLANO_ENGINE_URL" in capsys.readouterr().err
