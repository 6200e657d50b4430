"""The package's VRF against one written from RFC 9381 in plain integers.

The reference is slow and works on any short Weierstrass curve with cofactor 1. Its P-256 instance
is held to the RFC's own vectors; its secp256k1 instance then judges the package.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.digests.pseudonym import MAX_SUBJECT_LENGTH, PseudonymKey, verify_path
from dragon_ledger.errors import InputError, ProofError

Point: TypeAlias = tuple[int, int] | None


@dataclass(frozen=True)
class Curve:
    p: int
    a: int
    b: int
    n: int
    g: tuple[int, int]
    suite: bytes

    def add(self, left: Point, right: Point) -> Point:
        if left is None or right is None:
            return left or right
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if left == right:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x3 = (slope * slope - x1 - x2) % self.p
        return x3, (slope * (x1 - x3) - y1) % self.p

    def multiply(self, scalar: int, point: Point) -> Point:
        total: Point = None
        for bit in bin(scalar)[2:]:
            total = self.add(total, total)
            if bit == "1":
                total = self.add(total, point)
        return total

    def lift(self, encoded: bytes) -> Point:
        """SEC 1 compressed to a point, or None where there is none; both primes are 3 modulo 4."""
        x = int.from_bytes(encoded[1:], "big")
        square = (x**3 + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        if x >= self.p or y * y % self.p != square:
            return None
        return x, (y if y % 2 == encoded[0] % 2 else self.p - y)


P256 = Curve(
    p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    a=-3,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    g=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    suite=b"\x01",
)
SECP256K1 = Curve(
    p=2**256 - 2**32 - 977,
    a=0,
    b=7,
    n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    g=(
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
    suite=b"\xfe",
)


def encode(point: Point) -> bytes:
    assert point is not None
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


def hash_to_curve(curve: Curve, public: bytes, alpha: bytes) -> Point:
    for counter in range(256):
        data = curve.suite + b"\x01" + public + alpha + bytes([counter]) + b"\x00"
        if point := curve.lift(b"\x02" + hashlib.sha256(data).digest()):
            return point
    raise AssertionError("no point in 256 tries")


def nonce(curve: Curve, secret: int, point: bytes) -> int:
    """RFC 6979 section 3.2 with SHA-256, message = point."""
    h1 = int.from_bytes(hashlib.sha256(point).digest(), "big") % curve.n
    seed = secret.to_bytes(32, "big") + h1.to_bytes(32, "big")
    k, v = b"\x00" * 32, b"\x01" * 32
    k = hmac.new(k, v + b"\x00" + seed, "sha256").digest()
    v = hmac.new(k, v, "sha256").digest()
    k = hmac.new(k, v + b"\x01" + seed, "sha256").digest()
    v = hmac.new(k, v, "sha256").digest()
    return int.from_bytes(hmac.new(k, v, "sha256").digest(), "big")


def prove(curve: Curve, secret: int, alpha: bytes) -> tuple[bytes, bytes]:
    """The proof (pi) and the output (beta)."""
    public = encode(curve.multiply(secret, curve.g))
    h = hash_to_curve(curve, public, alpha)
    gamma = encode(curve.multiply(secret, h))
    k = nonce(curve, secret, encode(h))
    points = (encode(h), gamma, encode(curve.multiply(k, curve.g)), encode(curve.multiply(k, h)))
    data = curve.suite + b"\x02" + public + b"".join(points) + b"\x00"
    c = hashlib.sha256(data).digest()[:16]
    s = (k + int.from_bytes(c, "big") * secret) % curve.n
    beta = hashlib.sha256(curve.suite + b"\x03" + gamma + b"\x00").digest()
    return gamma + c + s.to_bytes(32, "big"), beta


KEY = PseudonymKey(bytes(range(1, 33)))


def test_the_reference_gives_the_vectors_of_rfc_9381() -> None:
    """Appendix B.1, examples 10 and 11 (ECVRF-P256-SHA256-TAI)."""
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    assert (
        encode(P256.multiply(secret, P256.g)).hex()
        == "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    )
    proof, output = prove(P256, secret, b"sample")
    assert proof.hex() == (
        "035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4"
        "a53f0a46f018bc2c56e58d383f2305e0"
        "975972c26feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc02f"
    )
    assert output.hex() == "a3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e"


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32).filter(any), st.text(max_size=40))
def test_agrees_with_the_reference(secret: bytes, subject: str) -> None:
    if int.from_bytes(secret) >= SECP256K1.n:
        return
    key = PseudonymKey(secret)
    expected = prove(SECP256K1, int.from_bytes(secret), subject.encode())
    assert (key.prove(subject), key.path(subject)) == expected
    assert verify_path(key.public(), subject, key.prove(subject)) == key.path(subject)


def test_a_path_says_nothing_without_the_key() -> None:
    other = PseudonymKey(bytes(range(2, 34)))
    assert KEY.path("DRAGON-0001") != other.path("DRAGON-0001")
    assert KEY.path("DRAGON-0001") != KEY.path("DRAGON-0002")


def test_no_bit_of_a_proof_can_change() -> None:
    proof = KEY.prove("DRAGON-0001")
    for bit in range(len(proof) * 8):
        changed = bytearray(proof)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProofError):
            verify_path(KEY.public(), "DRAGON-0001", bytes(changed))


def test_a_proof_is_for_one_subject_under_one_key() -> None:
    proof = KEY.prove("DRAGON-0001")
    with pytest.raises(ProofError, match="subject"):
        verify_path(KEY.public(), "DRAGON-0002", proof)
    with pytest.raises(ProofError, match="subject"):
        verify_path(PseudonymKey(bytes(range(2, 34))).public(), "DRAGON-0001", proof)


@pytest.mark.parametrize("public", [b"", b"\x02" * 33, bytes(33), b"\x04" + bytes(64)])
def test_refuses_what_is_no_public_key(public: bytes) -> None:
    with pytest.raises(ProofError):
        verify_path(public, "DRAGON-0001", KEY.prove("DRAGON-0001"))


@pytest.mark.parametrize("scalar", [bytes(32), SECP256K1.n.to_bytes(32, "big"), b"\xff" * 32])
def test_refuses_scalars_out_of_range(scalar: bytes) -> None:
    with pytest.raises(ProofError):
        verify_path(KEY.public(), "DRAGON-0001", KEY.prove("DRAGON-0001")[:49] + scalar)


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, bytes(31)])
def test_refuses_what_is_no_key(secret: bytes) -> None:
    with pytest.raises(InputError, match="pseudonym key"):
        PseudonymKey(secret)


def test_never_shows_its_secret() -> None:
    assert "secret=<hidden>" in repr(KEY)


@pytest.mark.parametrize("subject", ["x" * (MAX_SUBJECT_LENGTH + 1), "\ud800"])
def test_refuses_identifiers_that_cannot_be_encoded(subject: str) -> None:
    with pytest.raises(InputError, match="subject"):
        KEY.path(subject)
