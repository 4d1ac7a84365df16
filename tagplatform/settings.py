"""Every setting, read from the environment; what is absent falls back to the embedded services."""

import logging
import secrets
from pathlib import Path

import environ
from celery.schedules import crontab
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from tagplatform.api_description import API_DESCRIPTION, API_TAGS
from tagplatform.common.stores import storage_of
from tagplatform.launcher.embedded import embedded_database_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("TAGPLATFORM_VAR", default=str(BASE_DIR / "var"))).resolve()
BUNDLES_DIR = Path(env.str("BUNDLES_DIR", default=str(VAR_DIR / "bundles")))
# A folder or s3://bucket/prefix that machines share; empty: bundles stay in BUNDLES_DIR
BUNDLES_STORE: str = env.str("BUNDLES_STORE", default="")
BUNDLES_CACHE_DIR = Path(env.str("BUNDLES_CACHE_DIR", default=str(VAR_DIR / "bundle-cache")))
BUNDLES_CACHE_MB = env.int("BUNDLES_CACHE_MB", default=5000)  # copies of one machine, together


def _secret_key() -> str:
    """The key from the environment, or one made once and kept in var/secret_key."""
    given: str = env.str("SECRET_KEY", default="")
    if given:
        return given
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # former keys that still read
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "tagplatform.common",
    "tagplatform.imports",
    "tagplatform.taxonomy",
    "tagplatform.content",
    "tagplatform.access",
    "feedback",
    "recommender",
    "tagplatform.desk",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tagplatform.access.middleware.RateLimitHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tagplatform.common.content_policy.ContentPolicy",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "tagplatform.urls"
WSGI_APPLICATION = "tagplatform.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The database: DATABASE_URL, or the embedded server under var/

DATABASE_URL: str = env.str("DATABASE_URL", default="") or embedded_database_url(VAR_DIR / "postgres")
DATABASES = {
    "default": {
        **env.db_url_config(DATABASE_URL),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL: str = env.str("CACHE_URL", default="")
CACHES = {"default": env.cache_url_config(CACHE_URL or "locmemcache://")}

# People

AUTH_USER_MODEL = "access.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk:home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = "tagplatform.common.formats"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "recommender.audit.static_files.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STORAGES |= {"bundles": storage_of(BUNDLES_STORE)} if BUNDLES_STORE else {}
WHITENOISE_MANIFEST_STRICT = False
MEDIA_ROOT = VAR_DIR / "media"

# The API

MAX_REQUEST_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
API_RATE_PER_KEY = env.str("API_RATE_PER_KEY", default="1200/minute")
API_IDEMPOTENCY = "tagplatform.access.idempotency.answer_once"

METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
METRICS_COLLECTORS = ["recommender.watching.prometheus.LiveGauges"]
READINESS_CHECKS = {
    "database": "tagplatform.common.health.database_answers",
    "migrations": "tagplatform.common.health.migrations_applied",
    "ledger_partitions": "feedback.health.partitions_made_in_time",
    "models": "recommender.health.champions_loaded",
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tagplatform.access.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tagplatform.access.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tagplatform.common.parsers.LimitedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "tagplatform.common.pagination.NewestFirst",
    "DEFAULT_THROTTLE_CLASSES": ["tagplatform.access.throttles.PerKeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "tagplatform.common.openapi.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "tagplatform.common.problems.problem_response",
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Tag platform API",
    "DESCRIPTION": API_DESCRIPTION,
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "TAGS": API_TAGS,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "TagStatus": "tagplatform.taxonomy.models.Tag.Status",
        "LabelKind": "tagplatform.taxonomy.models.TagLabel.Kind",
        "SelectionMode": "tagplatform.taxonomy.models.Vocabulary.SelectionMode",
        "ProposalState": "tagplatform.taxonomy.models.TagProposal.State",
        "OutcomeStatus": "feedback.models.Outcome.Status",
        "DecisionKind": "feedback.models.Decision.Kind",
        "SuggestionOrigin": "feedback.models.Suggestion.Origin",
        "Recipe": "recommender.models.recipe_choices",
        "ModelStatus": "recommender.models.ModelVersion.Status",
        "ModelAliasName": "recommender.models.ModelAlias.Name",
        "TrainingState": "recommender.models.TrainingRun.State",
        "TrainingTrigger": "recommender.models.TrainingRun.Trigger",
        "TrainingKind": "recommender.models.TrainingRun.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tagplatform.common.openapi.complete",
    ],
}

# Celery: the broker is CELERY_BROKER_URL, or tables in the same database

QUEUE_PREFIX = env.str("QUEUE_PREFIX", default="")  # keeps installations apart that share one broker
TRAINING_QUEUE = f"{QUEUE_PREFIX}training"


def _broker_on_the_database(database_url: str) -> str:
    return "sqla+postgresql+psycopg://" + database_url.split("://", 1)[1]


CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default="") or _broker_on_the_database(DATABASE_URL)
if CELERY_BROKER_URL.startswith("redis"):  # the others notice by themselves that a worker is gone
    _visibility_timeout = env.int("REDIS_VISIBILITY_TIMEOUT_SECONDS", default=3600)
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": _visibility_timeout}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = f"{QUEUE_PREFIX}default"
CELERY_TASK_ROUTES = {"recommender.tasks.train": {"queue": TRAINING_QUEUE}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "ledger partitions ahead": {
        "task": "feedback.tasks.make_partitions_ahead",
        "schedule": crontab(hour=2, minute=10),
    },
    "comparisons by interleaving": {"task": "recommender.tasks.conclude_comparisons", "schedule": 60.0},
    "stalled training runs": {"task": "recommender.tasks.recover_stalled_runs", "schedule": 30.0},
    "monthly entry of every vocabulary": {"task": "recommender.tasks.schedule_retraining", "schedule": 600.0},
    "scheduled runs that could not start": {
        "task": "recommender.tasks.make_up_for_missed_runs",
        "schedule": 300.0,
        "options": {"expires": 300.0},  # while no worker is there, one such message waits and not many
    },
    "documents past their day": {
        "task": "tagplatform.content.tasks.erase_documents_past_their_day",
        "schedule": crontab(hour=3, minute=10),
    },
    "erased documents in data snapshots": {
        "task": "recommender.tasks.erase_from_snapshots",
        "schedule": crontab(hour=3, minute=40),
    },
    "shadow answers past their days": {
        "task": "recommender.tasks.forget_old_shadow_answers",
        "schedule": crontab(hour=3, minute=50),
    },
    "figures of the last days": {
        "task": "recommender.watching.tasks.add_up_recent_days",
        "schedule": crontab(minute=5),
    },
    "figures of late outcomes": {
        "task": "recommender.watching.tasks.add_up_late_outcomes",
        "schedule": crontab(hour=1, minute=35),
    },
    "alert rules": {"task": "recommender.watching.tasks.evaluate_rules", "schedule": crontab(minute=15)},
    "alert messages": {"task": "recommender.watching.tasks.deliver_due", "schedule": 60.0},
    "drift": {"task": "recommender.watching.tasks.check_drift_of_all", "schedule": crontab(hour=2, minute=25)},
    "expired idempotency keys": {
        "task": "tagplatform.access.tasks.forget_expired_idempotency_keys",
        "schedule": crontab(minute=20),
    },
}

# Training

TRAINING_THREADS = env.int("TRAINING_THREADS", default=2)
TRAINING_STALLED_AFTER_SECONDS = env.int("TRAINING_STALLED_AFTER_SECONDS", default=60)
TRAINING_HEARTBEAT_SECONDS = min(5.0, TRAINING_STALLED_AFTER_SECONDS / 4)
TRAINING_MAX_ATTEMPTS = env.int("TRAINING_MAX_ATTEMPTS", default=3)
TRAINING_MEMORY_MB = env.int("TRAINING_MEMORY_MB", default=0)  # of each process of a training; 0: as much as there is
SNAPSHOTS_KEPT = env.int("SNAPSHOTS_KEPT", default=6)  # newest data snapshots of each vocabulary
BUNDLES_KEPT = env.int("BUNDLES_KEPT", default=3)  # former champions, and newest versions, of each vocabulary
TRAINING_TIME_LIMIT_SECONDS = env.int("TRAINING_TIME_LIMIT_SECONDS", default=6 * 3600)

# Serving

CHAMPION_CHECK_SECONDS = env.float("CHAMPION_CHECK_SECONDS", default=1.0)  # how often a web process looks for a new one

# Watching

WATCHING_LATE_DAYS = env.int("WATCHING_LATE_DAYS", default=35)  # outcomes come in for so long after the answer

# Alerts: mails go to a server, or as files to var/mail where none is set

SITE_URL = env.str("SITE_URL", default="").rstrip("/")  # begins the links in mails
WEBHOOKS_TO_PRIVATE_ADDRESSES = env.bool("WEBHOOKS_TO_PRIVATE_ADDRESSES", default=False)
EMAIL_BACKEND, EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(VAR_DIR / "mail")
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="tag-platform@localhost")

# Transport security: on when the site is served over HTTPS

if env.bool("HTTPS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
# Asked from inside over HTTP: by the launcher, an orchestrator, Prometheus
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True

UNFOLD = {
    "SITE_TITLE": _("Tag platform"),
    "SITE_HEADER": _("Tag platform"),
    "SITE_SYMBOL": "sell",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% 0.014 183)",
            "100": "oklch(94% 0.035 183)",
            "200": "oklch(88% 0.06 183)",
            "300": "oklch(79% 0.085 183)",
            "400": "oklch(68% 0.095 183)",
            "500": "oklch(58% 0.09 183)",
            "600": "oklch(47.5% 0.08 183)",
            "700": "oklch(41% 0.07 183)",
            "800": "oklch(35% 0.057 183)",
            "900": "oklch(30% 0.046 183)",
            "950": "oklch(22% 0.035 183)",
        },
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("site/mark.svg")},
    ],
    "STYLES": [lambda request: static("audit/admin.css")],
    "DASHBOARD_CALLBACK": "recommender.admin.dashboard.dashboard",
    "SIDEBAR": {"navigation": "recommender.admin.navigation.sidebar"},
}

PROMETHEUS_EXPORT_MIGRATIONS = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        "tagplatform": {"level": "INFO"},
        "recommender": {"level": "INFO"},
        "feedback": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # what callers did wrong is told to them, not to the terminal
    },
}
logging.captureWarnings(True)
