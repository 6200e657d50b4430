/* Content digests by the JavaScript verifier: paths of files come in, one a line, and for each a line of JSON goes out.
 * Files are read in a thread that is ended when HDF5 makes no progress; a program may do that, a page leaves it to its browser. */
"use strict";
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const fs = require("fs"), path = require("path");

const STALLED = 20_000;

function digestOf(file) {
  const { contentDigest, Unsupported } = require(path.join(workerData, "hdf5-content.js"));
  const noble = new Function(fs.readFileSync(path.join(workerData, "vendor", "noble.js"), "utf8") + ";return noble;")();
  const subtle = process.env.WITHOUT_WEB_CRYPTO ? null : globalThis.crypto.subtle;
  return contentDigest(new Uint8Array(fs.readFileSync(file)), { sha256: noble.sha256, subtle }).then(
    (digest) => ({ digest }),
    (error) => (error instanceof Unsupported ? { refused: error.message } : { crashed: String(error.stack) }),
  );
}

/** A thread that digests one file after another, until it is ended. */
class Reader {
  constructor() {
    this.worker = new Worker(__filename, { workerData: process.argv[2] });
    this.worker.on("message", (answer) => this.answered(answer));
    this.worker.on("error", (error) => this.answered({ crashed: String(error.stack) }));
  }

  ask(file) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered({ refused: "/: HDF5 makes no progress on it", stalled: true }), STALLED);
      this.answered = (answer) => { clearTimeout(timer); resolve(answer); };
      this.worker.postMessage(file);
    });
  }
}

async function main() {
  let reader = new Reader();
  for (const file of fs.readFileSync(0, "utf8").split("\n").slice(0, -1)) {
    const answer = await reader.ask(file);
    process.stdout.write(JSON.stringify(answer) + "\n");
    if (!answer.stalled && !answer.crashed) continue;
    await reader.worker.terminate();
    reader = new Reader();
  }
  await reader.worker.terminate();
}

if (isMainThread) main();
else parentPort.on("message", async (file) => parentPort.postMessage(await digestOf(file)));
