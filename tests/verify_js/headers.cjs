/* Reads headers with the JavaScript verifier: one hexadecimal RLP a line in, what it found a line out. */
"use strict";
const fs = require("fs");
const verifier = require(process.argv[2]);

function read(rlp) {
  try {
    const header = verifier.parseQbftHeader(rlp, "header");
    const signers = header.number === 0 ? [] : [...verifier.signersOf(header)];
    return { number: header.number, hash: header.hash, commitHash: header.commitHash, stateRoot: header.stateRoot, time: header.time, signers };
  } catch (error) {
    return { refused: error instanceof verifier.Refused, error: error.message };
  }
}

for (const line of fs.readFileSync(0, "utf8").split("\n").slice(0, -1)) process.stdout.write(JSON.stringify(read(line)) + "\n");
