"""Settings of the suite: those of the product on a database of the test's own."""

import os
import tempfile

os.environ.setdefault("STAGEPROOF_HOME", tempfile.mkdtemp(prefix="stageproof-test-"))
os.environ.setdefault("STAGEPROOF_SECRET_KEY", "only-for-tests")

from stageproof.server.settings import *  # noqa: F403

# Hashing a password is slow on purpose; the suite makes many people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
