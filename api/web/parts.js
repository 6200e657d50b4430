// Small parts that several pages use. Text is always set as text, never as markup.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function moment(seconds) {
  return `${new Date(1000 * seconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function where(place) {
  if (!place) return [];
  const rows = [["where", `${place.contract} ${place.address ?? ""}, block ${place.block}`]];
  if (place.transaction) rows.push(["transaction", place.transaction]);
  if (place.slot) rows.push(["slot", place.slot]);
  return rows;
}

// A problem (RFC 9457) as an error that says what happened, and where the service explains it.
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The service answered ${status}.`);
    this.title = body?.title ?? "That did not work.";
    this.help = body?.help?.replace(/^\//, "");
  }
}
