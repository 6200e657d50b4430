/* The content digest of an HDF5 file (hdf5-content-v1), written from docs/spec/hdf5-content-digest.md, not from the Python.
 *
 * h5wasm (HDF5 itself, compiled) finds objects and reads values; hdf5-headers.js reads what h5wasm does not show; where both show
 * something they must agree. A file beyond types, size or memory of this verifier is refused by name and gets no digest.
 */
"use strict";

(function (root) {
  const inNode = typeof module === "object" && typeof require === "function";
  const headers = inNode ? require("./hdf5-headers.js") : root.dragonHdf5Headers;
  const values = inNode ? require("./hdf5-values.js") : root.dragonHdf5Values;
  const { freshLibrary, OpenFile } = inNode ? require("./hdf5-library.js") : root.dragonHdf5Library;
  const { Unsupported } = headers;
  const { Writer, utf8, compareBytes } = values;

  const MIB = 2 ** 20, GIB = 2 ** 30;
  /** What this verifier takes on; sizes in bytes. `values` counts all that is read, more than once where chunks make it so. */
  const LIMITS = { file: GIB, values: 4 * GIB, objects: 100000, depth: 500, attribute: 16 * MIB, slab: 4 * MIB, largestSlab: 128 * MIB, chunk: 64 * MIB, batch: 16384 };
  const BLOCK = MIB;
  /** HDF5's own filters: deflate, shuffle, Fletcher32, szip, n-bit, scale-offset. */
  const FILTERS = [1, 2, 3, 4, 5, 6];

  // ----------------------------------------------------------------------------------------------------- hashing (section 2)

  /** Merkle Tree Hash (RFC 9162, 2.1.1) of leaves that are hashed already. */
  function merkleRoot(sha256, leaves, start = 0, end = leaves.length) {
    if (end === start) return sha256(new Uint8Array(0));
    if (end - start === 1) return leaves[start];
    let split = 1;
    while (2 * split < end - start) split *= 2;
    const node = new Uint8Array(65);
    node[0] = 1;
    node.set(merkleRoot(sha256, leaves, start, start + split), 1);
    node.set(merkleRoot(sha256, leaves, start + split, end), 33);
    return sha256(node);
  }

  function leafHash(sha256, bytes) {
    const leaf = new Uint8Array(bytes.length + 1);
    leaf.set(bytes, 1);
    return sha256(leaf);
  }

  /** The tree over a value's canonical bytes, fed from front to back; whole blocks are hashed by the browser where it can. */
  class ValueTree {
    constructor(hashing) { this.hashing = hashing; this.leaves = []; this.block = null; this.filled = 0; }

    async add(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (this.block === null) this.block = new Uint8Array(BLOCK + 1);
        const size = Math.min(bytes.length - at, BLOCK - this.filled);
        this.block.set(bytes.subarray(at, at + size), this.filled + 1);
        this.filled += size;
        at += size;
        if (this.filled === BLOCK) await this.closeBlock();
      }
    }

    async closeBlock() {
      this.leaves.push(this.hashing.block(this.block.subarray(0, this.filled + 1)));
      this.block = null;
      this.filled = 0;
      if (this.leaves.length % 16 === 0) await Promise.all(this.leaves.slice(-16));
    }

    async root() {
      if (this.filled) await this.closeBlock();
      return merkleRoot(this.hashing.sha256, await Promise.all(this.leaves));
    }
  }

  /** SHA-256 by the vendored library, and by Web Crypto for whole blocks where there is one (a page from disk may have none). */
  function hashingWith(sha256, subtle) {
    const block = subtle ? async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes)) : async (bytes) => sha256(bytes);
    return { sha256, block };
  }

  // ----------------------------------------------------------------------------------------------------- paths (sections 1, 3)

  const GROUP = 0, DATASET = 1, COMMITTED = 2;

  /** All paths of a file in the method's order, as {path, ...} with one of `object`, `target` (soft link) and `alias`. */
  class Walk {
    constructor(open, file) { this.open = open; this.file = file; this.steps = []; this.canonical = new Map(); }

    all() {
      const rootGroup = this.enter("/", GROUP);
      const waiting = this.childrenOf(rootGroup, "");
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const object = this.step(next);
        if (object && object.kind === GROUP) waiting.push(...this.childrenOf(object, next.path));
        if (this.steps.length > LIMITS.objects) throw new Unsupported(next.path, `more than ${LIMITS.objects} paths`);
      }
      return this.steps;
    }

    /** Links of a group, the first one last, so that they can be taken from the end. */
    childrenOf(group, path) {
      if (path.split("/").length > LIMITS.depth) throw new Unsupported(path, `more than ${LIMITS.depth} levels of groups`);
      const names = this.open.children(path || "/").map((name) => ({ name, bytes: linkBytes(name, path || "/") }));
      names.sort((a, b) => compareBytes(b.bytes, a.bytes));
      const links = headers.readLinks(this.file, group.header, path || "/"), distinct = new Set(names.map(({ name }) => name));
      const same = distinct.size === names.length && (links === null || (links.size === names.length && names.every(({ name }) => links.has(name))));
      if (!same) throw new Unsupported(path || "/", "links that are read differently by HDF5 and by this verifier");
      return names.map(({ name }) => ({ path: `${path}/${name}`, target: links === null ? undefined : links.get(name) }));
    }

    step({ path, target }) {
      const shown = this.open.softTarget(path);
      if (shown !== null || target) return void this.steps.push({ path, target: checkedTarget(target, shown, path) });
      if (this.open.isExternal(path)) throw new Unsupported(path, "an external link");
      const address = this.open.address(path);
      const first = this.canonical.get(address);
      if (first === undefined) return this.enter(path, this.open.kind(path), address);
      if (first.header.links < 2 && first.path !== "/") throw new Unsupported(path, "damaged: an object that says it has one link has two");
      this.steps.push({ path, alias: first.path });
      return null;
    }

    enter(path, kind, address = this.open.address(path)) {
      if (![GROUP, DATASET, COMMITTED].includes(kind)) throw new Unsupported(path, "neither group, dataset nor datatype");
      const header = headers.readHeader(this.file, address, path);
      const object = { path, kind, header, stored: kind === DATASET ? headers.readDataset(this.file, header, path) : null };
      this.canonical.set(address, object);
      this.steps.push({ path, object });
      return object;
    }
  }

  /** A soft link's target as the file has it; h5wasm's text of it must agree. */
  function checkedTarget(target, shown, path) {
    if (target === undefined) throw new Unsupported(path, "a soft link in dense storage");
    if (!target || headers.utf8Text(target, path) !== shown) throw new Unsupported(path, "a soft link whose target is read differently by HDF5 and by this verifier");
    return target;
  }

  /** The bytes of a name. h5wasm replaces what is not UTF-8. */
  function nameBytes(name, where) {
    if (!name.isWellFormed() || /[\ufffd\ufeff\0]/.test(name)) throw new Unsupported(where, `a name that this verifier does not read (${JSON.stringify(name)})`);
    return utf8(name);
  }

  /** A link's name; some would lead elsewhere as a part of a path. */
  function linkBytes(name, where) {
    if (name === "" || name === "." || name.includes("/")) throw new Unsupported(where, `a link of the name ${JSON.stringify(name)}`);
    return nameBytes(name, where);
  }

  // ------------------------------------------------------------------------------------------------- entries (sections 3 to 6)

  const KIND_CODES = { [GROUP]: 1, [DATASET]: 2, [COMMITTED]: 3 };

  class Objects {
    constructor(open, file, walk, hashing, progress) {
      Object.assign(this, { open, file, walk, hashing, progress, left: LIMITS.values });
      this.memory = new values.Memory(open.library, (address, where) => this.pathOf(address, where));
    }

    pathOf(address, where) {
      const object = this.walk.canonical.get(address);
      if (!object) throw new Unsupported(where, "a reference to an object that no path leads to");
      return utf8(object.path);
    }

    spend(size, where) {
      this.left -= size;
      if (this.left < 0) throw new Unsupported(where, `more than ${LIMITS.values} bytes of values to read`);
    }

    async entry({ path, object, target, alias }) {
      const entry = new Writer().sized(utf8(path));
      if (target) return entry.u8(4).sized(target).taken();
      if (alias) return entry.u8(5).sized(utf8(alias)).taken();
      entry.u8(KIND_CODES[object.kind]).add(this.attributes(object));
      if (object.kind === DATASET) await this.dataset(object, entry);
      if (object.kind === COMMITTED) this.committed(object, entry);
      return entry.taken();
    }

    committed({ path, header }, entry) {
      const type = headers.readCommitted(this.file, header, path);
      values.checkAgreement(type, this.open.committed(path), path);
      entry.sized(values.writeType(type, new Writer()).taken());
    }

    async dataset(object, entry) {
      const { path } = object, stored = { path, ...object.stored, shape: this.open.dataset(path) };
      values.checkAgreement(stored.type, stored.shape, path);
      checkSpace(stored.space, stored.shape, path);
      this.checkFilters(stored);
      entry.sized(values.writeType(stored.type, new Writer()).taken()).sized(values.writeSpace(stored.space, new Writer()).taken());
      entry.add(await this.data(stored));
    }

    checkFilters(stored) {
      const filters = this.open.filters(stored.path), strange = filters.find(({ id }) => !FILTERS.includes(id));
      if (strange) throw new Unsupported(stored.path, `filter ${strange.id} (${strange.name})`);
      stored.filtered = filters.length > 0;
      const chunk = (stored.shape.chunks || []).reduce((product, extent) => product * extent, stored.shape.size);
      if (stored.filtered && chunk > LIMITS.chunk) throw new Unsupported(stored.path, `compressed chunks of more than ${LIMITS.chunk} bytes`);
    }

    // ---------------------------------------------------------------------------------------------------------- values

    async data(stored) {
      const tree = new ValueTree(this.hashing), count = values.countOf(stored.space);
      if (count * BigInt(stored.shape.size) > BigInt(LIMITS.values)) throw new Unsupported(stored.path, `more than ${LIMITS.values} bytes of values`);
      stored.memoryType = values.typeInMemory(stored.type, stored.path);
      const converted = stored.memoryType !== stored.type || !values.isFixed(stored.type);
      if (converted && !stored.filled) throw new Unsupported(stored.path, "values that may never have been written and have no fill value");
      if (count) await (values.isFixed(stored.type) ? this.fixed(stored, tree) : this.variable(stored, Number(count), tree));
      return tree.root();
    }

    async fixed(stored, tree) {
      const { path, shape } = stored, canonical = values.canonicalizer(stored.memoryType, path);
      const cut = cutOf(shape.shape, shape.size, shape.chunks);
      this.spend(shape.total_size * shape.size * (stored.filtered ? visitsOf(cut, shape.shape, shape.chunks) : 1), path);
      const place = this.open.allocate(cut.bytes, path);
      for (const slab of slabsOf(shape.shape, cut)) {
        const size = sizeOf(slab, shape.size);
        this.open.read(path, slab, place, size);
        await tree.add(canonical(this.memory.bytes(place, size, path)));
        await this.progress(size);
      }
      this.open.library._free(place);
    }

    async variable(stored, total, tree) {
      const { path, shape } = stored, write = values.valueWriter(stored.memoryType, shape, this.memory, path);
      let batch = 64;
      for (let position = 0; position < total;) {
        const slab = slabAt(shape.shape, position, batch);
        const written = this.batchOf(stored, slab, write);
        this.spend(written.length, path);
        await tree.add(written);
        position += sizeOf(slab, 1);
        batch = 2 * written.length < LIMITS.slab ? Math.min(LIMITS.batch, 2 * batch) : Math.max(1, batch >> 1);
        await this.progress(sizeOf(slab, shape.size));
      }
    }

    /** The canonical bytes of a slab of values of variable size. */
    batchOf({ path, shape }, slab, write) {
      const count = sizeOf(slab, 1), size = count * shape.size, place = this.open.allocate(size, path), to = new Writer();
      this.open.read(path, slab, place, size);
      for (let i = 0; i < count; i++) this.limited(write, place + i * shape.size, to, path);
      this.open.reclaim(path, slab, place);
      this.open.library._free(place);
      return to.taken();
    }

    limited(write, at, to, where) {
      write(at, to);
      if (to.length > LIMITS.largestSlab) throw new Unsupported(where, `more than ${LIMITS.largestSlab} bytes of values of variable size at once`);
    }

    // ------------------------------------------------------------------------------------------------------ attributes

    attributes({ path, header }) {
      const found = headers.readAttributes(this.file, header, path).sort((a, b) => compareBytes(a.name, b.name));
      const shown = this.open.attributeNames(path).map((name) => ({ name, bytes: nameBytes(name, path) })).sort((a, b) => compareBytes(a.bytes, b.bytes));
      const same = found.length === shown.length && found.every(({ text }, i) => text === shown[i].name && (i === 0 || text !== shown[i - 1].name));
      if (!same) throw new Unsupported(path, "attributes that are read differently by HDF5 and by this verifier");
      return merkleRoot(this.hashing.sha256, found.map((attribute) => leafHash(this.hashing.sha256, this.attribute(path, attribute))));
    }

    attribute(path, attribute) {
      const { name, text, where, type, space } = attribute;
      const shape = this.open.attribute(path, text);
      values.checkAgreement(type, shape, where);
      checkSpace(space, shape, where);
      if (shape.total_size * shape.size > LIMITS.attribute) throw new Unsupported(where, `more than ${LIMITS.attribute} bytes`);
      const each = values.isFixed(type) ? this.fixedAttribute(attribute) : this.variableAttribute(path, attribute, shape);
      if (isReferenceList(text, type, space)) each.sort(compareBytes);
      const leaf = new Writer().sized(name).sized(values.writeType(type, new Writer()).taken()).sized(values.writeSpace(space, new Writer()).taken());
      return leaf.add(this.smallData(each)).taken();
    }

    /** Values of a fixed size lie in the message itself. */
    fixedAttribute({ where, type, space, raw }) {
      const size = Number(values.countOf(space)) * type.size;
      if (size > raw.length) throw new Unsupported(where, "damaged: its values reach past its end");
      return size ? [values.canonicalizer(type, where)(raw.subarray(0, size))] : [];
    }

    variableAttribute(path, { where, text, type, space }, shape) {
      const count = Number(values.countOf(space));
      if (!count) return [];
      const write = values.valueWriter(values.typeInMemory(type, where), shape, this.memory, where);
      const size = count * shape.size, place = this.open.allocate(size, where);
      this.open.readAttribute(path, text, place, size);
      const each = Array.from({ length: count }, (_, i) => {
        const to = new Writer();
        this.limited(write, place + i * shape.size, to, where);
        this.spend(to.length, where);
        return to.taken();
      });
      this.open.reclaimAttribute(path, text, place);
      this.open.library._free(place);
      return each;
    }

    smallData(each) {
      const bytes = each.reduce((to, one) => to.add(one), new Writer()).taken(), leaves = [];
      for (let at = 0; at < bytes.length; at += BLOCK) leaves.push(leafHash(this.hashing.sha256, bytes.subarray(at, at + BLOCK)));
      return merkleRoot(this.hashing.sha256, leaves);
    }
  }

  /** The one list whose order has no meaning (section 6). */
  const isReferenceList = (name, type, { dims }) => name === "REFERENCE_LIST" && type.kind === "compound" && dims !== null && dims.length === 1
    && type.members.map((member) => member.type.kind).join() === "reference,integer";

  function checkSpace({ dims, largest }, shape, where) {
    const same = (extents, numbers) => numbers !== null && extents.map(Number).join() === Array.from(numbers).join();
    if (dims === null ? shape.shape !== null : !shape.shape || !same(dims, shape.shape) || !same(largest, shape.maxshape)) {
      throw new Unsupported(where, "extents that are read differently by HDF5 and by this verifier");
    }
  }

  // ----------------------------------------------------------------------------------------------------------- slabs of datasets

  const product = (extents) => extents.reduce((all, extent) => all * extent, 1);
  const sizeOf = (slab, element) => (slab ? product(slab.count) * element : element);

  /** A way to read a dataset in row-major order: axes before `axis` one index at a time, `axis` in steps of whole chunks if they fit. */
  function cutOf(dims, element, chunk) {
    let axis = 0, row = element * product(dims.slice(1));
    while (row > LIMITS.slab && axis < dims.length - 1) row /= dims[++axis];
    let step = Math.max(1, Math.floor(LIMITS.slab / row));
    const whole = chunk ? chunk[axis] : 1;
    if (step >= whole) step -= step % whole;
    else if (whole * row <= LIMITS.largestSlab) step = whole;
    step = dims.length ? Math.min(step, dims[axis]) : 1;
    return { axis, step, bytes: Math.max(step * row, element) };
  }

  /** How often a chunk is unpacked at most. */
  function visitsOf({ axis, step }, dims, chunk) {
    if (!chunk || !dims.length) return 1;
    const outer = product(dims.slice(0, axis).map((extent, i) => Math.min(extent, chunk[i])));
    return step >= dims[axis] || step % chunk[axis] === 0 ? outer : outer * (Math.ceil(chunk[axis] / step) + 1);
  }

  function* slabsOf(dims, { axis, step }) {
    if (!dims.length) { yield null; return; }
    const outer = dims.slice(0, axis), behind = dims.slice(axis + 1), turns = product(outer);
    for (let turn = 0; turn < turns; turn++) {
      for (let first = 0; first < dims[axis]; first += step) {
        yield { start: [...indexesOf(outer, turn), first, ...behind.map(() => 0)], count: [...outer.map(() => 1), Math.min(step, dims[axis] - first), ...behind] };
      }
    }
  }

  function indexesOf(dims, position) {
    const indexes = [];
    for (let axis = dims.length - 1; axis >= 0; axis--) { indexes.unshift(position % dims[axis]); position = Math.floor(position / dims[axis]); }
    return indexes;
  }

  /** The longest slab of at most `most` elements that starts at a row-major position; null for a scalar. */
  function slabAt(dims, position, most) {
    if (!dims.length) return null;
    const start = indexesOf(dims, position);
    let axis = dims.length - 1;
    while (axis > 0 && start[axis] === 0 && product(dims.slice(axis)) <= most) axis -= 1;
    const behind = dims.slice(axis + 1), run = Math.max(1, Math.floor(most / product(behind)));
    return { start, count: [...dims.slice(0, axis).map(() => 1), Math.min(run, dims[axis] - start[axis]), ...behind] };
  }

  // ---------------------------------------------------------------------------------------------------------------- whole files

  /** Lets a page breathe, and says how far the reading is. */
  function progressOf(total, report) {
    let done = 0, last = Date.now();
    const pause = typeof setImmediate === "function" ? setImmediate : setTimeout;
    return async (size) => {
      done += size;
      if (Date.now() - last < 40) return;
      if (report) report(total ? Math.min(1, done / total) : 1);
      await new Promise((resolve) => { pause(resolve, 0); });
      last = Date.now();
    };
  }

  /** About how many bytes of values there are; only for progress. */
  function totalOf(steps) {
    const datasets = steps.filter(({ object }) => object && object.stored).map(({ object }) => object.stored);
    return datasets.reduce((sum, { type, space }) => sum + Number(values.countOf(space)) * type.size, 0);
  }

  /** The content digest of a file's bytes, as 64 hexadecimal digits.
   *
   * Takes over `bytes` (a Uint8Array) without changing it. `sha256` hashes bytes; `subtle` is Web Crypto's, or null; `report` is told how much
   * is done, from 0 to 1. Throws Unsupported where this verifier gives no digest.
   */
  async function contentDigest(bytes, { sha256, subtle = null, report = null }) {
    if (bytes.length > LIMITS.file) throw new Unsupported("/", `a file of more than ${LIMITS.file} bytes; this verifier holds it in memory`);
    const file = new headers.FileBytes(bytes), open = new OpenFile(await freshLibrary(), bytes);
    const walk = new Walk(open, file), steps = walk.all();
    const objects = new Objects(open, file, walk, hashingWith(sha256, subtle), progressOf(totalOf(steps), report));
    const leaves = [];
    for (const step of steps) leaves.push(leafHash(sha256, await objects.entry(step)));
    const sealed = new Writer().add(utf8("hdf5-content-v1")).u8(0).u64(leaves.length).add(merkleRoot(sha256, leaves));
    return Array.from(sha256(sealed.taken()), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  const api = { contentDigest, Unsupported, LIMITS };
  if (inNode) module.exports = api; else root.dragonHdf5Content = api;
})(typeof globalThis === "object" ? globalThis : this);
