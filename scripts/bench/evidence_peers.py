"""What others need to check one file: model-signing's verification and a SCITT receipt.

Neither is a dependency of ours. Each runs in a Python of its own (their requirements exclude each
other): `python -m venv V; V/bin/pip install model-signing==1.1.1 pyopenssl`, and
`python -m venv W; W/bin/pip install pyscitt==0.10.1`.

model-signing hashes the file and checks one EC signature over its digests. The SCITT check hashes
the file, checks the issuer's COSE Sign1 over the digest, and with pyscitt a receipt: a COSE Sign1
of the log's key over a Merkle root (draft-ietf-cose-merkle-tree-proofs, CCF's profile), with an
inclusion proof of 20 levels. Either says less than a verdict: one signature over one file.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

WORK = """
import sys, time
exec(open(sys.argv[1]).read())
check = prepare(sys.argv[2], sys.argv[3])
check()
if sys.argv[4] == "once":
    raise SystemExit
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    check()
    print(time.perf_counter() - start, flush=True)
"""
MODEL_SIGNING = """
import pathlib
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
import model_signing

def prepare(model, folder):
    folder = pathlib.Path(folder)
    private, public, signature = (folder / name for name in ("key.pem", "key.pub", "model.sig"))
    if not signature.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        private.write_bytes(key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
        signing = model_signing.signing.Config().use_elliptic_key_signer(private_key=private)
        signing.sign(model, signature)
    config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=public)
    return lambda: config.verify(model, signature)
"""
SCITT = """
import hashlib, pathlib, pickle
import cbor2, pycose.headers
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from ccf.cose import from_cryptography_eckey_obj
from pycose.messages import Sign1Message
from pycose.headers import Algorithm, KID
from pycose.algorithms import Es256
from pyscitt.verify import TrustStore, verify_transparent_statement

DEPTH = 20
DER, SPKI = form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo

def sha256(data):
    return hashlib.sha256(data).digest()

def signed(key, payload, protected, unprotected):
    message = Sign1Message({Algorithm: Es256} | protected, unprotected, payload)
    message.key = from_cryptography_eckey_obj(key)
    return message

def receipt(key, statement):
    leaf = [sha256(b"transaction"), "commit evidence", sha256(statement)]
    root = sha256(leaf[0] + sha256(leaf[1].encode()) + leaf[2])
    path = [[bool(level % 2), sha256(bytes([level]))] for level in range(DEPTH)]
    for left, digest in path:
        root = sha256(digest + root) if left else sha256(root + digest)
    kid = sha256(key.public_key().public_bytes(DER, SPKI)).hex().encode()
    proof = {396: {-1: [cbor2.dumps({1: leaf, 2: path})]}}
    made = cbor2.loads(signed(key, root, {KID: kid, 395: 2}, proof).encode())
    made.value[2] = None  # the root is computed, not carried
    return made

class Log(TrustStore):
    def __init__(self, key):
        self.key = key
    def services(self):
        return {}
    def get_key(self, receipt):
        return self.key

def prepare(model, folder):
    kept = pathlib.Path(folder) / "scitt.bin"
    if not kept.exists():
        issuer, log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        digest = hashlib.file_digest(open(model, "rb"), "sha256").digest()
        statement = signed(issuer, digest, {}, {}).encode()
        outer = cbor2.loads(statement)
        outer.value[1][394] = [cbor2.dumps(receipt(log, statement))]
        publics = [key.public_key().public_bytes(DER, SPKI) for key in (issuer, log)]
        kept.write_bytes(pickle.dumps([statement, cbor2.dumps(outer), *publics]))
    statement, transparent, issuer, log = pickle.loads(kept.read_bytes())
    issuer, log = (form.load_der_public_key(one) for one in (issuer, log))

    def check():
        message = Sign1Message.decode(statement)
        message.key = from_cryptography_eckey_obj(issuer)
        with open(model, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if not message.verify_signature() or message.payload != digest:
            raise SystemExit("the statement is about another file")
        verify_transparent_statement(transparent, Log(log), statement)
    return check
"""
PEERS = {"model-signing, key": MODEL_SIGNING, "SCITT receipt": SCITT}


@contextmanager
def peer(python: str, name: str, model: Path) -> Iterator[dict[str, Callable[[], float | None]]]:
    """Measures of a peer's check of the model: in process (seconds), and as a command (None)."""
    folder = model.parent / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    source = folder / "peer.py"
    source.write_text(PEERS[name])
    command = [python, "-c", WORK, str(source), str(model), str(folder)]
    process = subprocess.Popen(
        [*command, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None or process.stdout is None or process.stdout.readline() != "ready\n":
        raise SystemExit(f"{python}: cannot run {name}")
    asked, answers = process.stdin, process.stdout

    def within() -> float:
        asked.write("again\n")
        asked.flush()
        return float(answers.readline())

    def alone() -> None:
        subprocess.run([*command, "once"], check=True)

    try:
        yield {f"{name}, in process": within, f"{name}, as a command": alone}
    finally:
        process.communicate()
