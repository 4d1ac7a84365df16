"""Models and training runs over HTTP: what answers now, what was trained, train, promote, roll back."""

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.api import examples, model_shapes
from recommender.api.presenters import present_alias, present_model, present_run, present_run_detail
from recommender.models import ModelAlias, ModelVersion, TrainingRun
from recommender.promotion import promote_version, roll_back
from recommender.runs import cancel_training, request_training
from recommender.selectors import find_model_version, find_training_run, model_versions, training_runs
from recommender.tasks import train
from tagplatform.common.api import ApiView, PagedView, actor_of, answered_once, body_of, id_in_path, query_of
from tagplatform.common.fields import QuerySerializer
from tagplatform.common.ids import format_public_id
from tagplatform.common.scopes import Scope
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary

MODELS = ["Models"]
RUNS = ["Training runs"]
PROMOTED_OVER_API = "promoted over the API"
ROLLED_BACK_OVER_API = "rolled back over the API"


def _optional_vocabulary(reference: str | None) -> Vocabulary | None:
    return find_vocabulary(reference) if reference else None


class Models(PagedView):
    """Model versions."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="list_models",
        tags=MODELS,
        summary="List model versions",
        parameters=[model_shapes.VocabularyQuery],
        responses=model_shapes.ModelShape(many=True),
        examples=[examples.MODEL],
    )
    def get(self, request: Request) -> Response:
        """Model versions with their metrics, newest first."""
        query = self.filters(model_shapes.VocabularyQuery)
        rows = self.page(model_versions(_optional_vocabulary(query.get("vocabulary"))))
        return self.answer([present_model(row) for row in rows])


class ModelById(ApiView):
    """One model version."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="get_model",
        tags=MODELS,
        summary="Read a model version",
        responses=model_shapes.ModelShape,
        examples=[examples.MODEL],
    )
    def get(self, request: Request, model_id: str) -> Response:
        """What it was trained on and how good it is."""
        id_in_path(ModelVersion.id_prefix, model_id)
        return Response(present_model(find_model_version(model_id)))


class ModelAliases(ApiView):
    """Which versions answer."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="list_model_aliases",
        tags=MODELS,
        summary="List the aliases",
        responses=model_shapes.AliasesAnswer,
        examples=[examples.ALIASES],
    )
    def get(self, request: Request) -> Response:
        """For every vocabulary the version that answers (champion) and the one that is tried beside it."""
        query_of(request, QuerySerializer)
        aliases = ModelAlias.objects.select_related("vocabulary", "version").order_by("vocabulary__slug", "name")
        return Response({"results": [present_alias(alias) for alias in aliases]})


class Champion(ApiView):
    """Promote."""

    write_scope = Scope.MODELS_WRITE

    @extend_schema(
        operation_id="promote_model",
        tags=MODELS,
        summary="Promote a model version",
        request=model_shapes.PromoteRequest,
        responses=model_shapes.ModelShape,
        examples=[examples.PROMOTE_REQUEST, examples.MODEL],
    )
    def put(self, request: Request) -> Response:
        """Make this version the champion of its vocabulary; every web process serves it within seconds.

        A version that did not pass its gate needs a reason; 409 where the bundle cannot be opened.
        """
        body = body_of(request, model_shapes.PromoteRequest)
        public_id = format_public_id(ModelVersion.id_prefix, body["model"])
        promote_version(
            version=find_model_version(public_id),
            actor=actor_of(request),
            reason=body["reason"],
            usual_reason=PROMOTED_OVER_API,
        )
        return Response(present_model(find_model_version(public_id)))


class ChampionRollback(ApiView):
    """Roll back."""

    write_scope = Scope.MODELS_WRITE

    @extend_schema(
        operation_id="roll_back_model",
        tags=MODELS,
        summary="Roll back to the champion before",
        request=model_shapes.RollBackRequest,
        responses=model_shapes.ModelShape,
        examples=[examples.ROLL_BACK_REQUEST, examples.MODEL],
    )
    @answered_once()
    def post(self, request: Request) -> Response:
        """Make the last former champion that can be opened champion again; 409 where there is none."""
        body = body_of(request, model_shapes.RollBackRequest)
        version = roll_back(
            vocabulary=find_vocabulary(body.get("vocabulary")),
            actor=actor_of(request),
            reason=body["reason"] or ROLLED_BACK_OVER_API,
        )
        return Response(present_model(find_model_version(version.public_id)))


class TrainingRuns(PagedView):
    """Attempts to make a model version."""

    read_scope = Scope.MODELS_READ
    write_scope = Scope.MODELS_WRITE

    @extend_schema(
        operation_id="list_training_runs",
        tags=RUNS,
        summary="List training runs",
        parameters=[model_shapes.RunQuery],
        responses=model_shapes.RunShape(many=True),
        examples=[examples.RUN],
    )
    def get(self, request: Request) -> Response:
        """Training runs without their logs, newest first."""
        query = self.filters(model_shapes.RunQuery)
        found = training_runs(_optional_vocabulary(query.get("vocabulary"))).defer("log_tail", "report")
        if "state" in query:
            found = found.filter(state=query["state"])
        return self.answer([present_run(run) for run in self.page(found)])

    @extend_schema(
        operation_id="start_training",
        tags=RUNS,
        summary="Train now",
        request=model_shapes.RunRequest,
        responses={202: model_shapes.RunDetail},
        examples=[examples.RUN_REQUEST, examples.RUN_DETAIL],
    )
    @answered_once()
    def post(self, request: Request) -> Response:
        """Queue a training run; 409 while one of this vocabulary is active. Follow it by its id."""
        body = body_of(request, model_shapes.RunRequest)
        run = request_training(
            vocabulary=find_vocabulary(body.get("vocabulary")),
            trigger=TrainingRun.Trigger.API,
            requested_by=actor_of(request),
            recipe=body.get("recipe"),
            kind=body.get("kind", ""),
        )
        transaction.on_commit(lambda: train.delay(str(run.pk)), robust=True)
        return Response(present_run_detail(run), status=202)


class TrainingRunById(ApiView):
    """One training run."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="get_training_run",
        tags=RUNS,
        summary="Read a training run",
        responses=model_shapes.RunDetail,
        examples=[examples.RUN_DETAIL],
    )
    def get(self, request: Request, run_id: str) -> Response:
        """Where it stands, its report, and the end of its log."""
        id_in_path(TrainingRun.id_prefix, run_id)
        return Response(present_run_detail(find_training_run(run_id)))


class TrainingRunCancel(ApiView):
    """Cancel a training run."""

    write_scope = Scope.MODELS_WRITE

    @extend_schema(
        operation_id="cancel_training_run",
        tags=RUNS,
        summary="Cancel a training run",
        request=None,
        responses=model_shapes.RunDetail,
        examples=[examples.RUN_DETAIL],
    )
    @answered_once()
    def post(self, request: Request, run_id: str) -> Response:
        """A queued run ends at once, a running one at its next step; 409 where it has ended already."""
        id_in_path(TrainingRun.id_prefix, run_id)
        cancel_training(run=find_training_run(run_id))
        return Response(present_run_detail(find_training_run(run_id)))
