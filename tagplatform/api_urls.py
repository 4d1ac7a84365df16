"""The REST API, version 1, and what describes it. The order matters: an external id may contain slashes."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import cache_page
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from tagplatform.common.fallbacks import unknown_address

SCHEMA_KEPT_SECONDS = 3600

v1: list[URLPattern | URLResolver] = [
    path("", include("tagplatform.taxonomy.api.urls")),
    path("", include("feedback.api.urls")),
    path("", include("tagplatform.content.api.urls")),
    path("", include("recommender.api.urls")),
]

urlpatterns = [
    path("v1/", include((v1, "api"))),
    path("schema/", cache_page(SCHEMA_KEPT_SECONDS)(SpectacularAPIView.as_view()), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("<path:rest>", unknown_address),
    path("", unknown_address),
]
