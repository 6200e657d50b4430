// The page: takes a file or a digest, asks the API, and only the API, and shows what it answers.
import { ready, traceOf, upload, verdictOf } from "./api.js";
import { element, moment } from "./parts.js";
import { MOST_UPDATES } from "./picture.js";
import { show } from "./verdict.js";

const $ = (id) => document.getElementById(id);
const HEX = /^((sha256|hdf5-content-v1):|0x)?[0-9a-f]{64}$/i;
const REFRESH = 30000;
let running = null;

function step(words, share = null) {
  $("step").textContent = words;
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = share;
}

function failed(error) {
  const help = error.help ? [element("p", {}, element("a", { href: error.help }, "What to do next"))] : [];
  $("trouble").replaceChildren(element("strong", {}, error.title ?? "That did not work."), element("p", {}, error.message), ...help);
  $("trouble").hidden = false;
}

async function ask(question) {
  running?.abort();
  const mine = running = new AbortController();
  $("trouble").hidden = $("verdict").hidden = true;
  $("working").hidden = false;
  step("Asking the ledger…");
  try {
    const verdict = await question(mine.signal);
    step("Following the trace…");
    const trace = await traceOf(verdict.digest, mine.signal, MOST_UPDATES);
    $("verdict").replaceChildren(...show(verdict, trace, failed));
    $("verdict").hidden = false;
    $("announce").textContent = `Verdict: ${verdict.answer}. ${verdict.summary}`;
    $("verdict").scrollIntoView({ behavior: "smooth", block: "start" });
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  } finally {
    if (running === mine) {
      running = null;
      $("working").hidden = true;
    }
  }
}

function askFile(files) {
  if (files.length !== 1) {
    failed(new Error(files.length ? "One file at a time, please." : "What was dropped is no file."));
    return;
  }
  const [file] = files;
  const megabytes = (file.size / 1e6).toFixed(file.size < 1e7 ? 1 : 0);
  ask((signal) => upload(file, signal, (share) => {
    if (share < 1) step(`Sending ${file.name}: ${Math.floor(100 * share)} % of ${megabytes} MB`, share);
    else step(`The service reads ${file.name}…`);
  }));
}

async function refresh() {
  try {
    const body = await ready();
    $("state").className = "pill good";
    $("state").textContent = `The service has read block ${body.block} (${moment(body.time)}).`;
  } catch (error) {
    $("state").className = "pill bad";
    $("state").textContent = `The service cannot follow the chain: ${error.message}`;
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const digest = $("digest").value.trim();
  if (HEX.test(digest)) ask((signal) => verdictOf(digest, signal));
  else failed(new Error("A digest has 64 hexadecimal digits. 'dragon-ledger digest FILE' and sha256sum print them."));
});
$("file").addEventListener("change", () => {
  const files = [...$("file").files];
  $("file").value = ""; // so that the same file can be chosen again
  if (files.length) askFile(files);
});
$("cancel").addEventListener("click", () => running?.abort());

// A file may be dropped anywhere: beside the frame, the browser would open it instead.
const withFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!withFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
addEventListener("drop", (event) => {
  if (!withFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dragging");
  askFile([...event.dataTransfer.files]);
});

refresh();
setInterval(refresh, REFRESH);
const asked = new URLSearchParams(location.search).get("digest");
if (asked) {
  $("digest").value = asked;
  $("ask").requestSubmit();
}
