"""Searching one generation of a tantivy directory."""

from collections.abc import Iterable
from pathlib import Path

import tantivy

import altiplano_sdk as sdk
from altiplano_plugins.index_tantivy.analysis import QueryTerm, analyze_question
from altiplano_plugins.index_tantivy.languages import OTHER, STEMMED
from altiplano_plugins.index_tantivy.writing import ID, LANGUAGE, TERMS, schema

_LONGEST_QUESTION = 20_000


class OpenTantivyIndex:
    """A searcher bound to the segments that its directory had when it was opened."""

    def __init__(self, directory: Path, *, query_terms: int) -> None:
        index = tantivy.Index.open(str(directory))
        self._schema = schema()
        self._searcher = index.searcher()
        self._query_terms = query_terms
        self._keys = tuple(
            key for key in (*STEMMED, OTHER) if self._searcher.doc_freq(LANGUAGE, key)
        )

    @property
    def count(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, query: sdk.IndexQuery) -> tuple[sdk.IndexHit, ...]:
        """Best first, ties by id. A question without a word of the documents finds nothing.

        The question is never parsed as a query language: its words become term queries.
        """
        if query.k < 1 or not self._keys:
            return ()
        wanted = self._wanted_terms(query.text)
        if not wanted:
            return ()
        clauses = [(tantivy.Occur.Should, self._term_query(term)) for term in wanted]
        if query.excluded:
            excluded = tantivy.Query.term_set_query(self._schema, ID, list(query.excluded))
            clauses.append((tantivy.Occur.MustNot, excluded))
        hits = self._searcher.search(
            tantivy.Query.boolean_query(clauses), limit=query.k, count=False
        ).hits
        ids = self._searcher.fast_field_values(ID, [address for _, address in hits])
        found = (
            sdk.IndexHit(chunk_id=int(chunk_id), score=float(score))
            for chunk_id, (score, _) in zip(ids, hits, strict=True)
            if chunk_id is not None
        )
        return tuple(sorted(found, key=lambda hit: (-hit.score, hit.chunk_id)))

    def close(self) -> None:
        """Nothing to release at once: mapped files go with the last reference."""

    def _wanted_terms(self, text: str) -> list[QueryTerm]:
        """The question's terms that occur at all, at most ``query_terms`` of the rarest stems."""
        terms = analyze_question(text[:_LONGEST_QUESTION], self._keys)
        stems = self._rarest(terms.stems)
        return stems + self._rarest(terms.companions) if stems else []

    def _rarest(self, terms: Iterable[QueryTerm]) -> list[QueryTerm]:
        ranked = []
        for term in terms:
            known = {
                variant: frequency
                for variant in term.variants
                if (frequency := self._searcher.doc_freq(TERMS, variant))
            }
            if known:
                ranked.append((min(known.values()), QueryTerm(tuple(known), term.weight)))
        ranked.sort(key=lambda pair: (pair[0], pair[1].variants))
        return [term for _, term in ranked[: self._query_terms]]

    def _term_query(self, term: QueryTerm) -> tantivy.Query:
        queries = [
            tantivy.Query.term_query(self._schema, TERMS, variant, index_option="freq")
            for variant in term.variants
        ]
        # Forms of one word in several languages count once, by the form that scores best.
        query = queries[0] if len(queries) == 1 else tantivy.Query.disjunction_max_query(queries)
        return query if term.weight == 1.0 else tantivy.Query.boost_query(query, term.weight)
