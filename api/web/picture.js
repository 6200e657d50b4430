// The trace as a picture: rounds on the left, newest on top; their updates; the dataset versions.
import { element } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 262, HEIGHT = 34, GAP = 10, TOP = 26, COLUMNS = [0, 326, 652];
const HEADS = ["Release and rounds, newest first", "Updates of the sites", "Dataset versions"];
export const MOST_UPDATES = 80;

export function picture(trace) {
  const graph = new Graph(trace);
  const rows = graph.rows();
  const drawn = rows.reduce((sum, row) => sum + row.updates.length, 0);
  const all = trace.nodes.reduce((sum, node) => sum + (node.participants?.length ?? 0), 0);
  return Math.max(drawn, all) > MOST_UPDATES ? table(rows) : draw(rows, graph);
}

class Graph {
  constructor(trace) {
    this.trace = trace;
    this.nodes = new Map(trace.nodes.map((node) => [node.id, node]));
    this.targets = new Map();
    for (const edge of trace.edges) {
      const key = `${edge.type} ${edge.source}`;
      this.targets.set(key, [...(this.targets.get(key) ?? []), edge]);
    }
  }

  to(type, node) {
    const edges = this.targets.get(`${type} ${node.id}`) ?? [];
    return edges.map((edge) => this.nodes.get(edge.target)).filter(Boolean);
  }

  // From the release back to the first model: each step with what came in there.
  rows() {
    const rows = [];
    let node = this.nodes.get(this.trace.root) ?? null;
    while (node && rows.length < 10000) {
      rows.push({ node, updates: [...this.#updates(node)] });
      [node] = [...this.to("releases", node), ...this.to("follows", node), ...this.to("starts_from", node)];
    }
    return rows;
  }

  * #updates(round) {
    for (const node of this.to("aggregates", round)) yield { node, taken: true };
    for (const node of this.to("leaves_out", round)) yield { node, taken: false };
    for (const node of this.to("misses", round)) {
      yield { node: { ...node, label: `${node.label} absent` }, taken: false };
    }
  }
}

function draw(rows, graph) {
  const versions = new Map();
  const shapes = HEADS.map((words, column) => head(words, COLUMNS[column]));
  let y = TOP;
  let previous = null;
  for (const row of rows) {
    const round = { x: COLUMNS[0], y };
    shapes.push(box(round, row.node, ""));
    if (previous) shapes.push(line(bottom(previous), top(round)));
    previous = round;
    row.updates.forEach((update, index) => {
      const at = { x: COLUMNS[1], y: y + index * (HEIGHT + GAP) };
      shapes.push(box(at, update.node, update.taken ? "good" : "unsure"), line(right(round), left(at)));
      for (const version of graph.to("uses", update.node)) {
        if (!versions.has(version.id)) {
          versions.set(version.id, { x: COLUMNS[2], y: TOP + versions.size * (HEIGHT + GAP), node: version });
        }
        shapes.push(line(right(at), left(versions.get(version.id))));
      }
    });
    y += Math.max(1, row.updates.length) * (HEIGHT + GAP);
  }
  for (const at of versions.values()) {
    shapes.push(box(at, at.node, at.node.in_standing ? "good" : "bad"));
  }
  const height = Math.max(y, TOP + versions.size * (HEIGHT + GAP));
  const size = { width: COLUMNS[2] + WIDTH + 2, height: height + 2 };
  const svg = shape("svg", { ...size, viewBox: `-1 -1 ${size.width} ${size.height}`, role: "img" });
  svg.append(title("The trace: rounds, updates and dataset versions"), ...shapes);
  return svg;
}

function head(words, x) {
  const text = shape("text", { x: x + 2, y: 14, class: "head" });
  text.textContent = words;
  return text;
}

function box(at, node, kind) {
  const group = shape("g", {});
  const state = node.flags ? `: ${node.flags.join(", ").toLowerCase() || "not approved"}` : "";
  const text = shape("text", { x: at.x + 8, y: at.y + 22 });
  text.textContent = shorten(short(node) + state);
  const rect = shape("rect", { x: at.x, y: at.y, width: WIDTH, height: HEIGHT, rx: 5, class: kind });
  group.append(title(`${node.label}${state}\n${node.id}`), rect, text);
  return group;
}

const short = (node) => (node.type === "version" ? `Version ${node.number}, org. ${node.act.organisation}` : node.label);
const shorten = (text) => (text.length > 38 ? `${text.slice(0, 37)}…` : text);
const right = (at) => [at.x + WIDTH, at.y + HEIGHT / 2];
const left = (at) => [at.x, at.y + HEIGHT / 2];
const top = (at) => [at.x + 20, at.y];
const bottom = (at) => [at.x + 20, at.y + HEIGHT];

function line([x1, y1], [x2, y2]) {
  const bend = (x2 - x1) / 2;
  const d = x1 === x2 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  return shape("path", { d });
}

function title(text) {
  const made = shape("title", {});
  made.textContent = text;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Too many updates for a picture: one line for each round.
function table(rows) {
  const head = ["step", "updates that went in", "absent organisations", "left-out organisations"].map((words) => element("th", { scope: "col" }, words));
  const names = (numbers = []) => (numbers.length ? numbers.join(", ") : "–");
  const body = rows.map(({ node }) => element("tr", {},
    element("td", {}, node.label),
    ...[node.included?.length ?? "–", names(node.absent), names(node.left_out)].map((words) => element("td", {}, `${words}`))));
  return element("table", { class: "list" }, element("tr", {}, ...head), ...body);
}
