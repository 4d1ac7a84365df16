"""Which address leads where."""

from django.contrib import admin
from django.urls import include, path

from tagplatform.common.health import healthz, readyz
from tagplatform.common.metrics import metrics

handler400 = "tagplatform.common.fallbacks.bad_request"
handler403 = "tagplatform.common.fallbacks.forbidden"
handler404 = "tagplatform.common.fallbacks.not_found"
handler500 = "tagplatform.common.fallbacks.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/", include("tagplatform.api_urls")),
    path("admin/", admin.site.urls),
]
