"""Addresses of the recommender under /api/v1/."""

from django.urls import path

from recommender.api import challenges, models_and_runs, recommendations, watching

urlpatterns = [
    path("recommendations", recommendations.Recommendations.as_view(), name="recommendations"),
    path("recommendations/batch", recommendations.RecommendationBatch.as_view(), name="recommendation-batch"),
    path(
        "recommendations/<str:recommendation_id>",
        recommendations.RecommendationById.as_view(),
        name="recommendation",
    ),
    path("models", models_and_runs.Models.as_view(), name="models"),
    path("models/aliases", models_and_runs.ModelAliases.as_view(), name="model-aliases"),
    path("models/aliases/champion", models_and_runs.Champion.as_view(), name="champion"),
    path("models/aliases/champion/rollback", models_and_runs.ChampionRollback.as_view(), name="champion-rollback"),
    path("models/aliases/challenger", challenges.Challenger.as_view(), name="challenger"),
    path("models/<str:model_id>/challenge", challenges.ModelChallenge.as_view(), name="model-challenge"),
    path("models/<str:model_id>", models_and_runs.ModelById.as_view(), name="model"),
    path("vocabularies/<str:vocabulary>/figures", watching.VocabularyFigures.as_view(), name="vocabulary-figures"),
    path("vocabularies/<str:vocabulary>/drift", watching.VocabularyDrift.as_view(), name="vocabulary-drift"),
    path("vocabularies/<str:vocabulary>/alerts", watching.VocabularyAlerts.as_view(), name="vocabulary-alerts"),
    path("training-runs", models_and_runs.TrainingRuns.as_view(), name="training-runs"),
    path("training-runs/<str:run_id>", models_and_runs.TrainingRunById.as_view(), name="training-run"),
    path(
        "training-runs/<str:run_id>/cancel",
        models_and_runs.TrainingRunCancel.as_view(),
        name="training-run-cancel",
    ),
]
