// Verifies a .tlog-proof file with nothing but Node's own crypto: the log's signature, the witness's cosignature, and the
// inclusion proof by RFC 9162 section 2.1.3.2.
//   node verify.mjs PROOF LOG_VKEY WITNESS_VKEY ENTRY_TEXT
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const refuse = (why) => {
  console.error(`verify.mjs: ${why}`);
  process.exit(1);
};

function readKey(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const bytes = Buffer.from(rest.join("+"), "base64");
  if (bytes.length !== 33) refuse(`${name}: not an Ed25519 key`);
  if (sha256(`${name}\n`, bytes).subarray(0, 4).toString("hex") !== id) refuse(`${name}: wrong key id`);
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), bytes.subarray(1)]);
  return { name, id, type: bytes[0], key: createPublicKey({ key: der, format: "der", type: "spki" }) };
}

function signatureBy(lines, { name, id }) {
  for (const line of lines) {
    const [dash, who, base64] = line.split(" ");
    const bytes = Buffer.from(base64 ?? "", "base64");
    if (dash === "\u2014" && who === name && bytes.subarray(0, 4).toString("hex") === id) return bytes.subarray(4);
  }
  return refuse(`no signature by ${name}`);
}

const [proofPath, logVkey, witnessVkey, entry] = process.argv.slice(2);
const file = readFileSync(proofPath, "utf8");
const split = file.indexOf("\n\n");
const [version, indexLine, ...hashLines] = file.slice(0, split).split("\n");
if (version !== "c2sp.org/tlog-proof@v1" || !/^index (0|[1-9][0-9]*)$/.test(indexLine)) refuse("not a log proof");
const note = file.slice(split + 2);
const cut = note.lastIndexOf("\n\n");
const text = note.slice(0, cut + 1);
const signatures = note.slice(cut + 2).trimEnd().split("\n");
const [origin, sizeText, rootText] = text.split("\n");

const log = readKey(logVkey);
if (log.type !== 1 || origin !== log.name) refuse("the checkpoint is of another log");
if (!verify(null, Buffer.from(text), log.key, signatureBy(signatures, log))) refuse("the log's signature is bad");

const witness = readKey(witnessVkey);
const cosignature = signatureBy(signatures, witness);
const time = cosignature.readBigUInt64BE(0);
const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
if (witness.type !== 4 || !verify(null, message, witness.key, cosignature.subarray(8))) refuse("the cosignature is bad");

let node = BigInt(indexLine.slice(6));
let last = BigInt(sizeText) - 1n;
if (node > last) refuse("the index is not below the size");
let hash = leafHash(entry);
for (const line of hashLines) {
  const sibling = Buffer.from(line, "base64");
  if (last === 0n || sibling.length !== 32) refuse("malformed inclusion proof");
  if (node % 2n === 1n || node === last) {
    hash = nodeHash(sibling, hash);
    while (node % 2n === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
  } else {
    hash = nodeHash(hash, sibling);
  }
  [node, last] = [node >> 1n, last >> 1n];
}
if (last !== 0n || hash.toString("base64") !== rootText) refuse("the inclusion proof does not lead to the root");
console.log(`Node: "${entry}" is in ${origin} at size ${sizeText}, cosigned ${new Date(Number(time) * 1000).toISOString()}`);
