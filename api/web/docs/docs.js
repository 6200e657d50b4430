// The API's documentation from its OpenAPI document, with nothing fetched from elsewhere.
import { element } from "../parts.js";

const METHODS = ["get", "put", "post", "delete"];
const BASE = new URL("..", location.href).href.replace(/\/$/, "");

const name = (schema) => schema?.$ref?.split("/").at(-1) ?? null;
const anchor = (method, path) => `${method}-${path.replace(/[^a-z0-9]+/gi, "-")}`;
const badge = (method) => element("span", { class: `method ${method}` }, method.toUpperCase());

// Markdown, as far as the descriptions use it: paragraphs and `code`.
function* inline(text) {
  for (const [index, part] of text.split("`").entries()) yield index % 2 ? element("code", {}, part) : part;
}
function words(text = "") {
  return text.trim().split(/\n\s*\n/).map((one) => element("p", {}, ...inline(one.replace(/\s*\n\s*/g, " "))));
}

function type(schema = {}) {
  if (schema.type === "array") return `list of ${type(schema.items)}`;
  const kinds = (schema.anyOf ?? schema.allOf ?? [schema]).filter((one) => one.type !== "null");
  return kinds.map((one) => one.pattern ?? one.enum?.join(" | ") ?? one.const ?? name(one) ?? one.type).join(" | ");
}

function link(schema) {
  const found = name(schema) ?? name(schema?.items) ?? name(schema?.anyOf?.find(name));
  return found ? element("a", { href: `#${found}` }, type(schema)) : element("code", {}, type(schema) ?? "");
}

function table(rows) {
  return element("div", { class: "scroll" }, element("table", { class: "list" }, ...rows));
}

function* parameters(operation) {
  if (!operation.parameters?.length) return;
  yield element("h3", {}, "Parameters");
  yield table(operation.parameters.map((one) => element("tr", {},
    element("td", {}, element("code", {}, one.name)),
    element("td", {}, one.in + (one.required ? ", required" : "")),
    element("td", {}, ...(one.description ? inline(one.description) : [link(one.schema)])))));
}

function* answers(operation) {
  yield element("h3", {}, "Answers");
  yield table(Object.entries(operation.responses).map(([status, answer]) => {
    const [schema] = Object.values(answer.content ?? {}).map((one) => one.schema);
    return element("tr", {}, element("td", {}, element("code", {}, status)), element("td", {}, ...inline(answer.description ?? "")),
      element("td", {}, ...(name(schema) ? [link(schema)] : [])));
  }));
}

function scope(operation) {
  if (!operation.security) return "Needs no token.";
  const free = operation.security.some((one) => !Object.keys(one).length);
  return free ? "Needs no token at this service." : "Needs a bearer token.";
}

function example(method, path, operation) {
  const asked = path.replace("{digest}", "DIGEST").replace("{sha256}", "SHA256");
  const required = (operation.parameters ?? []).filter((one) => one.in === "query" && one.required);
  const query = required.length ? `?${required.map((one) => `${one.name}=DIGEST`).join("&")}` : "";
  const open = !operation.security || operation.security.some((one) => !Object.keys(one).length);
  const parts = ["curl", open ? "" : "-H 'Authorization: Bearer TOKEN'",
    { put: "-T FILE", post: "-H 'Content-Type: application/octet-stream' --data-binary @MODEL.h5" }[method] ?? "",
    `'${BASE}${asked}${query}'`];
  return element("pre", {}, parts.filter(Boolean).join(" "));
}

function endpoint([path, method, operation]) {
  return element("section", { class: "card endpoint", id: anchor(method, path) },
    element("h2", {}, badge(method), element("code", {}, path), element("small", {}, operation.summary ?? "")),
    ...words(operation.description),
    element("p", { class: "quiet" }, scope(operation)),
    example(method, path, operation), ...parameters(operation), ...answers(operation));
}

function schema([title, body]) {
  const rows = Object.entries(body.properties ?? {}).map(([field, one]) => element("tr", {},
    element("td", {}, element("code", {}, field)),
    element("td", {}, link(one)),
    element("td", {}, ...inline(one.description ?? ""))));
  const shown = body.enum ? [element("p", {}, body.enum.join(" | "))] : [table(rows)];
  return element("details", { id: title }, element("summary", {}, element("code", {}, title)),
    ...words(body.description), ...shown);
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}

const document_ = await (await fetch("../openapi.json")).json();
const operations = Object.entries(document_.paths).flatMap(([path, methods]) =>
  METHODS.filter((one) => methods[one]).map((method) => [path, method, methods[method]]));
document.getElementById("contents").replaceChildren(...operations.map(([path, method]) =>
  element("a", { href: `#${anchor(method, path)}` }, badge(method), element("code", {}, path))));
document.getElementById("endpoints").replaceChildren(
  ...operations.map(endpoint),
  element("section", { class: "card", id: "objects" }, element("h2", {}, "Objects"),
    ...Object.entries(document_.components.schemas).map(schema)),
);
addEventListener("hashchange", openTarget);
openTarget();
