// The API's documentation from its OpenAPI document, with nothing fetched from elsewhere.
import { element } from "../parts.js";

const METHODS = ["get", "put", "post", "delete"];

function parameters(operation) {
  const rows = (operation.parameters ?? []).map((one) => element("tr", {},
    element("td", {}, element("code", {}, one.name)),
    element("td", {}, one.in + (one.required ? ", required" : "")),
    element("td", {}, one.description ?? type(one.schema))));
  return rows.length ? [element("table", { class: "list" }, ...rows)] : [];
}

function type(schema) {
  const kinds = (schema.anyOf ?? [schema]).filter((one) => one.type !== "null");
  return kinds.map((one) => one.pattern ?? one.enum?.join(" | ") ?? name(one) ?? one.type).join(" | ");
}

function name(schema) {
  return schema?.$ref?.split("/").at(-1) ?? null;
}

function answers(operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const [schema] = Object.values(answer.content ?? {}).map((one) => one.schema);
    const shown = name(schema);
    const link = shown ? [element("a", { href: `#${shown}` }, shown)] : [];
    return element("tr", {}, element("td", {}, status), element("td", {}, answer.description ?? ""),
      element("td", {}, ...link));
  });
  return element("table", { class: "list" }, ...rows);
}

function* endpoints(document_) {
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const method of METHODS.filter((one) => operations[one])) {
      const operation = operations[method];
      yield element("section", {},
        element("h2", {}, element("code", {}, `${method.toUpperCase()} ${path}`), ` ${operation.summary ?? ""}`),
        element("p", {}, operation.description ?? ""),
        ...parameters(operation),
        answers(operation));
    }
  }
}

function schema([title, body]) {
  const rows = Object.entries(body.properties ?? {}).map(([field, one]) => element("tr", {},
    element("td", {}, element("code", {}, field)),
    element("td", {}, type(one) ?? ""),
    element("td", {}, one.description ?? "")));
  return element("details", { id: title }, element("summary", {}, element("code", {}, title)),
    element("p", {}, body.description ?? ""), element("table", { class: "list" }, ...rows));
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

const document_ = await (await fetch("../openapi.json")).json();
document.getElementById("endpoints").replaceChildren(
  element("p", {}, document_.info.description),
  ...endpoints(document_),
  element("h2", {}, "Objects"),
  ...Object.entries(document_.components.schemas).map(schema),
);
addEventListener("hashchange", openTarget);
openTarget();
