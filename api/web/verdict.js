// How a verdict is shown: the answer, what must be seen first, where it comes from, every check.
import { picture } from "./picture.js";
import { element, moment, where } from "./parts.js";
import { evidenceOf } from "./api.js";

const MARKS = { PASS: "✓", FAIL: "✕", "NOT VERIFIABLE": "?" };
const SEALS = { valid: "✓", "not valid": "✕", "not verifiable": "?" };
const WORDS = { PASS: "passed", FAIL: "failed", "NOT VERIFIABLE": "not verifiable" };
const ORDER = ["FAIL", "NOT VERIFIABLE", "PASS"];
const named = (text) => text.replaceAll(" ", "-");

export function* show(verdict, trace, failed) {
  yield answer(verdict, failed);
  if (verdict.notices.length) yield notices(verdict.notices);
  if (trace.nodes.length) yield origin(trace);
  yield checks(verdict.checks);
  yield element("section", { class: "card" }, element("h2", {}, "What no verdict can show"),
    element("ul", { class: "limits" }, ...verdict.limits.map((one) => element("li", {}, one))));
}

function answer(verdict, failed) {
  return element("section", { class: `card answer ${named(verdict.answer)}` },
    element("div", { class: "seal", "aria-hidden": "true" }, SEALS[verdict.answer]),
    element("p", { class: "kicker" }, kicker(verdict)),
    element("h2", {}, verdict.answer),
    element("p", { class: "summary" }, verdict.summary),
    element("dl", { class: "facts" }, ...[...facts(verdict)].flatMap(([name, ...value]) => [
      element("dt", {}, name), element("dd", {}, ...value)])),
    acts(verdict, failed));
}

function kicker(verdict) {
  const known = verdict.checks.find((check) => check.id === "digest.known");
  if (known?.outcome === "FAIL") return "Unknown model: the ledger has no record of it";
  if (verdict.as_of.stale_reason) return `The last known state is that of block ${verdict.as_of.block}`;
  return "The verdict on this model is";
}

function* facts(verdict) {
  const { as_of: asOf, release, presented } = verdict;
  yield ["model", element("code", {}, verdict.digest)];
  if (presented && presented.file_digest !== verdict.digest) yield ["file, SHA-256", element("code", {}, presented.file_digest)];
  if (presented?.content_error) yield ["content", presented.content_error];
  if (release) yield ["released", `by organisation ${release.act.organisation}, ${moment(release.act.at)}, from round ${release.round}`];
  yield ["state of", `block ${asOf.block}, ${moment(asOf.time)}, chain ${asOf.chain_id}`];
  if (asOf.network_file) yield ["network file, SHA-256", element("code", {}, asOf.network_file)];
  if (asOf.stale_reason) yield ["out of date", asOf.stale_reason];
}

function acts(verdict, failed) {
  const name = verdict.digest.slice(0, 8);
  const evidence = element("button", { type: "button" }, "Take the evidence away");
  evidence.addEventListener("click", () =>
    evidenceOf(verdict.digest).then((blob) => give(blob, `${name}.evidence.json`)).catch(failed));
  const save = element("button", { type: "button", class: "plain" }, "Save this verdict (JSON)");
  save.addEventListener("click", () =>
    give(new Blob([JSON.stringify(verdict, null, 1)], { type: "application/json" }), `verdict-${name}.json`));
  const offline = element("a", { href: "verify/", class: "button plain" }, "Check it without this service");
  return element("div", { class: "acts" }, evidence, offline, save);
}

function give(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// Every notice is shown; those of a kind stand together, in the order of the first of each.
function notices(all) {
  const kinds = [...new Set(all.map((notice) => notice.kind))];
  const items = kinds.flatMap((kind) => [
    element("dt", {}, kind.replaceAll("_", " ").toLowerCase()),
    ...all.filter((notice) => notice.kind === kind).map((notice) => element("dd", {}, notice.words)),
  ]);
  return element("section", { class: "card notices" }, element("h2", {}, "To be seen first"), element("dl", {}, ...items));
}

function origin(trace) {
  const shown = picture(trace);
  return element("section", { class: "card" }, element("h2", {}, "Where it comes from"),
    element("div", { class: "picture", tabindex: "0", role: "region", "aria-label": "The trace, from the release back to the data" }, shown),
    ...(shown.localName === "svg" ? [element("p", { class: "legend" }, element("span", {}, "went in, approved today"),
      element("span", { class: "unsure" }, "absent, left out or replaced"), element("span", { class: "bad" }, "not in standing"))] : []));
}

function checks(all) {
  const count = (outcome) => all.filter((one) => one.outcome === outcome).length;
  const tally = [...ORDER].reverse().filter(count).map((outcome) => `${count(outcome)} ${WORDS[outcome]}`).join(", ");
  const sorted = ORDER.flatMap((outcome) => all.filter((one) => one.outcome === outcome));
  // A model that nobody recorded leaves most checks without anything to look at.
  const idle = sorted.filter((one) => one.outcome === "NOT VERIFIABLE" && !one.findings.length);
  const shown = sorted.filter((one) => !idle.includes(one));
  return element("section", { class: "card" },
    element("h2", {}, "Checks", element("span", { class: "tally" }, tally)),
    element("ul", { class: "checks" }, ...shown.map(check)),
    ...(idle.length ? [element("details", { class: "idle" },
      element("summary", {}, `${idle.length} more: nothing is recorded that they could examine`),
      element("ul", { class: "checks" }, ...idle.map(check)))] : []));
}

function check(one) {
  const required = one.required || one.outcome === "PASS" ? "" : " (not required)";
  const summary = element("summary", {},
    element("span", { class: "mark", "aria-hidden": "true" }, MARKS[one.outcome]),
    element("span", {}, element("span", { class: "sr-only" }, `${WORDS[one.outcome]}: `), one.title + required),
    element("span", { class: "found" }, one.found));
  const details = element("details", {}, summary, ...one.findings.map(finding));
  details.open = one.outcome === "FAIL";
  return element("li", { class: named(one.outcome) }, details);
}

function finding(one) {
  const rows = [["expected", one.expected], ["found", one.found], ...where(one.where)];
  return element("table", { class: "finding" }, ...rows.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))));
}
