/* Runs the JavaScript verifier over many questions: one JSON object a line in (`bundle` as base64), one outcome a line out. */
"use strict";
const fs = require("fs");
const verifier = require(process.argv[2]);

const kept = new Map();
function once(path, read) {
  if (!kept.has(path)) kept.set(path, read(fs.readFileSync(path)));
  return kept.get(path);
}

function outcomeOf(question) {
  try {
    const verdict = verifier.verify({
      ...question,
      bundle: Buffer.from(question.bundle, "base64"),
      network: once(question.network, (bytes) => bytes),
      published: once(question.published, (bytes) => ({ "0.1.0": JSON.parse(bytes) })),
    });
    return { outcome: verdict.answer, verdict };
  } catch (error) {
    if (error instanceof verifier.Refused) return { outcome: "refused", part: error.part, error: error.message };
    if (error instanceof verifier.NotCovered) return { outcome: "not covered" };
    return { outcome: "crashed", error: String(error.stack) };
  }
}

for (const line of fs.readFileSync(0, "utf8").split("\n")) {
  if (line) process.stdout.write(JSON.stringify(outcomeOf(JSON.parse(line))) + "\n");
}
