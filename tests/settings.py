"""Settings of the test suite: the real ones, in a home of their own."""

import os
import tempfile

# Set before the real settings are read; a run of the suite never touches a developer's var/.
_home = os.environ.setdefault("ALTIPLANO_HOME", tempfile.mkdtemp(prefix="altiplano-tests-"))
os.environ.setdefault("ALTIPLANO_SECRET_KEY", "a-key-for-tests-only-which-protects-nothing-at-all")

from altiplano.config.settings import *  # noqa: E402, F403

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
JOB_PUBLISHER = "tests.fakes.publisher.record_job"
# A test's transaction can be seen in the test's own thread only.
DATABASE_THREADS = False
# How many queries a page makes must not depend on which page was asked for before.
NOTICE_CACHE_SECONDS = 0
# Lines are stored by a thread, which cannot see a test's data.
LOGGING = {**LOGGING, "jobs": False}  # noqa: F405
# Tests that need Redis start their own.
CACHES = {**CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # noqa: F405
