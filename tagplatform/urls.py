"""Which address leads where."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from tagplatform.common.health import healthz, readyz
from tagplatform.common.metrics import metrics
from tagplatform.desk.catalog import javascript_catalog

handler400 = "tagplatform.common.fallbacks.bad_request"
handler403 = "tagplatform.common.fallbacks.forbidden"
handler404 = "tagplatform.common.fallbacks.not_found"
handler500 = "tagplatform.common.fallbacks.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/", include("tagplatform.api_urls")),
    path("admin/audit/", include("recommender.audit.urls")),
    path("admin/watching/", include("recommender.watching.urls")),
    path("admin/", admin.site.urls),
    path("sign-in/", LoginView.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("desk/texts.js", javascript_catalog, name="javascript-catalog"),
    path("", include("tagplatform.desk.urls")),
]
