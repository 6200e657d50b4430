// Questions to the API. Nothing else is ever asked.
import { Problem } from "./parts.js";

function headers() {
  const token = document.getElementById("token").value.trim();
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function read(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

async function get(path, signal) {
  const answer = await fetch(path, { headers: headers(), signal }).catch((error) => {
    throw error.name === "AbortError" ? error : new Error("The service does not answer.");
  });
  return answer;
}

export const ready = async () => read(await get("readyz"));
export const verdictOf = async (digest, signal) => read(await get(`v1/verdicts/${digest}`, signal));

// A large trace is megabytes; its overview tells whether a picture of it could be drawn at all.
export async function traceOf(digest, signal, mostUpdates) {
  const overview = await read(await get(`v1/traces/${digest}?updates=false`, signal));
  const count = overview.nodes.reduce((sum, node) => sum + (node.participants?.length ?? 0), 0);
  return count > mostUpdates ? overview : read(await get(`v1/traces/${digest}`, signal));
}

export async function evidenceOf(digest) {
  const answer = await get(`v1/models/${digest}/evidence`);
  return answer.ok ? answer.blob() : read(answer);
}

// XMLHttpRequest, because fetch does not tell how much of an upload has gone.
export function upload(file, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "v1/verdicts");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded / event.total);
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.onerror = () => reject(new Error("The connection broke off. Is the file readable, and does the service answer?"));
    request.onload = () => read(new Response(request.responseText, { status: request.status })).then(resolve, reject);
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
