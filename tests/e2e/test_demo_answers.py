"""The demo's obvious questions, put to the real embedded model: each answer's citation holds the fact.

A model of 135 million parameters garbles some answers; what a reader may rely on is that the cited
words of the documents are the ones that answer, in whichever language either is.
"""

import json
import re

import openai
import pytest
import requests

from tests.e2e.conftest import Platform

ANSWERED = [
    ("How long does compost take to mature?", r"six to twelve months"),
    ("How much water does a dripping tap waste?", r"20 litres a day"),
    ("How many books may a child borrow?", r"three books"),
    ("When is the harvest party?", r"last Friday of September"),
    ("Who leads the green team?", r"Lindqvist"),
    ("How much does an aerator cost?", r"4 euros"),
    ("How many litres does an old toilet flush?", r"9 litres"),
    ("Combien de grammes de nourriture sont jetés par élève ?", r"115 grammes"),
    ("Combien coûte l'installation de récupération d'eau de pluie ?", r"740 euros"),
    ("Combien de temps faut-il pour que le compost soit mûr ?", r"douze mois|twelve months"),
    ("L'eau de pluie est-elle potable ?", r"n'est pas potable"),
]
REFUSED = [
    "What is the capital of Australia?",
    "How much does the headmaster earn?",
    "When was the school founded?",
    "Quel est le numéro de téléphone de l'école ?",
    "Qui a gagné la coupe du monde en 1998 ?",
]


def ask(platform: Platform, question: str) -> dict:
    app = platform.demo["app"]
    run = platform.api("POST", f"/apps/{app}/runs", json={"input": question})
    assert run["state"] == "finished", run
    return run


@pytest.mark.parametrize(("question", "fact"), ANSWERED, ids=[each[0] for each in ANSWERED])
def test_obvious_question_is_answered_with_a_citation_that_holds_the_fact(platform, question, fact):
    run = ask(platform, question)
    assert not run["abstained"], run["answer"]
    assert any(re.search(fact, " ".join(each["quote"].split())) for each in run["citations"]), run
    for each in run["citations"]:
        text = platform.api("GET", f"/documents/{each['document_id']}/text")["text"]
        assert text[each["start"] : each["end"]] == each["quote"]


@pytest.mark.parametrize("question", REFUSED)
def test_question_that_the_documents_do_not_answer_is_refused(platform, question):
    run = ask(platform, question)
    assert run["abstained"], run["answer"]
    assert run["citations"] == []


QUOTED = "How much water does a dripping tap waste?"


def test_answer_that_was_replaced_says_that_it_quotes_and_the_trace_says_why(platform):
    run = ask(platform, QUOTED)
    assert run["answer"].startswith("The documents say: “")
    (citation,) = run["citations"]
    assert run["answer"].endswith(f"“{citation['quote']}”")

    events = streamed(platform, f"/apps/{platform.demo['app']}/runs")
    finished = next(each for each in events if each["type"] == "answer.finished")
    assert (finished["text"], finished["replaced"]) == (run["answer"], True)
    check = next(e for e in events if e["type"] == "stage.finished" and e["plugin"] == "citations")
    assert check["detail"]["action"] == "replace"
    assert "replaced by the sentence" in check["detail"]["reason"]


def test_openai_client_gets_the_replaced_answer_and_not_both(platform):
    asked: dict = {
        "model": f"{platform.demo['organization']}/{platform.demo['app_slug']}",
        "messages": [{"role": "user", "content": QUOTED}],
        "temperature": 0,
    }
    client = openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.demo["api_key"])
    with client:
        whole = client.chat.completions.create(**asked).choices[0].message.content
        *_, last = client.chat.completions.create(**asked, stream=True)
    assert whole.startswith("The documents say: “A tap that drips")
    assert last.model_extra["answer"] == whole


def streamed(platform: Platform, path: str) -> list[dict]:
    response = requests.post(
        f"{platform.url}/api/v1{path}",
        headers={"Authorization": f"Bearer {platform.demo['api_key']}"},
        json={"input": QUOTED, "stream": True},
        timeout=120,
    )
    lines = response.content.decode().splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]
