"""The two statements that add up a window of the ledger by day, vocabulary, source and model version.

Relevant to a submitted answer is every tag that its document bears in the end, but for those that it bore before
without their being suggested. What exploration tried out counts in figures of its own. Answers of the shadow were
never shown and do not count. Blind answers, which the editor saw only after tagging, are kept apart and accept
nothing; interleaved ones, half of which is another version's, count as those of a version of their own.

An accepted tag that its document still bears counts as kept once the answer is old enough.

Parameters: `low` and `high` bound the ids of answers, `low` and `later` those of suggestions, which are made with them;
answers below `kept` are old enough.
"""

from recommender.ml.live_figures import ideal_gains, rank_discounts
from recommender.models.figures import (
    ABSTAIN_RATE,
    ADDED_RATE,
    CUTOFFS,
    KEPT_RATE,
    MRR,
    SUBMITTED_RATE,
    TRIAL_ACCEPTANCE,
)

INTERLEAVED = " (interleaved)"
"""Behind the version's name where a challenger has filled in half of the answer."""


def _array(values: "list[float]") -> str:
    return f"(ARRAY[{', '.join(map(repr, values))}]::float8[])"


_DISCOUNTS = _array(rank_discounts(max(CUTOFFS)).tolist())
_IDEAL = _array(ideal_gains(max(CUTOFFS)).tolist())

_DAY = "DATE '1970-01-01' + (('x' || translate(left(r.id::text, 13), '-', ''))::bit(48)::bigint / 86400000)::int"
"""The UTC day in a UUIDv7, whose first 48 bits are milliseconds since 1970 (RFC 9562)."""

_GROUP = "day, vocabulary_id, source_id, model_version, is_blind"

_ANSWERS = f"""
answer AS MATERIALIZED (
    SELECT r.id, {_DAY} AS day, r.vocabulary_id, coalesce(r.source_id, d.source_id) AS source_id,
        r.model_version || CASE WHEN r.policy = 'interleaved' THEN '{INTERLEAVED}' ELSE '' END AS model_version,
        r.policy = 'blind' AS is_blind, r.abstained, coalesce(o.status = 'submitted', false) AS is_submitted,
        o.final_tag_ids AS final, o.tag_ids_before AS before, d.id AS document_id,
        d.id IS NOT NULL AND r.id < %(kept)s AS is_settled
    FROM feedback_recommendation r
    LEFT JOIN feedback_outcome o
        ON o.recommendation_id = r.id AND o.recommendation_id >= %(low)s AND o.recommendation_id < %(high)s
    LEFT JOIN content_document d ON d.id = coalesce(o.document_id, r.document_id)
    WHERE r.id >= %(low)s AND r.id < %(high)s AND r.policy <> 'shadow'
), suggested AS MATERIALIZED (
    SELECT {_GROUP}, a.id, s.tag_id, s.rank, s.shown AND NOT a.is_blind AS shown, s.origin = 'exploration' AS tried,
        s.tag_id = ANY(a.final) AS chosen,
        a.is_settled AND s.tag_id = ANY(a.final) AND EXISTS (
            SELECT FROM content_tagassignment borne WHERE borne.document_id = a.document_id AND borne.tag_id = s.tag_id
        ) AS kept
    FROM answer a JOIN feedback_suggestion s ON s.recommendation_id = a.id AND s.id >= %(low)s AND s.id < %(later)s
    WHERE a.is_submitted
), added AS MATERIALIZED (
    SELECT DISTINCT {_GROUP}, a.id, final.tag_id
    FROM answer a CROSS JOIN LATERAL unnest(a.final) AS final(tag_id)
    WHERE a.is_submitted AND final.tag_id <> ALL(a.before)
        AND NOT EXISTS (SELECT FROM suggested s WHERE s.id = a.id AND s.tag_id = final.tag_id)
)"""  # noqa: S608

_UP_TO_K = f"""
    coalesce(bool_or(chosen AND rank <= {{k}} AND NOT tried), false)::int AS hit_{{k}},
    coalesce(sum({_DISCOUNTS}[rank]) FILTER (WHERE chosen AND rank <= {{k}} AND NOT tried), 0) AS gain_{{k}},
    count(*) FILTER (WHERE chosen AND shown AND rank <= {{k}} AND NOT tried) AS accepted_{{k}},
    count(*) FILTER (WHERE shown AND rank <= {{k}} AND NOT tried) AS shown_{{k}}"""

_JUDGED = f"""
list AS (
    SELECT id, {",".join(_UP_TO_K.format(k=k) for k in CUTOFFS)},
        coalesce(1.0 / min(rank) FILTER (WHERE chosen AND NOT tried), 0) AS reciprocal_rank,
        count(*) FILTER (WHERE tried AND shown) AS tried,
        count(*) FILTER (WHERE tried AND shown AND chosen) AS tried_accepted,
        count(*) FILTER (WHERE chosen) AS chosen,
        count(*) FILTER (WHERE chosen AND shown AND NOT tried) AS accepted,
        count(*) FILTER (WHERE kept AND shown AND NOT tried) AS kept
    FROM suggested GROUP BY id
), addition AS (
    SELECT id, count(*) AS added FROM added GROUP BY id
), judged AS (
    SELECT answer.*, list.*, coalesce(addition.added, 0) AS added,
        coalesce(list.chosen, 0) + coalesce(addition.added, 0) AS relevant
    FROM answer LEFT JOIN list ON list.id = answer.id LEFT JOIN addition ON addition.id = answer.id
)"""  # noqa: S608


def _values() -> str:
    """Figure, y, x and whether the answer has it, of one answer."""
    rows = [
        (ABSTAIN_RATE, "abstained::int", "1", "true"),
        (SUBMITTED_RATE, "is_submitted::int", "1", "true"),
        (ADDED_RATE, "added", "relevant", "relevant > 0 AND NOT is_blind"),
        (MRR, "coalesce(reciprocal_rank, 0)", "1", "relevant > 0"),
        (KEPT_RATE, "kept", "accepted", "is_settled AND accepted > 0 AND NOT is_blind"),
        (TRIAL_ACCEPTANCE, "tried_accepted", "tried", "tried > 0 AND NOT is_blind"),
    ]
    for k in CUTOFFS:
        rows += [
            (f"hit_rate_at_{k}", f"coalesce(hit_{k}, 0)", "1", "relevant > 0"),
            (f"ndcg_at_{k}", f"coalesce(gain_{k}, 0) / {_IDEAL}[least(relevant, {k})]", "1", "relevant > 0"),
            (f"acceptance_at_{k}", f"accepted_{k}", f"shown_{k}", f"shown_{k} > 0"),
        ]
    return ",\n".join(f"('{name}', ({y})::float8, ({x})::float8, {has})" for name, y, x, has in rows)


ADD_UP_FIGURES = f"""
WITH {_ANSWERS}, {_JUDGED}
INSERT INTO recommender_dailyfigure ({_GROUP}, figure, n, y, x, yy, xy, xx)
SELECT {_GROUP}, figure, count(*), sum(y), sum(x), sum(y * y), sum(x * y), sum(x * x)
FROM judged CROSS JOIN LATERAL (VALUES {_values()}) AS given(figure, y, x, has)
WHERE has
GROUP BY {_GROUP}, figure"""  # noqa: S608

ADD_UP_TAGS = f"""
WITH {_ANSWERS}, counted AS (
    SELECT {_GROUP}, tag_id, shown AND NOT tried AS shown, chosen AND NOT tried AS accepted, false AS added,
        tried AND shown AS tried
    FROM suggested
    UNION ALL
    SELECT {_GROUP}, tag_id, false, false, true, false FROM added
)
INSERT INTO recommender_dailytagcount ({_GROUP}, tag_id, shown, accepted, added, tried)
SELECT {_GROUP}, tag_id, count(*) FILTER (WHERE shown), count(*) FILTER (WHERE accepted),
    count(*) FILTER (WHERE added), count(*) FILTER (WHERE tried)
FROM counted
GROUP BY {_GROUP}, tag_id"""  # noqa: S608
