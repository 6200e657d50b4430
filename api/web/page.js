// The page: asks the API, and only the API, and shows what it answers.
import { picture } from "./picture.js";
import { element, moment, where } from "./parts.js";

const $ = (id) => document.getElementById(id);
const MARKS = { PASS: "✔", FAIL: "✘", "NOT VERIFIABLE": "?" };
const HEX = /^((sha256|hdf5-content-v1):|0x)?[0-9a-f]{64}$/i;

function headers() {
  const token = $("token").value.trim();
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function read(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.detail ?? `The service answered ${response.status}.`);
  return body;
}

// XMLHttpRequest, because fetch does not tell how much of an upload has gone.
function upload(file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "v1/verdicts");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.loaded < event.total) $("progress").value = event.loaded / event.total;
      else $("progress").removeAttribute("value"); // the service reads the file now
    };
    request.onerror = () => reject(new Error("The service does not answer."));
    request.onload = () => {
      const answer = new Response(request.responseText, { status: request.status });
      read(answer).then(resolve, reject);
    };
    request.send(file);
  });
}

async function ask(question) {
  $("trouble").hidden = true;
  $("verdict").hidden = true;
  $("progress").hidden = false;
  $("progress").removeAttribute("value");
  try {
    const verdict = await question();
    const trace = await read(await fetch(`v1/traces/${verdict.digest}`, { headers: headers() }));
    $("verdict").replaceChildren(...show(verdict, trace));
    $("verdict").hidden = false;
  } catch (error) {
    $("trouble").textContent = error.message;
    $("trouble").hidden = false;
  } finally {
    $("progress").hidden = true;
  }
}

function* show(verdict, trace) {
  yield element("section", { class: `answer ${verdict.answer.replace(" ", "-")}` },
    element("h2", {}, verdict.answer),
    element("p", {}, verdict.summary),
    element("p", { class: "quiet" }, "digest ", element("code", {}, verdict.digest)));
  if (verdict.notices.length) yield notices(verdict.notices);
  if (trace.nodes.length) {
    yield element("h2", {}, "Where it comes from");
    yield element("div", { class: "picture" }, picture(trace));
  }
  yield element("h2", {}, "Checks");
  yield element("ul", { class: "checks" }, ...verdict.checks.map(check));
  yield state(verdict.as_of);
  yield element("ul", { class: "quiet" }, ...verdict.limits.map((one) => element("li", {}, one)));
  yield save(verdict);
}

function notices(all) {
  const items = all.flatMap((notice) => [
    element("dt", {}, notice.kind.replaceAll("_", " ").toLowerCase()),
    element("dd", {}, notice.words),
  ]);
  return element("section", { class: "notices" }, element("h2", {}, "To be seen first"),
    element("dl", {}, ...items));
}

function check(one) {
  const required = one.required || one.outcome === "PASS" ? "" : " (not required)";
  const summary = element("summary", {},
    element("span", { class: "mark", title: one.outcome }, MARKS[one.outcome]),
    element("span", {}, one.title + required),
    element("span", { class: "found quiet" }, one.found));
  const details = element("details", {}, summary, ...one.findings.map(finding));
  details.open = one.outcome === "FAIL";
  return element("li", { class: one.outcome.replace(" ", "-") }, details);
}

function finding(one) {
  const rows = [["expected", one.expected], ["found", one.found], ...where(one.where)];
  return element("table", { class: "finding" }, ...rows.map(([name, value]) =>
    element("tr", {}, element("th", {}, name), element("td", {}, value))));
}

function state(asOf) {
  const words = `As of block ${asOf.block} (${moment(asOf.time)}) of chain ${asOf.chain_id}.`;
  const stale = asOf.stale_reason ? ` Out of date: ${asOf.stale_reason}` : "";
  return element("p", { class: stale ? "unsure" : "quiet" }, words + stale);
}

function save(verdict) {
  const blob = new Blob([JSON.stringify(verdict, null, 1)], { type: "application/json" });
  const name = `verdict-${verdict.digest.slice(0, 8)}.json`;
  return element("p", {},
    element("a", { href: URL.createObjectURL(blob), download: name }, "Save this verdict (JSON)"));
}

async function ready() {
  try {
    const body = await read(await fetch("readyz"));
    $("state").textContent = `The service has read block ${body.block} (${moment(body.time)}).`;
  } catch (error) {
    $("state").textContent = `The service cannot follow the chain: ${error.message}`;
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const digest = $("digest").value.trim();
  if (HEX.test(digest)) {
    ask(async () => read(await fetch(`v1/verdicts/${digest}`, { headers: headers() })));
  } else {
    $("trouble").textContent = "A digest has 64 hexadecimal digits.";
    $("trouble").hidden = false;
  }
});
$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  if (file) ask(() => upload(file));
});
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  $("drop").addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", over);
    const [file] = name === "drop" ? event.dataTransfer.files : [];
    if (file) ask(() => upload(file));
  });
}
ready();
const asked = new URLSearchParams(location.search).get("digest");
if (asked) {
  $("digest").value = asked;
  $("ask").requestSubmit();
}
