"""Settings, all from the environment; a folder for data is the only thing that must exist."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stageproof.server import from_environment
from stageproof.server.sqlite import use_fixed_sqlite

use_fixed_sqlite()

DATA_DIR = Path(os.environ.get("STAGEPROOF_HOME", "stageproof-data")).resolve()


def _secret_keys() -> list[str]:
    """The key that signs and seals, then older ones: from the environment, else made once and kept beside the data."""
    if given := os.environ.get("STAGEPROOF_SECRET_KEY"):
        return [given, *os.environ.get("STAGEPROOF_OLD_SECRET_KEYS", "").split()]
    path = DATA_DIR / "secret-key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().split()


def _databases() -> dict[str, dict[str, object]]:
    """PostgreSQL where DATABASE_URL says so, else one SQLite file that survives power loss."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if url.scheme in ("postgres", "postgresql"):
        return {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(url.path.lstrip("/")),
                "USER": unquote(url.username or ""),
                "PASSWORD": unquote(url.password or ""),
                "HOST": unquote(url.hostname or "") or _socket_folder(url.query),
                "PORT": str(url.port or ""),
                "CONN_MAX_AGE": 60,
                "CONN_HEALTH_CHECKS": True,
            }
        }
    return {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "stageproof.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # A writer takes its lock at the start, so that two never deadlock on upgrading one.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                " PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
            },
        }
    }


def _socket_folder(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return next((unquote(value) for name, _, value in pairs if name == "host"), "")


DEBUG = False
# The server sets up its own log, see logging.py; elsewhere warnings go to the error stream.
LOGGING_CONFIG = None
# At its most talkative it writes out whole pages' contexts, and with them the secrets that a page shows once.
logging.getLogger("django.template").setLevel(logging.INFO)
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secret_keys()
ALLOWED_HOSTS = os.environ.get("STAGEPROOF_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
_HTTPS = os.environ.get("STAGEPROOF_HTTPS", "") == "1"
DATABASES = _databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "records.Person"
ROOT_URLCONF = "stageproof.server.urls"
WSGI_APPLICATION = "stageproof.server.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# A sheet may have 2,000 columns, each a field of the form that says what they mean.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "stageproof.records",
    "stageproof.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "stageproof.server.logging.RequestLogMiddleware",
    "stageproof.server.health.MeterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "stageproof.web.first_run.FirstRunMiddleware",
    "stageproof.web.answers.AnswersMiddleware",
    "stageproof.web.policy.PolicyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                f"stageproof.web.{room}"
                for room in ("formats", "figures", "cells", "card_drawing", "lead_cells", "paper_drawing")
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stageproof.web.frame.frame",
                "stageproof.web.sign_in.mail_state",
            ],
        },
    }
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
]

CSRF_FAILURE_VIEW = "stageproof.web.sign_in.form_without_token"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "stageproof.web.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
# An address is proven by the invitation that was sent to it.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {"login_failed": "30/5m/ip,5/5m/key", "reset_password": "20/m/ip,5/h/key"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = from_environment.trusted_proxies()
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "stageproof.web.sign_in.SecondFactorAdapter"
MFA_PASSKEY_LOGIN_ENABLED = True
# A code is still good half a minute after it has passed, for clocks and people are late.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
SOCIALACCOUNT_ADAPTER = "stageproof.web.sign_in.ElsewhereAdapter"
SOCIALACCOUNT_PROVIDERS = from_environment.sign_in_elsewhere()
SOCIALACCOUNT_STORE_TOKENS = False
# The names of servers in a network of one's own that this deployment may ask; any other must be on the open internet.
PRIVATE_HOSTS = from_environment.private_hosts()
globals().update(from_environment.mail())

# Limits hold across workers, so they are counted in the database.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "stageproof_cache"},
}

SESSION_ENGINE = "stageproof.records.sealed_sessions"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'", *from_environment.origin()],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
