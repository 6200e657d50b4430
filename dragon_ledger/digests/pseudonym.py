"""The place of a subject in a dataset's tree: a keyed pseudonym that can be opened for one subject.

A plain HMAC would hide identifiers as well, but to convince an auditor that a path belongs to a
subject the site would have to show the key, and with it the path of everybody. A verifiable random
function (RFC 9381) gives a path that only the key's holder can compute and a proof for one subject
alone; for a given public key no second path can be proved. Suite: ECVRF of RFC 9381 section 5 on
secp256k1 with SHA-256 and try-and-increment, suite string 0xFE (docs/spec/dataset-commitment.md).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from coincurve import PrivateKey, PublicKey

from dragon_ledger.digests.documents import check_random
from dragon_ledger.errors import InputError, ProofError

PATH_PROOF_LENGTH = 81
PUBLIC_KEY_LENGTH = 33
MAX_SUBJECT_LENGTH = 256
"""Longest subject identifier, in bytes of UTF-8."""

_SUITE = b"\xfe"
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_POINT = 33
_CHALLENGE = 16


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A site's secret key for subject paths, 32 bytes. Not for signing anything else."""

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse what is no key, before anything is built on it."""
        check_random(self.secret, "pseudonym key")
        if int.from_bytes(self.secret) >= _ORDER:
            raise InputError("pseudonym key: not below the order of secp256k1; draw another")

    def __repr__(self) -> str:
        return "PseudonymKey(secret=<hidden>)"

    def public(self) -> bytes:
        """The public key, 33 bytes (SEC 1 compressed); every commitment of the site binds it."""
        return PrivateKey(self.secret).public_key.format()

    def path(self, subject: str) -> bytes:
        """The subject's path, 32 bytes; the same in every version of the dataset."""
        point = _encode_to_curve(self.public(), _alpha(subject))
        return _path(point.multiply(self.secret).format())

    def prove(self, subject: str) -> bytes:
        """81 bytes that show, together with the public key, what the subject's path is."""
        public = self.public()
        point = _encode_to_curve(public, _alpha(subject))
        gamma = point.multiply(self.secret)
        nonce = _nonce(self.secret, point.format())
        challenge = _challenge(
            public,
            point.format(),
            gamma.format(),
            PrivateKey(nonce).public_key.format(),
            point.multiply(nonce).format(),
        )
        scalar = int.from_bytes(nonce) + int.from_bytes(challenge) * int.from_bytes(self.secret)
        return gamma.format() + challenge + (scalar % _ORDER).to_bytes(32)


def verify_path(public_key: bytes, subject: str, proof: bytes) -> bytes:
    """The only path that the subject can have under a public key.

    Raises:
        ProofError: the proof is for another subject or key, or malformed.
    """
    alpha = _alpha(subject)
    if len(proof) != PATH_PROOF_LENGTH or len(public_key) != PUBLIC_KEY_LENGTH:
        raise ProofError("path proof: public key or proof has another length")
    challenge, scalar = proof[_POINT : _POINT + _CHALLENGE], proof[_POINT + _CHALLENGE :]
    try:
        expected = _recompute(public_key, alpha, proof[:_POINT], challenge, scalar)
    except ValueError as error:
        raise ProofError(f"path proof: no points of the curve: {error}") from error
    if expected != challenge:
        raise ProofError("path proof: it does not hold for this subject under this public key")
    return _path(proof[:_POINT])


def _recompute(
    public_key: bytes, alpha: bytes, gamma: bytes, challenge: bytes, scalar: bytes
) -> bytes:
    """The challenge that U = s*B - c*Y and V = s*H - c*Gamma give; coincurve refuses s >= order."""
    minus = ((-int.from_bytes(challenge)) % _ORDER).to_bytes(32)
    point = _encode_to_curve(public_key, alpha)
    first = PublicKey.combine_keys(
        [PrivateKey(scalar).public_key, PublicKey(public_key).multiply(minus)]
    )
    second = PublicKey.combine_keys([point.multiply(scalar), PublicKey(gamma).multiply(minus)])
    return _challenge(public_key, point.format(), gamma, first.format(), second.format())


def _alpha(subject: str) -> bytes:
    try:
        alpha = subject.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"subject {subject!r}: not text that UTF-8 can write") from error
    if len(alpha) > MAX_SUBJECT_LENGTH:
        raise InputError(f"subject {subject[:40]!r}...: longer than {MAX_SUBJECT_LENGTH} bytes")
    return alpha


def _encode_to_curve(public_key: bytes, alpha: bytes) -> PublicKey:
    """RFC 9381 section 5.4.1.1, try and increment; each try succeeds with probability one half."""
    for counter in range(256):
        tried = _SUITE + b"\x01" + public_key + alpha + bytes([counter]) + b"\x00"
        try:
            return PublicKey(b"\x02" + hashlib.sha256(tried).digest())
        except ValueError:
            continue
    raise InputError("subject: no point of the curve in 256 tries, which has probability 2**-256")


def _challenge(*points: bytes) -> bytes:
    """RFC 9381 section 5.4.3."""
    return hashlib.sha256(_SUITE + b"\x02" + b"".join(points) + b"\x00").digest()[:_CHALLENGE]


def _path(gamma: bytes) -> bytes:
    """RFC 9381 section 5.2; the cofactor of secp256k1 is 1."""
    return hashlib.sha256(_SUITE + b"\x03" + gamma + b"\x00").digest()


def _nonce(secret: bytes, point: bytes) -> bytes:
    """RFC 9381 section 5.4.2.1, which is RFC 6979 section 3.2 over the hash of the point."""
    digest = int.from_bytes(hashlib.sha256(point).digest()) % _ORDER
    seed = secret + digest.to_bytes(32)
    value, key = b"\x01" * 32, bytes(32)
    for separator in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + separator + seed, "sha256")
        value = hmac.digest(key, value, "sha256")
    value = hmac.digest(key, value, "sha256")
    while not 0 < int.from_bytes(value) < _ORDER:
        key = hmac.digest(key, value + b"\x00", "sha256")
        value = hmac.digest(key, hmac.digest(key, value, "sha256"), "sha256")
    return value
