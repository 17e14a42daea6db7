"""Sealed: secrets that have to be read again are kept encrypted, under the deployment's own key.

A copy of the database without the key gives none of them away. A new key is put in front of the old ones: what they
sealed is read still, and sealed again under the new one by `reseal`.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """What was sealed cannot be read: its key is not here any more, or it was altered."""


def seal(text: str) -> str:
    """The text encrypted under the present key; each time different."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text that was sealed; Unreadable where no key of this deployment opens it."""
    try:
        return _box().decrypt(sealed).decode()
    except (InvalidToken, ValueError):
        raise Unreadable from None


def reseal(sealed: str) -> str:
    """The same under the present key; Unreadable where no key opens it."""
    return seal(unseal(sealed))


def _box() -> MultiFernet:
    return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    # A key of its own, so that what is signed with the other says nothing about it.
    derive = HKDF(SHA256(), length=32, salt=None, info=b"stageproof sealed 1")
    return base64.urlsafe_b64encode(derive.derive(key.encode()))
