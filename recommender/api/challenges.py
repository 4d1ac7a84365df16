"""The challenger over HTTP: put up, withdraw, and what trying a version has shown."""

import math
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.api import examples, model_shapes
from recommender.api.presenters import present_interval, present_model
from recommender.challengers import put_up_challenger, withdraw_challenger
from recommender.comparing import winners_of
from recommender.ml.interleaving import Standing
from recommender.ml.metrics import Interval
from recommender.ml.shadow_figures import Compared
from recommender.models import Interleaving, ModelAlias, ModelVersion
from recommender.selectors import find_model_version
from recommender.shadows import ShadowReport, shadow_report
from tagplatform.common.api import ApiView, actor_of, body_of, id_in_path, query_of
from tagplatform.common.ids import format_public_id
from tagplatform.common.scopes import Scope
from tagplatform.taxonomy.selectors import find_vocabulary

MODELS = ["Models"]
PUT_UP_OVER_API = "put up over the API"
MOST_COMPARISONS = 10
WITHDRAWN_OVER_API = "withdrawn over the API"


class Challenger(ApiView):
    """Put up and withdraw."""

    write_scope = Scope.MODELS_WRITE

    @extend_schema(
        operation_id="put_up_challenger",
        tags=MODELS,
        summary="Try a model version beside the champion",
        request=model_shapes.PromoteRequest,
        responses=model_shapes.ModelShape,
        examples=[examples.PROMOTE_REQUEST, examples.MODEL],
    )
    def put(self, request: Request) -> Response:
        """Make this version the challenger of its vocabulary, in the place of whichever is tried now.

        It answers a share of the live requests in the background; nobody sees these answers. 409 where the bundle
        cannot be opened, or where the version is the champion.
        """
        body = body_of(request, model_shapes.PromoteRequest)
        public_id = format_public_id(ModelVersion.id_prefix, body["model"])
        version = find_model_version(public_id)
        put_up_challenger(version=version, actor=actor_of(request), reason=body["reason"] or PUT_UP_OVER_API)
        return Response(present_model(find_model_version(public_id)))

    @extend_schema(
        operation_id="withdraw_challenger",
        tags=MODELS,
        summary="Try nothing beside the champion any more",
        parameters=[model_shapes.WithdrawRequest],
        responses=model_shapes.ModelShape,
        examples=[examples.MODEL],
    )
    def delete(self, request: Request) -> Response:
        """Withdraw the vocabulary's challenger; what was measured stays. 409 where there is none."""
        query = query_of(request, model_shapes.WithdrawRequest)
        version = withdraw_challenger(
            vocabulary=find_vocabulary(query.get("vocabulary")),
            actor=actor_of(request),
            reason=query["reason"] or WITHDRAWN_OVER_API,
        )
        return Response(present_model(find_model_version(version.public_id)))


class ModelChallenge(ApiView):
    """What trying a version has shown."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="get_model_challenge",
        tags=MODELS,
        summary="Read how a version did beside the champion",
        responses=model_shapes.ChallengeShape,
        examples=[examples.CHALLENGE],
    )
    def get(self, request: Request, model_id: str) -> Response:
        """Figures of the version as a challenger, each with its interval, also after it is withdrawn.

        They stand on the newest shadow answers, at most 2,000, no older than the challenge policy keeps them.
        """
        id_in_path(ModelVersion.id_prefix, model_id)
        version = find_model_version(model_id)
        report = shadow_report(version)
        return Response(
            {
                "model": {"id": version.public_id, "name": version.name},
                "is_challenger": any(alias.name == ModelAlias.Name.CHALLENGER for alias in version.aliases.all()),
                "shadow": None if report is None else _present_shadow(report),
                "comparisons": [
                    _present_comparison(each)
                    for each in version.interleavings.select_related("champion__vocabulary")[:MOST_COMPARISONS]
                ],
            }
        )


def _present_shadow(report: ShadowReport) -> dict[str, Any]:
    figures = report.figures
    return {
        "champion": report.champion,
        "since": report.since,
        "n_texts": figures.n,
        "n_blind": figures.n_blind,
        **{f"agreement_at_{k}": present_interval(interval) for k, interval in figures.agreement.items()},
        "rank_biased_overlap": present_interval(figures.overlap),
        "seconds": _present_compared(figures.seconds),
        "ndcg_at_5": _present_compared(figures.ndcg),
        "acceptance_at_5": _present_compared(figures.acceptance),
    }


def _present_comparison(comparison: Interleaving) -> dict[str, Any]:
    standing = Standing.of(winners_of(comparison))
    bounds, n_decided = standing.bounds(comparison.alpha), standing.n_decided
    won = Interval(standing.n_challenger / n_decided if n_decided else math.nan, *bounds)
    return {
        "id": comparison.public_id,
        "champion": comparison.champion.name,
        "state": comparison.state,
        "reason": comparison.reason,
        "share": comparison.share,
        "alpha": comparison.alpha,
        "most_documents": comparison.most_documents,
        "n_won": standing.n_challenger,
        "n_lost": standing.n_champion,
        "n_draws": standing.n_draws,
        "share_won": present_interval(won),
        "preference": round(standing.preference, 6) if standing.n_documents else None,
        "started_at": comparison.created_at,
        "ended_at": comparison.ended_at,
    }


def _present_compared(compared: Compared | None) -> dict[str, Any] | None:
    if compared is None:
        return None
    return {name: present_interval(getattr(compared, name)) for name in ("champion", "challenger", "difference")}
