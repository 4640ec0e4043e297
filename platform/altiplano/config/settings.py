"""All settings of the portal and the workers, in titled blocks, read once from the environment.

What an organization may change lives in the database, not here.
"""

from pathlib import Path

from altiplano.config import env

# --- Places -----------------------------------------------------------------------------------

REPOSITORY = Path(__file__).resolve().parents[3]
HOME = env.read_path("HOME", Path.cwd() / "var")
BLOB_ROOT = HOME / "blobs"
INDEX_ROOT = HOME / "indexes"
UPLOAD_ROOT = HOME / "uploads"
PICTURE_ROOT = HOME / "pictures"  # a cache
PLUGIN_ROOT = HOME / "plugins"  # a cache: packages unpacked for the workers
UPLOAD_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)  # Django checks that it is there

# --- Safety -----------------------------------------------------------------------------------

DEBUG = env.read_bool("DEBUG", default=False)
SECRET_KEY = env.read_secret("SECRET_KEY")
if not SECRET_KEY:
    _key_file = HOME / "secret_key"
    if not _key_file.exists():
        raise env.SettingError(
            "ALTIPLANO_SECRET_KEY is not set. `altiplano up` makes one; elsewhere set it yourself "
            "to 50 random characters or name a file in ALTIPLANO_SECRET_KEY_FILE."
        )
    SECRET_KEY = _key_file.read_text(encoding="utf-8").strip()
PUBLIC_URL = env.read_str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.read_list("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "altiplano.accounts.session_store"
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
METRICS_TOKEN = env.read_secret("METRICS_TOKEN")

# --- Application ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "altiplano.web",
    "altiplano.kernel",
    "altiplano.accounts",
    "altiplano.knowledge",
    "altiplano.catalog",
    "altiplano.serving",
    "altiplano.studio",
    "altiplano.runs",
    "altiplano.challenges",
    "altiplano.ops",
    "unfold.apps.BasicAppConfig",
    "altiplano.ops.apps.DashboardConfig",
    "hijack",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "altiplano.web.middleware.security_headers",
    "altiplano.web.middleware.compressed_pages",
    "altiplano.runs.interfaces.mcp.border.refuse_foreign_pages",
    "altiplano.config.middleware.program_errors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "altiplano.accounts.interfaces.language.remembered_language",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "altiplano.ops.interfaces.stand_in.leave_their_keys_alone",
    "altiplano.web.middleware.domain_error_pages",
]
ROOT_URLCONF = "altiplano.config.urls"
ASGI_APPLICATION = "altiplano.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "altiplano.accounts.interfaces.context.workplace",
                "altiplano.ops.interfaces.context.operation",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"

# --- Database ---------------------------------------------------------------------------------

DATABASES = {"default": env.read_database("DATABASE_URL", f"sqlite:///{HOME / 'db.sqlite3'}")}

DATABASE_THREADS = True  # see kernel/database_threads.py

# --- Broker, streams, cache -------------------------------------------------------------------

REDIS_URL = env.read_secret("REDIS_URL", "redis://127.0.0.1:6379/0")
JOB_PUBLISHER = "altiplano.config.celery.publish_job_soon"
CACHES = {
    # Counts of failed sign-ins, of all processes together; its keys live for minutes.
    "default": {
        "BACKEND": "altiplano.kernel.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "altiplano.cache",
    },
    # What every page asks for, a few seconds old at most.
    "near": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "near"},
}

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "studio:home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_ADAPTER = "altiplano.accounts.interfaces.adapter.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "altiplano.accounts.interfaces.sign_in_forms.SignInForm",
    "signup": "altiplano.accounts.interfaces.sign_in_forms.SignUpForm",
    "reset_password": "altiplano.accounts.interfaces.sign_in_forms.ForgottenPasswordForm",
    "reset_password_from_key": "altiplano.accounts.interfaces.sign_in_forms.NewPasswordForm",
    "change_password": "altiplano.accounts.interfaces.sign_in_forms.ChangePasswordForm",
}
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "altiplano.accounts.interfaces.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "altiplano.accounts.interfaces.sign_in_forms.AddKeyForm",
    "authenticate_webauthn": "altiplano.accounts.interfaces.sign_in_forms.UseKeyForm",
    "login_webauthn": "altiplano.accounts.interfaces.sign_in_forms.SignInByKeyForm",
    "reauthenticate_webauthn": "altiplano.accounts.interfaces.sign_in_forms.ProveByKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Altiplano"
MFA_TOTP_TOLERANCE = 1  # phones are a few seconds off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PUBLIC_URL.startswith(
    ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
)
SOCIALACCOUNT_ADAPTER = "altiplano.accounts.interfaces.adapter.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"APPS": env.read_oidc_clients(), "OAUTH_PKCE_ENABLED": True},
}
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # only for addresses that the provider calls verified
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True

# --- Mail -------------------------------------------------------------------------------------

_mail = env.read_mail_server()
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail.host else 'filebased'}.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.has_starttls, _mail.has_tls
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = HOME / "mail"
DEFAULT_FROM_EMAIL = env.read_str("FROM_EMAIL", "altiplano@localhost")
MAIL_PAGE = env.read_bool("MAIL_PAGE", default=True)  # see accounts/mailbox.py for its conditions

# --- Language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [Path(__file__).resolve().parents[1] / "web" / "locale"]
FORMAT_MODULE_PATH = "altiplano.web.formats"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Engines ----------------------------------------------------------------------------------

ENGINE_URL = env.read_str("ENGINE_URL")
ENGINE_MODEL = env.read_str("ENGINE_MODEL")
ENGINE_KEY = env.read_secret("ENGINE_KEY")
ENGINE_PROVIDER = env.read_str("ENGINE_PROVIDER", "openai")
ENGINE_CONTEXT_TOKENS = env.read_int("ENGINE_CONTEXT_TOKENS", 4096, minimum=256)
ENGINE_IS_EMBEDDED = env.read_bool("ENGINE_IS_EMBEDDED", default=False)  # the supervisor says so
ENGINE_FIRST_TOKEN_SECONDS = env.read_float("ENGINE_FIRST_TOKEN_SECONDS", 60.0)
ENGINE_SILENCE_SECONDS = env.read_float("ENGINE_SILENCE_SECONDS", 30.0)

# --- Embedding endpoints ----------------------------------------------------------------------

EMBEDDER_HOSTS = env.read_list("EMBEDDER_HOSTS")
EMBEDDER_KEY = env.read_secret("EMBEDDER_KEY")

# --- Tool servers -----------------------------------------------------------------------------

TOOL_PROGRAMS = env.read_str("TOOL_PROGRAMS")  # a file of commands; nothing else names one

# --- Limits -----------------------------------------------------------------------------------

MAX_DOCUMENT_BYTES = env.read_int("MAX_DOCUMENT_BYTES", 200 * 1024 * 1024, minimum=1)
MAX_UPLOAD_BYTES = env.read_int(
    "MAX_UPLOAD_BYTES", max(1024**3, MAX_DOCUMENT_BYTES + 1024**2), minimum=1024**2
)
MAX_FILES_PER_UPLOAD = env.read_int("MAX_FILES_PER_UPLOAD", 100, minimum=1)
MAX_TEXT_CHARS = env.read_int("MAX_TEXT_CHARS", 20_000_000, minimum=1)
MAX_QUESTION_CHARS = env.read_int("MAX_QUESTION_CHARS", 8_000, minimum=1)
PARSE_SECONDS = env.read_int("PARSE_SECONDS", 120, minimum=1)
PARSE_MEMORY_BYTES = env.read_int("PARSE_MEMORY_BYTES", 2 * 1024**3, minimum=64 * 1024**2)
JOB_LEASE_SECONDS = env.read_int("JOB_LEASE_SECONDS", 60, minimum=2)
JOB_MAX_ATTEMPTS = env.read_int("JOB_MAX_ATTEMPTS", 3, minimum=1)
SWEEP_SECONDS = env.read_int("SWEEP_SECONDS", 10, minimum=1)
WORKER_SILENCE_SECONDS = env.read_float("WORKER_SILENCE_SECONDS", 45.0, minimum=2.0)
RUN_SECONDS = env.read_int("RUN_SECONDS", 300, minimum=1)
RUN_RESUME_GRACE_SECONDS = env.read_float("RUN_RESUME_GRACE_SECONDS", 5.0)
RUN_SLOTS = env.read_int("RUN_SLOTS", 256, minimum=1)
STREAMS_PER_PERSON = env.read_int("STREAMS_PER_PERSON", 300, minimum=1)
STREAMS_PER_ORGANIZATION = env.read_int("STREAMS_PER_ORGANIZATION", 400, minimum=1)
RUNS_PER_DAY = env.read_int("RUNS_PER_DAY", 20_000, minimum=1)
PICTURE_CACHE_BYTES = env.read_int("PICTURE_CACHE_BYTES", 512 * 1024**2, minimum=1024**2)
STORAGE_BYTES = env.read_int("STORAGE_BYTES", 20 * 1024**3, minimum=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_FILES_PER_UPLOAD
FILE_UPLOAD_HANDLERS = ["altiplano.knowledge.interfaces.uploads.BoundedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = UPLOAD_ROOT

# --- Plugins from outside ---------------------------------------------------------------------

# Empty: the strongest that works on this machine; without any, plugins from outside do not run.
PLUGIN_SANDBOX = env.read_choice("PLUGIN_SANDBOX", ("bubblewrap", "landlock", "none"))

# --- Visitors of public apps ------------------------------------------------------------------

VISITOR_DAYS = env.read_int("VISITOR_DAYS", 30, minimum=1)

# --- First page -------------------------------------------------------------------------------

LANDING_APP = env.read_str("LANDING_APP")  # organization/app; the supervisor names the demo
OPERATOR = env.read_str("OPERATOR")

# --- Admin dashboard --------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Altiplano",
    "SITE_HEADER": "Altiplano",
    "SITE_SYMBOL": "landscape",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": "altiplano.ops.interfaces.dashboard.icon_url",
        }
    ],
    "SITE_URL": "/home/",
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["altiplano.ops.interfaces.dashboard.style_url"],
    "SCRIPTS": ["altiplano.ops.interfaces.dashboard.script_url"],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "altiplano.ops.interfaces.dashboard.navigation",
    },
}
HIJACK_PERMISSION_CHECK = "altiplano.ops.impersonation.may_stand_in"
HIJACK_INSERT_BEFORE = None  # the banner is in web/base.html
NOTICE_CACHE_SECONDS = 10  # so late a maintenance notice may be shown

# --- Logs -------------------------------------------------------------------------------------

LOG_LEVEL = env.read_str("LOG_LEVEL", "INFO").upper()
LOG_JSON = env.read_bool("LOG_JSON", default=False)
LOGGING_CONFIG = "altiplano.config.logs.configure_logs"
LOGGING = {"level": LOG_LEVEL, "json": LOG_JSON, "jobs": True}

# --- Traces -----------------------------------------------------------------------------------

OTLP_URL = env.read_str("OTLP_URL")  # of a collector that takes OTLP over HTTP; empty: no traces
