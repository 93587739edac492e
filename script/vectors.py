#!/usr/bin/env python3
"""Makes the vectors of our own formats, tests/vectors/sotto-*.json, and the seeds for fuzzing, from docs/PROTOCOL.md alone.

This is a second implementation: it shares no code with the Rust crates, so that they do not check themselves. It needs Python 3.9
and the package `cryptography` (`python3 -m venv v && v/bin/pip install cryptography`). Running it must not change the files.
"""

import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ROOT = Path(__file__).resolve().parent.parent
WORDS = (ROOT / "crates/crypto/src/wordlist/english.txt").read_text().split()
NEVER = 2**64 - 1


# Conventions (§1, §3)


def label(text):
    return b"sotto/v1 " + text.encode()


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def some_bytes(name, length):
    """Inputs that look random and are the same each time."""
    return hashlib.shake_256(name.encode()).digest(length)


def hkdf(salt, secret, info, length):
    key = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    output, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
    return output[:length]


def sign(seed, purpose, content):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(label(purpose) + content)


def public_key(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def seal(purpose, secret, context, associated_data, plaintext, salt):
    keys = hkdf(salt, secret, label(purpose) + context, 76)
    key, nonce, commitment = keys[:32], keys[32:44], keys[44:]
    return salt + commitment + ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated_data)


def padded_len(length):
    if length <= 256:
        return 256
    exponent = length.bit_length() - 1
    unit = 2 ** (exponent - exponent.bit_length())
    return -(-length // unit) * unit


def pad(content, length=None):
    return content.ljust(padded_len(len(content)) if length is None else length, b"\0")


def words_of(bits, count):
    number = int.from_bytes(bits, "big") >> (len(bits) * 8 - count * 11)
    return [WORDS[number >> (11 * place) & 2047] for place in reversed(range(count))]


# §4 Accounts, devices and certificates


def derive(root, purpose, context=b""):
    return hkdf(b"", root, label(purpose) + context, 32)


def certificate(identity, account, device, device_key, purpose, issued, expires):
    body = bytes([1, purpose]) + account + device + public_key(identity) + device_key + u64(issued) + u64(expires)
    return body + sign(identity, "device certificate", body)


def revocation(signer, signer_seed, account, device, device_key, at):
    body = bytes([1, signer]) + account + device + device_key + u64(at)
    return body + sign(signer_seed, "device revocation", body)


def sealed_secret(purpose, method, secret, account, version, content, salt):
    """A sealed root (§6.2) or a sealed identity key (§6.6)."""
    header = bytes([1, method]) + u64(version)
    return header + seal(purpose, secret, account + u64(version), header, content, salt)


def identity_vectors():
    cases = []
    for number, (purpose, expires) in enumerate([(1, NEVER), (2, NEVER), (1, 1_900_000_000)]):
        root = some_bytes(f"root {number}", 32)
        identity = derive(root, "identity key")
        account, device = some_bytes(f"account {number}", 16), some_bytes(f"device {number}", 16)
        seed = some_bytes(f"device key {number}", 32)
        issued = 1_800_000_000 + number
        code, salt, version = some_bytes(f"identity code {number}", 32), some_bytes(f"identity salt {number}", 16), 1 + number
        cases.append(
            {
                "root": root,
                "identity_key": public_key(identity),
                "account": account,
                "device": device,
                "device_seed": seed,
                "purpose": purpose,
                "issued": issued,
                "expires": None if expires == NEVER else expires,
                "certificate": certificate(identity, account, device, public_key(seed), purpose, issued, expires),
                "revoked_at": issued + 5,
                "revocation_by_account": revocation(1, identity, account, device, public_key(seed), issued + 5),
                "revocation_by_device": revocation(2, seed, account, device, public_key(seed), issued + 5),
                "recovery_code": code,
                "salt": salt,
                "version": version,
                "sealed_identity": sealed_secret(
                    "identity by recovery code", 3, code, account, version, identity, salt
                ),
            }
        )
    return cases


# §5.4 Proofs of a device


def proof_vectors():
    account, device, seed = some_bytes("proof account", 16), some_bytes("proof device", 16), some_bytes("proof key", 32)
    request, token = some_bytes("request", 16), some_bytes("token", 43)
    calls = [
        ("register", 1, some_bytes("record", 192)),
        ("login", 2, some_bytes("ke3", 64)),
        ("refresh", 3, request + token),
        ("recover", 4, some_bytes("recovery state", 100)),
        ("request_reset", 5, b""),
        ("delete_account", 6, b""),
    ]
    cases = []
    for name, code, binding in calls:
        signed_at = 1_800_000_000_000 + code
        statement = bytes([code]) + account + device + u64(signed_at) + hashlib.sha256(binding).digest()
        cases.append(
            {
                "call": name,
                "account": account,
                "device": device,
                "device_seed": seed,
                "signed_at_ms": signed_at,
                "binding": binding,
                "proof": sign(seed, "device proof", statement),
            }
        )
    return cases


# §6 The vault


def store_item(purpose, place, padded, key, generation, account, version, content, salt):
    header = b"\x01" + u32(generation) + u64(version)
    plaintext = pad(u32(len(content)) + content, padded)
    return header + seal(purpose, key, account + place + header, b"", plaintext, salt)


def vault_vectors():
    root, account = some_bytes("vault root", 32), some_bytes("vault account", 16)
    export_key, code = some_bytes("export key", 64), some_bytes("recovery code", 32)
    salt, challenge = some_bytes("vault salt", 16), some_bytes("challenge", 32)
    recovery_seed = hkdf(b"", code, label("recovery key"), 32)
    slot_key = derive(root, "vault slots")
    generation, version = 3, 0x0102030405060708
    store_key = derive(root, "vault store", u32(generation))
    items = [
        ("checkpoint", "vault checkpoint", some_bytes("conversation", 16), None, 1000),
        ("setting", "vault setting", some_bytes("slot", 16), None, 0),
        ("key_package", "vault key package", some_bytes("reference", 32), None, 252),
        ("marker", "vault marker", some_bytes("conversation", 16), None, 17),
        ("device_name", "vault name of device", some_bytes("named device", 16), 128, 124),
    ]
    return {
        "root": root,
        "account": account,
        "identity_key": public_key(derive(root, "identity key")),
        "generation": generation,
        "vault_device_key": public_key(derive(root, "vault device key", u32(generation))),
        "store_key": store_key,
        "slots": [
            {"name": name, "slot": hmac.new(slot_key, name.encode(), hashlib.sha256).digest()[:16]}
            for name in ["", "theme", "näme"]
        ],
        "salt": salt,
        "version": version,
        "export_key": export_key,
        "root_by_password": sealed_secret("root by password", 1, export_key, account, version, root, salt),
        "recovery_code": code,
        "recovery_words": " ".join(words_of(code + hashlib.sha256(code).digest()[:1], 24)),
        "root_by_recovery_code": sealed_secret("root by recovery code", 2, code, account, version, root, salt),
        "recovery_key": public_key(recovery_seed),
        "challenge": challenge,
        "recovery_proof": sign(recovery_seed, "recovery proof", account + challenge),
        "items": [
            {
                "kind": kind,
                "place": place,
                "content": some_bytes(kind, length),
                "sealed": store_item(
                    purpose, place, padded, store_key, generation, account, version, some_bytes(kind, length), salt
                ),
            }
            for kind, purpose, place, padded, length in items
        ],
    }


# §7.3 The agreement of a conversation


def agreement(case):
    policy = [case[name] for name in ("add", "rename", "post", "history", "vault")]
    head = bytes([1, case["kind"]]) + case["suite"].to_bytes(2, "big") + case["conversation"] + u32(case["generation"])
    roles = sorted((listed["account"], listed["role"]) for listed in case["roles"])
    listed = b"".join(account + bytes([role]) for account, role in roles)
    return head + case["server_key"] + bytes(policy) + u32(case["retention"]) + len(roles).to_bytes(2, "big") + listed


def agreement_vectors():
    cases = []
    # Kind, suite, policy, retention, listed roles.
    for number, (kind, suite, policy, retention, roles) in enumerate([
        (2, 0x004D, (2, 1, 1, 1, 1), 0, [3]),
        (1, 0x004D, (3, 1, 1, 1, 1), 0, [3, 3]),
        (3, 0x0003, (3, 2, 3, 2, 2), 86_400, [3]),
        (2, 0x0003, (1, 3, 2, 2, 1), 2**32 - 1, [2, 3, 2]),
        (2, 0x004D, (1, 1, 1, 1, 1), 1, []),
    ]):
        case = {
            "kind": kind,
            "suite": suite,
            "conversation": some_bytes(f"agreed conversation {number}", 16),
            "generation": 1 + 300 * number,
            "server_key": public_key(some_bytes("server key", 32)),
            **dict(zip(("add", "rename", "post", "history", "vault"), policy)),
            "retention": retention,
            "roles": [{"account": some_bytes(f"listed {number} {place}", 16), "role": role}
                      for place, role in enumerate(roles)],
        }
        group_id = case["conversation"] + u32(case["generation"])
        cases.append({**case, "group_id": group_id, "encoded": agreement(case)})
    return cases


# §8 Events


def sealed_event(case):
    header = case["conversation"] + u32(case["generation"]) + u64(case["epoch"]) + bytes([case["kind"]]) + case["id"]
    unsigned = b"\x01" + case["account"] + case["device"] + u64(case["seen_seq"]) + case["seen_hash"]
    unsigned += u32(len(case["body"])) + case["body"]
    signature = sign(case["device_seed"], "signed event", header + unsigned)
    context = case["conversation"] + u32(case["generation"]) + u64(case["epoch"])
    return seal("event", case["epoch_secret"], context, b"\x01" + header, pad(unsigned + signature), case["salt"])


def event_vectors():
    cases = []
    identifiers = {1: some_bytes("event", 16), 2: bytes(16), 3: bytes(8) + u64(77)}
    for number, (kind, length) in enumerate([(1, 0), (1, 115), (1, 116), (1, 3000), (2, 40), (3, 4)]):
        case = {
            "epoch_secret": some_bytes(f"epoch secret {number}", 32),
            "conversation": some_bytes(f"event conversation {number}", 16),
            "generation": 1 + number,
            "epoch": 2**40 + number,
            "kind": kind,
            "id": identifiers[kind],
            "account": some_bytes("event account", 16),
            "device": some_bytes("event device", 16),
            "device_seed": some_bytes("event device key", 32),
            "seen_seq": 41 + number,
            "seen_hash": some_bytes("seen", 32),
            "salt": some_bytes(f"event salt {number}", 16),
            "body": some_bytes(f"body {number}", length),
        }
        cases.append({**case, "sealed": sealed_event(case)})
    return cases


def chain_vectors():
    conversation, event = some_bytes("chain conversation", 16), some_bytes("chain event", 16)
    log = [(kind, event if kind == 3 else bytes(16), some_bytes(f"entry {kind}", 300)) for kind in (1, 2, 3, 4)]
    entries = [
        hashlib.sha256(label("chain entry") + bytes([kind]) + u32(1) + u64(9) + identifier + body).digest()
        for kind, identifier, body in log
    ]
    heads = [hashlib.sha256(label("chain start") + conversation).digest()]
    for seq, entry in enumerate(entries, start=1):
        heads.append(hashlib.sha256(label("chain link") + heads[-1] + u64(seq) + entry).digest())
    return {
        "conversation": conversation,
        "generation": 1,
        "epoch": 9,
        "entries": [
            {"kind": kind, "id": identifier, "body": body, "hash": entry}
            for (kind, identifier, body), entry in zip(log, entries)
        ],
        "heads": heads,
    }


# §9 Files


def sealed_file(key, content):
    keys = hkdf(b"", key, label("file") + b"\x01" + u64(len(content)), 71)
    cipher, prefix, commitment = ChaCha20Poly1305(keys[:32]), keys[32:39], keys[39:]
    padded, sealed = pad(content), b"\x01" + commitment
    chunks = [padded[start : start + 65536] for start in range(0, len(padded), 65536)]
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        sealed += cipher.encrypt(prefix + u32(number) + bytes([last]), chunk, b"")
    return sealed


def file_vectors():
    cases = []
    for length in [0, 1, 256, 300, 65535, 65536, 65537, 200_000]:
        key, content = some_bytes(f"file key {length}", 32), bytes((31 * i + (i >> 8)) % 256 for i in range(length))
        sealed = sealed_file(key, content)
        case = {"key": key, "content_len": length, "sealed_len": len(sealed), "digest": hashlib.sha256(sealed).digest()}
        cases.append({**case, "sealed": sealed} if length <= 300 else case)
    return {"content": "byte i is (31 i + floor(i / 256)) mod 256", "files": cases}


# §10 Safety numbers


def safety_vectors():
    cases = []
    for number in range(4):
        mine = some_bytes(f"my account {number}", 16) + public_key(some_bytes(f"my identity {number}", 32))
        theirs = some_bytes(f"their account {number}", 16) + public_key(some_bytes(f"their identity {number}", 32))
        digest = hashlib.sha512(label("safety number") + min(mine, theirs) + max(mine, theirs)).digest()
        groups = [int.from_bytes(digest[start : start + 5], "big") % 100_000 for start in range(0, 60, 5)]
        cases.append(
            {
                "mine": mine,
                "theirs": theirs,
                "digits": "".join(f"{group:05}" for group in groups),
                "words": " ".join(words_of(digest, 18)),
                "qr": "SOTTO-VERIFY:1:" + base32(mine + theirs),
            }
        )
    return cases


def base32(data):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = "".join(f"{byte:08b}" for byte in data)
    bits = bits.ljust(-(-len(bits) // 5) * 5, "0")
    return "".join(alphabet[int(bits[start : start + 5], 2)] for start in range(0, len(bits), 5))


def padding_vectors():
    lengths = [0, 1, 255, 256, 257, 1000, 4095, 4096, 4097, 65535, 65536, 65537, 10**6, 10**9, 15 * 2**30]
    return [{"len": length, "padded_len": padded_len(length)} for length in lengths]


def seeds(files):
    """Valid inputs for the targets in fuzz/."""
    identity, vault = files["identity"], files["vault"]
    events = [case["sealed"] for case in files["event"]]
    plaintexts = [
        pad(b"\x01" + case["account"] + case["device"] + u64(case["seen_seq"]) + case["seen_hash"]
            + u32(len(case["body"])) + case["body"] + bytes(64))
        for case in files["event"]
    ]
    return {
        "certificate": [case[name] for case in identity for name in ("certificate", "revocation_by_account")],
        "sealed_identity": [b"\0" + case["sealed_identity"] for case in identity]
        + [b"\1" + bytes([1, 3]) + u64(1) + content for content in (b"\x09" * 32, bytes(32))],
        "keys": [public_key(seed) + Ed25519PrivateKey.from_private_bytes(seed).sign(b"message") + b"message"
                 for seed in (b"\x09" * 32, bytes(32))],
        "event": events,
        "event_plaintext": plaintexts,
        "file": [u64(length) + sealed_file(b"\x07" * 32, bytes(length)) for length in (0, 300, 65_600)],
        "login": [bytes(32), bytes(96), bytes(192), bytes(208), u32(19_456) + u32(2)],
        "typed_text": [vault["recovery_words"].encode(), " ".join(words_of(bytes(33), 24)).encode()]
        + [case[name].encode() for case in files["safety"] for name in ("digits", "qr")],
        "vault": [vault["root_by_password"], vault["root_by_recovery_code"]]
        + [item["sealed"] for item in vault["items"]],
    }


def main():
    files = {
        "identity": identity_vectors(),
        "proof": proof_vectors(),
        "vault": vault_vectors(),
        "agreement": agreement_vectors(),
        "event": event_vectors(),
        "chain": chain_vectors(),
        "file": file_vectors(),
        "safety": safety_vectors(),
        "padding": padding_vectors(),
    }
    for name, vectors in files.items():
        path = ROOT / f"tests/vectors/sotto-{name}.json"
        content = {"source": "script/vectors.py, an implementation of docs/PROTOCOL.md in Python", "vectors": vectors}
        path.write_text(json.dumps(content, indent=1, default=bytes.hex, ensure_ascii=False) + "\n")
    for target, inputs in seeds(files).items():
        folder = ROOT / "fuzz/seeds" / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(inputs):
            (folder / f"{number:02}").write_bytes(content)


if __name__ == "__main__":
    main()
