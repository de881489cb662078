#!/usr/bin/env python3
"""The log as an outsider reads it over HTTP: checkpoint, tiles, entries and proofs, hashed again by RFC 6962 written anew here.

Our own code verifies logs too; this shares nothing with it. Signatures are checked by tests/conformance/tlog.
"""
import argparse
import base64
import hashlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

STATEMENTS = 600  # more than two full tiles


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split_of(count):
    return 1 << ((count - 1).bit_length() - 1)


def root_of(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = split_of(len(leaves))
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def root_from_proof(index, size, leaf, proof):
    """RFC 9162, 2.1.3.2."""
    number, last, root = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise harness.Failure("the proof is too long")
        if number % 2 or number == last:
            root = node_hash(step, root)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            root = node_hash(root, step)
        number, last = number >> 1, last >> 1
    if last:
        raise harness.Failure("the proof is too short")
    return root


def checkpoint_of(text):
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def entries_of(data):
    out = []
    while data:
        length = int.from_bytes(data[:2], "big")
        out.append(data[2:2 + length])
        if len(out[-1]) != length:
            raise harness.Failure("an entry is cut off")
        data = data[2 + length:]
    return out


def tile_path(number):
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def read_tiles(factory, size, width, kind):
    data = []
    for tile in range((size + 255) // 256):
        count = min(256, size - tile * 256)
        path = f"/log/tile/{kind}/{tile_path(tile)}" + (f".p/{count}" if count < 256 else "")
        answer = factory.send("GET", path)
        if answer.status != 200:
            raise harness.Failure(f"{path}: {answer.status}")
        part = [answer.body[at:at + width] for at in range(0, len(answer.body), width)] if width else entries_of(answer.body)
        if len(part) != count:
            raise harness.Failure(f"{path} has {len(part)} of {count}")
        data += part
    return data


def published(factory, at_least):
    until = time.monotonic() + 60
    while True:
        answer = factory.send("GET", "/log/checkpoint")
        if answer.status == 200 and checkpoint_of(answer.text())[1] >= at_least:
            return checkpoint_of(answer.text())
        if time.monotonic() > until:
            raise harness.Failure(f"no checkpoint of {at_least} entries appears: {answer.text()}")
        time.sleep(0.05)


def check_proof(factory, index, size, root, leaves):
    text = factory.send("GET", f"/log/proofs/{index}").text()
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    proof = [base64.b64decode(line) for line in lines[lines.index(f"index {index}") + 1:]]
    _, shown_size, shown_root = checkpoint_of(note)
    if (shown_size, shown_root) != (size, root):
        raise harness.Failure(f"the proof of {index} is under another checkpoint")
    if root_from_proof(index, size, leaves[index], proof) != root:
        raise harness.Failure(f"the proof of {index} does not lead to the root")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build")
    build = harness.build_folder(arguments.parse_args().build)
    with harness.Scratch("log") as scratch:
        factory = harness.Factory(build, scratch / "data", "[listen]\naccess_log = false\n")
        token = factory.create_admin()
        factory.start()
        try:
            _, early_size, early_root = published(factory, 1)
            for number in range(STATEMENTS):
                body = {"name": f"Organisation {number}", "country": "LV", "kind": "sme"}
                if factory.send("POST", "/organisations", body, token).status != 200:
                    raise harness.Failure("an organisation was refused")
            origin, size, root = published(factory, early_size + STATEMENTS)
            entries = read_tiles(factory, size, 0, "entries")
            leaves = read_tiles(factory, size, 32, "0")
            if [leaf_hash(entry) for entry in entries] != leaves:
                raise harness.Failure("an entry does not have the hash in its tile")
            if root_of(leaves) != root:
                raise harness.Failure("the entries do not add up to the root")
            if root_of(leaves[:early_size]) != early_root:
                raise harness.Failure("the log is not an extension of what it was")
            for index in {0, 1, 255, 256, 257, 511, 512, size // 2, size - 1}:
                check_proof(factory, index, size, root, leaves)
            beyond = factory.send("GET", f"/log/proofs/{size}")
            if beyond.status != 409:
                raise harness.Failure(f"the proof of an entry that is not there: {beyond.status} {beyond.text()}")
            print(f"log: {size} entries of {origin} hashed again, root, extension and proofs agree")
        finally:
            factory.kill()


try:
    main()
except harness.Failure as error:
    print(f"log: {error}")
    sys.exit(1)
