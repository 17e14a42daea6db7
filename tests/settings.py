"""Settings of the suite: those of the product on a database of the test's own."""

import atexit
import os
import shutil
import tempfile

if "STAGEPROOF_HOME" not in os.environ:
    # Processes that this one starts find it in their environment, and leave it to this one.
    os.environ["STAGEPROOF_HOME"] = tempfile.mkdtemp(prefix="stageproof-test-")
    atexit.register(shutil.rmtree, os.environ["STAGEPROOF_HOME"], ignore_errors=True)
os.environ.setdefault("STAGEPROOF_SECRET_KEY", "only-for-tests")

from stageproof.server.settings import *  # noqa: F403
from stageproof.server.settings import STATIC_ROOT

# A server collects the pages' files into it before it answers; whoever serves them misses the folder otherwise.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Hashing a password is slow on purpose; the suite makes many people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
