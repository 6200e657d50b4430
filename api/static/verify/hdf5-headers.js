/* Reads from an HDF5 file's bytes what h5wasm does not show: object headers with their datatypes, dataspaces, attributes, and the
 * texts of soft links. Written from the HDF5 File Format Specification, versions 3 and 4; section numbers below are its. What is not
 * read here (attributes in fractal heaps, shared messages, ...) is refused by name. h5wasm opens every object too, and so checks checksums.
 */
"use strict";

(function (root) {
  const inNode = typeof module === "object" && typeof require === "function";

  /** This verifier gives no content digest for the file. That says nothing about the model. */
  class Unsupported extends Error {
    constructor(where, what) { super(`${where}: ${what}`); this.where = where; this.what = what; }
  }

  const MESSAGE = { DATASPACE: 0x01, LINK_INFO: 0x02, DATATYPE: 0x03, FILL_VALUE: 0x05, LINK: 0x06, EXTERNAL_FILES: 0x07, LAYOUT: 0x08, ATTRIBUTE: 0x0c, CONTINUATION: 0x10, SYMBOL_TABLE: 0x11, ATTRIBUTE_INFO: 0x15, LINKS: 0x16 };
  const SHARED = 2;
  const MOST_BLOCKS = 4096, MOST_NODES = 100000, DEEPEST_TYPE = 32;

  const paddedTo8 = (size) => (size + 7) & ~7;
  const latin1 = (bytes) => String.fromCharCode(...bytes);

  /** The text of bytes that must be UTF-8. */
  function utf8Text(bytes, where) {
    try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); } catch { throw new Unsupported(where, "a name that is not UTF-8"); }
  }

  /** A place in a run of bytes; reading past the run's end refuses the file. */
  class Cursor {
    constructor(bytes, where) { this.bytes = bytes; this.at = 0; this.where = where; }

    get left() { return this.bytes.length - this.at; }

    take(size) {
      if (size > this.left) throw new Unsupported(this.where, "damaged: a part of its header reaches past its end");
      this.at += size;
      return this.bytes.subarray(this.at - size, this.at);
    }

    /** An unsigned number, little-endian, as a BigInt. */
    big(size) { return this.take(size).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n); }

    number(size) {
      const value = this.big(size);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unsupported(this.where, "damaged: a number in its header is too large");
      return Number(value);
    }

    /** An address, or null where it is undefined (all bits set). */
    address(size) {
      const value = this.big(size);
      return value === (1n << BigInt(8 * size)) - 1n ? null : value;
    }

    /** Bytes up to the next NUL, which is read too. */
    terminated() {
      const end = this.bytes.indexOf(0, this.at);
      const name = this.take((end < 0 ? this.bytes.length : end) - this.at);
      this.take(1);
      return name;
    }

    expect(text) { if (latin1(this.take(text.length)) !== text) throw new Unsupported(this.where, `damaged: ${text} is not where it should be`); }
  }

  /** The bytes of a file; addresses count from its superblock. */
  class FileBytes {
    constructor(bytes) {
      this.bytes = bytes;
      this.base = signatureOf(bytes);
      const version = bytes[this.base + 8];
      if (!(version <= 3)) throw new Unsupported("/", `superblock version ${version}`);
      [this.offsetSize, this.lengthSize] = bytes.subarray(this.base + (version < 2 ? 13 : 9));
      if (![2, 4, 8].includes(this.offsetSize) || ![2, 4, 8].includes(this.lengthSize)) throw new Unsupported("/", "sizes of addresses other than 2, 4 and 8 bytes");
    }

    cursor(address, size, where) {
      const start = address === null ? Infinity : this.base + Number(address);
      if (!(start + size <= this.bytes.length)) throw new Unsupported(where, "damaged: an address outside of the file");
      return new Cursor(this.bytes.subarray(start, start + size), where);
    }
  }

  /** Where the superblock is: at byte 0, 512, 1024, 2048 ... (II.A). */
  function signatureOf(bytes) {
    for (let at = 0; at + 48 <= bytes.length; at = at * 2 || 512) {
      if (latin1(bytes.subarray(at, at + 8)) === "\x89HDF\r\n\x1a\n") return at;
    }
    throw new Unsupported("/", "not an HDF5 file: its signature is not there");
  }

  // ------------------------------------------------------------------------------------------------- object headers (IV.A.1)

  /** The object header at an address: its number of hard links, and its messages as {type, flags, body}. */
  function readHeader(file, address, where) {
    const version = file.cursor(address, 4, where).bytes[0];
    return version === 1 ? readHeader1(file, address, where) : readHeader2(file, address, where);
  }

  function readHeader1(file, address, where) {
    const prefix = file.cursor(address, 16, where);
    prefix.take(4);
    const links = prefix.number(4), size = prefix.number(4);
    const message = (block) => {
      const type = block.number(2), length = block.number(2), flags = block.number(1);
      block.take(3);
      return { type, flags, body: new Cursor(block.take(length), where) };
    };
    const first = file.cursor(address + 16n, size, where);
    return { links, messages: allMessages(file, first, (length) => length, 8, message) };
  }

  function readHeader2(file, address, where) {
    const prefix = file.cursor(address, Math.min(64, file.bytes.length - file.base - Number(address)), where);
    prefix.expect("OHDR\x02");
    const headerFlags = prefix.number(1);
    prefix.take((headerFlags & 0x20 ? 16 : 0) + (headerFlags & 0x10 ? 4 : 0));
    const size = prefix.number(1 << (headerFlags & 3));
    const ordered = (headerFlags & 4) !== 0;
    const message = (block) => {
      const type = block.number(1), length = block.number(2), flags = block.number(1);
      block.take(ordered ? 2 : 0);
      return { type, flags, body: new Cursor(block.take(length), where) };
    };
    const first = file.cursor(address + BigInt(prefix.at), size, where);
    const messages = allMessages(file, first, (length, block) => { block.expect("OCHK"); return length - 4; }, ordered ? 6 : 4, message);
    const counted = messages.filter(({ type }) => type === MESSAGE.LINKS);
    if (counted.length > 1) throw new Unsupported(where, "damaged: two reference counts");
    const links = counted.length ? linkCount(counted[0].body) : 1;
    return { links, messages };
  }

  function linkCount(body) { body.take(1); return body.number(4); }

  /** Messages of a header's first block and of all that continue it; `end` says where a continuation's messages end, after its signature. */
  function allMessages(file, first, end, smallest, message) {
    const messages = [], blocks = [[first, first.bytes.length]], seen = new Set();
    for (let at = 0; at < blocks.length; at++) {
      const [block, until] = blocks[at];
      while (until - block.at >= smallest) {
        const one = message(block);
        if (one.type === MESSAGE.CONTINUATION) blocks.push(continuation(file, one.body, end, seen));
        else messages.push(one);
      }
    }
    return messages;
  }

  function continuation(file, body, end, seen) {
    const address = body.address(file.offsetSize), length = body.number(file.lengthSize);
    if (seen.has(address) || seen.size === MOST_BLOCKS) throw new Unsupported(body.where, "damaged: its header continues in a circle");
    seen.add(address);
    const block = file.cursor(address, length, body.where);
    return [block, end(length, block)];
  }

  /** The only message of a type, or null. */
  function single(header, type, where) {
    const found = header.messages.filter((message) => message.type === type);
    if (found.length > 1) throw new Unsupported(where, `damaged: two messages of type ${type}`);
    return found.length ? found[0] : null;
  }

  // ---------------------------------------------------------------------------------------------------- dataspaces (IV.A.2.b)

  /** Extents and largest extents as BigInts; `dims` is null for the null dataspace. */
  function readSpace(file, body) {
    const version = body.number(1), rank = body.number(1), flags = body.number(1), type = body.number(1);
    if (version !== 1 && version !== 2) throw new Unsupported(body.where, `dataspace version ${version}`);
    if (version === 1) body.take(4);
    const kind = version === 1 ? (rank ? 1 : 0) : type;
    if (flags > 1 || kind > 2 || rank > 32 || (kind !== 1 && rank)) throw new Unsupported(body.where, "damaged: its dataspace");
    if (kind === 2) return { dims: null, largest: [] };
    const extents = () => Array.from({ length: rank }, () => body.big(file.lengthSize));
    const dims = extents();
    const unlimited = (1n << BigInt(8 * file.lengthSize)) - 1n;
    return { dims, largest: flags ? extents().map((extent) => (extent === unlimited ? 2n ** 64n - 1n : extent)) : dims };
  }

  // ----------------------------------------------------------------------------------------------------- datatypes (IV.A.2.d)

  const CLASSES = ["integer", "float", "time", "string", "bits", "opaque", "compound", "reference", "enumeration", "sequence", "array", "complex"];

  /** A datatype as {kind, size, ...}; sizes in bytes, positions and precisions in bits. */
  function readType(body, depth = 0) {
    if (depth > DEEPEST_TYPE) throw new Unsupported(body.where, `a datatype nested deeper than ${DEEPEST_TYPE} levels`);
    const head = body.number(1), flags = body.number(3), size = body.number(4);
    const kind = CLASSES[head & 15], read = READERS[kind], version = head >> 4;
    if (version < 1 || version > 5) throw new Unsupported(body.where, `datatype version ${version}`);
    if (!read) throw new Unsupported(body.where, `a datatype of class ${kind || head & 15}`);
    if (!size) throw new Unsupported(body.where, "damaged: a datatype of no bytes");
    return { size, ...read(body, { version, flags, size, depth }) };
  }

  function bitsOf(body, { flags, size }) {
    const offset = body.number(2), precision = body.number(2);
    if (!precision || offset + precision > 8 * size) throw new Unsupported(body.where, "damaged: a number that reaches past its bytes");
    return { offset, precision, bigEndian: (flags & 1) !== 0 };
  }

  function readFloat(body, type) {
    const { flags } = type;
    if (flags & 0x40) throw new Unsupported(body.where, "a number in VAX byte order");
    const bits = bitsOf(body, type);
    const [exponentAt, exponentBits, mantissaAt, mantissaBits] = body.take(4);
    const normalization = [2, 1, 0][(flags >> 4) & 3];
    if (normalization === undefined) throw new Unsupported(body.where, "damaged: a floating-point type");
    return { kind: "float", ...bits, signAt: (flags >> 8) & 255, exponentAt, exponentBits, mantissaAt, mantissaBits, bias: body.number(4), normalization };
  }

  function readString(body, { flags }) {
    const padding = flags & 15, charset = (flags >> 4) & 15;
    if (padding > 2 || charset > 1) throw new Unsupported(body.where, "a string of unknown padding or character set");
    return { kind: "string", padding, charset };
  }

  function readOpaque(body, { flags }) {
    const tag = body.take(flags & 255), end = tag.indexOf(0);
    return { kind: "opaque", tag: end < 0 ? tag : tag.subarray(0, end) };
  }

  function memberName(body, version) {
    const start = body.at, name = body.terminated();
    if (version < 3) body.take(paddedTo8(body.at - start) - (body.at - start));
    return name;
  }

  function readCompound(body, { version, flags, size, depth }) {
    const offsetSize = version < 3 ? 4 : size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : size < 2 ** 24 ? 3 : 4;
    const member = () => {
      const name = memberName(body, version), offset = body.number(offsetSize);
      const dims = version === 1 ? oldMemberDims(body) : [];
      const type = readType(body, depth + 1);
      return { name, text: utf8Text(name, body.where), offset, type: dims.length ? arrayOf(dims, type) : type };
    };
    const members = Array.from({ length: flags & 0xffff }, member).sort((a, b) => a.offset - b.offset);
    checkMembers(members, size, body.where);
    return { kind: "compound", members };
  }

  /** In version 1 a member itself may be an array. */
  function oldMemberDims(body) {
    const rank = body.number(1);
    if (rank > 4) throw new Unsupported(body.where, "damaged: a member of more than 4 dimensions");
    body.take(11);
    return [body.number(4), body.number(4), body.number(4), body.number(4)].slice(0, rank);
  }

  function checkMembers(members, size, where) {
    let end = 0;
    for (const { offset, type } of members) {
      if (!type.size || offset < end || offset + type.size > size) throw new Unsupported(where, "damaged: members of a compound overlap or reach past its end");
      end = offset + type.size;
    }
    if (!members.length || new Set(members.map(({ text }) => text)).size !== members.length) throw new Unsupported(where, "damaged: the names of a compound's members");
  }

  const arrayOf = (dims, base) => ({ kind: "array", size: dims.reduce((product, extent) => product * extent, base.size), dims, base });

  function readArray(body, { version, size, depth }) {
    const rank = body.number(1);
    if (version < 3) body.take(3);
    const dims = Array.from({ length: rank }, () => body.number(4));
    if (version < 3) body.take(4 * rank);
    const type = arrayOf(dims, readType(body, depth + 1));
    if (!rank || type.size !== size) throw new Unsupported(body.where, "damaged: the size of an array type");
    return type;
  }

  function readEnumeration(body, { version, flags, size, depth }) {
    const base = readType(body, depth + 1), count = flags & 0xffff;
    const whole = base.kind === "integer" && base.size <= 8 && base.precision === 8 * base.size && base.size === size;
    if (!whole) throw new Unsupported(body.where, "an enumeration over anything but whole integers of up to 8 bytes");
    const names = Array.from({ length: count }, () => memberName(body, version));
    const members = names.map((name) => { const value = body.take(size); return { name, value: base.bigEndian ? value.slice().reverse() : value }; });
    if (!count || new Set(names.map((name) => utf8Text(name, body.where))).size !== count) throw new Unsupported(body.where, "damaged: the names of an enumeration");
    return { kind: "enumeration", base, members };
  }

  function readSequence(body, { flags, depth }) {
    const base = readType(body, depth + 1);
    if ((flags & 15) === 0) return { kind: "sequence", base };
    if ((flags & 15) !== 1 || ((flags >> 8) & 15) > 1) throw new Unsupported(body.where, "a variable-length type of unknown kind");
    return { kind: "text", charset: (flags >> 8) & 15 };
  }

  function readReference(body, { version, flags, size }) {
    if (version < 4 && flags === 0) return { kind: "reference" };
    throw new Unsupported(body.where, (flags & 15) === 1 ? "a region reference" : "a reference of HDF5 1.12");
  }

  /** Classes that are not here (time, complex) are refused. */
  const READERS = {
    integer: (body, type) => ({ kind: "integer", signed: (type.flags & 8) !== 0, ...bitsOf(body, type) }),
    float: readFloat,
    string: readString,
    bits: (body, type) => ({ kind: "bits", ...bitsOf(body, type) }),
    opaque: readOpaque,
    compound: readCompound,
    reference: readReference,
    enumeration: readEnumeration,
    sequence: readSequence,
    array: readArray,
  };

  /** The datatype of a message, which may only point at a committed one (IV.A.2.d, IV.A.1.b "shared"). */
  function readTypeOf(file, message, where) {
    if (!message) throw new Unsupported(where, "damaged: it has no datatype");
    return message.flags & SHARED ? committedType(file, message.body) : readType(message.body);
  }

  function committedType(file, body) {
    const version = body.number(1), type = body.number(1);
    if (version < 1 || version > 3 || (version === 3 && type !== 2)) throw new Unsupported(body.where, "a datatype that is shared in a heap");
    if (version === 1) body.take(6 + file.lengthSize);
    const header = readHeader(file, body.address(file.offsetSize), body.where);
    const message = single(header, MESSAGE.DATATYPE, body.where);
    if (!message || message.flags & SHARED) throw new Unsupported(body.where, "damaged: its committed datatype");
    return readType(message.body);
  }

  // ---------------------------------------------------------------------------------------------------- attributes (IV.A.2.m)

  /** Attributes of an object as {name, text, type, space, raw}; `raw` are the values as the file holds them. */
  function readAttributes(file, header, where) {
    const info = single(header, MESSAGE.ATTRIBUTE_INFO, where);
    if (info && denseHeap(file, info.body) !== null) throw new Unsupported(where, "attributes in dense storage");
    const messages = header.messages.filter(({ type }) => type === MESSAGE.ATTRIBUTE);
    if (messages.some(({ flags }) => flags & SHARED)) throw new Unsupported(where, "attributes that are shared in a heap");
    return messages.map(({ body }) => readAttribute(file, body, where));
  }

  /** Address of the fractal heap that an attribute or link info message names (IV.A.2.v, IV.A.2.c), or null. */
  function denseHeap(file, body, orderSize = 2) {
    body.take(1);
    const flags = body.number(1);
    if (flags & 1) body.take(orderSize);
    return body.address(file.offsetSize);
  }

  function readAttribute(file, body, owner) {
    const version = body.number(1), flags = body.number(1);
    if (version < 1 || version > 3) throw new Unsupported(owner, `attribute version ${version}`);
    const sizes = [body.number(2), body.number(2), body.number(2)];
    if (version === 3) body.take(1);
    const part = (size) => { const bytes = body.take(size); if (version === 1) body.take(paddedTo8(size) - size); return bytes; };
    const name = new Cursor(part(sizes[0]), owner).terminated();
    const text = utf8Text(name, owner), where = `${owner}@${text}`;
    if (version > 1 && flags & ~1) throw new Unsupported(where, "a dataspace that is shared in a heap");
    const typeBody = new Cursor(part(sizes[1]), where), spaceBody = new Cursor(part(sizes[2]), where);
    const type = version > 1 && flags & 1 ? committedType(file, typeBody) : readType(typeBody);
    return { name, text, where, type, space: readSpace(file, spaceBody), raw: body.take(body.left) };
  }

  // -------------------------------------------------------------------------------------------------------------------- links

  /** Links of a group by name: a soft link's target, which h5wasm shows only as text, or null for another link. Null for a group that keeps
   * its links in a fractal heap. h5wasm must list the same names: where sizes have 64 bits, it looks at the lower half only. */
  function readLinks(file, header, where) {
    const table = single(header, MESSAGE.SYMBOL_TABLE, where);
    if (table) return linksOfTable(file, table.body);
    const info = single(header, MESSAGE.LINK_INFO, where);
    if (info && denseHeap(file, info.body, 8) !== null) return null;
    const found = new Map();
    for (const { type, body } of header.messages) if (type === MESSAGE.LINK) readLink(body, found);
    return found;
  }

  /** Link message (IV.A.2.g). */
  function readLink(body, found) {
    const version = body.number(1), flags = body.number(1);
    if (version !== 1) throw new Unsupported(body.where, `link version ${version}`);
    const type = flags & 8 ? body.number(1) : 0;
    body.take((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
    const name = utf8Text(body.take(body.number(1 << (flags & 3))), body.where);
    found.set(name, type === 1 ? upToNul(body.take(body.number(2))) : null);
  }

  function upToNul(bytes) { const end = bytes.indexOf(0); return end < 0 ? bytes : bytes.subarray(0, end); }

  /** Groups of the first format: a B-tree (III.A.1) of symbol table nodes (III.B, III.C), and a local heap (III.D) with the names. */
  function linksOfTable(file, body) {
    const tree = body.address(file.offsetSize), heap = readLocalHeap(file, body.address(file.offsetSize), body.where);
    const found = new Map();
    for (const address of symbolNodes(file, tree, body.where)) readSymbols(file, address, heap, found, body.where);
    return found;
  }

  function readLocalHeap(file, address, where) {
    const head = file.cursor(address, 8 + 2 * file.lengthSize + file.offsetSize, where);
    head.expect("HEAP");
    head.take(4);
    const size = head.number(file.lengthSize);
    head.take(file.lengthSize);
    const { bytes } = file.cursor(head.address(file.offsetSize), size, where);
    return (offset) => { const text = new Cursor(bytes, where); text.take(offset); return text.terminated(); };
  }

  function symbolNodes(file, rootAddress, where) {
    const leaves = [], waiting = [rootAddress];
    for (let steps = 0; waiting.length; steps++) {
      if (steps === MOST_NODES) throw new Unsupported(where, "more nodes of links than this verifier reads");
      const address = waiting.pop(), head = file.cursor(address, 8 + 2 * file.offsetSize, where);
      head.expect("TREE\0");
      const level = head.number(1), used = head.number(2);
      const pairs = file.cursor(address + BigInt(8 + 2 * file.offsetSize), used * (file.lengthSize + file.offsetSize), where);
      for (let i = 0; i < used; i++) { pairs.take(file.lengthSize); (level ? waiting : leaves).push(pairs.address(file.offsetSize)); }
    }
    return leaves;
  }

  function readSymbols(file, address, heap, found, where) {
    const head = file.cursor(address, 8, where);
    head.expect("SNOD\x01");
    head.take(1);
    const count = head.number(2), size = 2 * file.offsetSize + 24;
    const symbols = file.cursor(address + 8n, count * size, where);
    for (let i = 0; i < count; i++) {
      const name = symbols.number(file.offsetSize);
      symbols.take(file.offsetSize);
      const kind = symbols.number(4);
      symbols.take(4);
      const scratch = new Cursor(symbols.take(16), where);
      found.set(utf8Text(heap(name), where), kind === 2 ? heap(scratch.number(4)) : null);
    }
  }

  // -------------------------------------------------------------------------------------------------------------- whole object

  /** Whether values that were never written read as a fill value (IV.A.2.f); else HDF5 hands over whatever memory holds. */
  function isFilled(message, where) {
    if (!message) return true;
    if (message.flags & SHARED) throw new Unsupported(where, "a fill value that is shared in a heap");
    const version = message.body.number(1), [first, second, third] = version < 3 ? message.body.take(3) : [...message.body.take(1), 0, 0];
    const never = version < 3 ? second === 1 : ((first >> 2) & 3) === 1, isUndefined = version === 2 ? third === 0 : version === 3 && (first & 0x10) !== 0;
    return !never && !isUndefined;
  }

  const OUTSIDE = { 3: "a virtual dataset: its values are in other files" };

  /** What a dataset's header says of its type, space and place; values in other files are refused. */
  function readDataset(file, header, where) {
    if (single(header, MESSAGE.EXTERNAL_FILES, where)) throw new Unsupported(where, "external storage: its values are in other files");
    const layout = single(header, MESSAGE.LAYOUT, where), space = single(header, MESSAGE.DATASPACE, where);
    if (!layout || !space || (layout.flags | space.flags) & SHARED) throw new Unsupported(where, "damaged or shared: its layout or dataspace");
    const [version, second, third] = layout.body.take(3);
    const place = OUTSIDE[version < 3 ? third : second];
    if (place) throw new Unsupported(where, place);
    const type = readTypeOf(file, single(header, MESSAGE.DATATYPE, where), where);
    return { type, space: readSpace(file, space.body), filled: isFilled(single(header, MESSAGE.FILL_VALUE, where), where) };
  }

  const readCommitted = (file, header, where) => readTypeOf(file, single(header, MESSAGE.DATATYPE, where), where);

  const api = { Unsupported, FileBytes, readHeader, readDataset, readCommitted, readAttributes, readLinks, utf8Text };
  if (inNode) module.exports = api; else root.dragonHdf5Headers = api;
})(typeof globalThis === "object" ? globalThis : this);
