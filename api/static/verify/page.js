/* The page around verify.js: takes the files, shows the verdict. Texts of bundles reach the page as text nodes only. */
"use strict";

(function () {
  const { verify, presentedFile, basisLines, hashOf, Refused, NotCovered } = globalThis.dragonVerify;
  const byId = (id) => document.getElementById(id);

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  async function* chunksOf(file) {
    const reader = file.stream().getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  }

  const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());
  const value = (id) => byId(id).value.trim() || undefined;
  const wholeOr = (id, otherwise) => (value(id) === undefined ? otherwise : Number(value(id)));

  async function question() {
    const [bundle, network, model] = ["bundle", "network", "model"].map((id) => byId(id).files[0]);
    const digest = hashOf(value("digest"), "Content digest");
    if (!model && !digest) throw new Error("Choose the model file, or give its content digest.");
    return {
      bundle: await bytesOf(bundle), network: await bytesOf(network), published: globalThis.dragonPublishedCode,
      demands: {
        now: wholeOr("now", Math.floor(Date.now() / 1000)), maxAge: wholeOr("maxAge", null), atLeastBlock: wholeOr("atLeastBlock", null),
        acceptedCheckpoint: hashOf(value("acceptedCheckpoint"), "Block hash"),
      },
      presented: model ? await digestsOf(model, digest) : null, digest,
    };
  }

  /** Shows how far the reading is; the bar is drawn between one piece of the file and the next. */
  function digestsOf(model, given) {
    const bar = element("progress", ""), words = element("span", "");
    byId("result").replaceChildren(element("p", "working", bar, words));
    const report = (what, share) => { bar.value = share; words.textContent = `${what} of ${model.name}: ${Math.floor(100 * share)} %`; };
    const subtle = globalThis.crypto ? globalThis.crypto.subtle || null : null;
    return presentedFile({ chunks: chunksOf(model), size: model.size, given, report, subtle });
  }

  function answer(className, title, ...lines) {
    return element("div", `answer ${className}`, element("h2", "", title), ...lines.map((line) => element("p", "", line)));
  }

  function row(check) {
    const words = check.outcome === "PASS" ? check.title : `${check.title} ${check.found}${check.required ? "" : " (not required)"}`;
    return element("tr", "", element("td", check.outcome.replace(" ", "-"), check.outcome), element("td", "", element("code", "", check.id)), element("td", "", words));
  }

  function shown(verdict) {
    const head = answer(verdict.answer.replace(" ", "-"), verdict.answer, verdict.summary, ...basisLines(verdict));
    const notices = element("ul", "notices", ...verdict.notices.map((notice) => element("li", "", notice.words)));
    const checks = element("table", "", ...verdict.checks.map(row));
    return [head, ...(verdict.notices.length ? [notices] : []), checks, ...verdict.limits.map((limit) => element("p", "quiet", limit))];
  }

  function failure(error) {
    if (error instanceof Refused && error.part.startsWith("network file")) return [answer("refused", "Nothing was verified", error.message)];
    if (error instanceof Refused) return [answer("refused", "Bundle refused", error.message, "A refused bundle says nothing about the model.")];
    if (error instanceof NotCovered) return [answer("not-verifiable", "Not verifiable", `${error.message[0].toUpperCase()}${error.message.slice(1)}.`)];
    return [answer("refused", "Nothing was verified", error.message)];
  }

  byId("ask").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = byId("ask").querySelector("button");
    byId("result").replaceChildren("Verifying...");
    button.disabled = true;
    let parts;
    try { parts = shown(verify(await question())); } catch (error) { parts = failure(error); }
    byId("result").replaceChildren(...parts);
    button.disabled = false;
  });

  for (const label of document.querySelectorAll("label.file")) {
    label.addEventListener("dragover", (event) => { event.preventDefault(); label.classList.add("over"); });
    label.addEventListener("dragleave", () => label.classList.remove("over"));
    label.addEventListener("drop", (event) => {
      event.preventDefault();
      label.classList.remove("over");
      label.querySelector("input").files = event.dataTransfer.files;
    });
  }
})();
