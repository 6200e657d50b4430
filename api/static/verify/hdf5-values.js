/* Datatypes and values of hdf5-content-v1: docs/spec/hdf5-content-digest.md, sections 2 to 6. Types are those of hdf5-headers.js. */
"use strict";

(function (root) {
  const inNode = typeof module === "object" && typeof require === "function";
  const { Unsupported } = inNode ? require("./hdf5-headers.js") : root.dragonHdf5Headers;

  const LARGEST_REARRANGED = 2 ** 20, LARGEST_VALUE = 2 ** 27;
  const utf8 = (text) => new TextEncoder().encode(text);

  /** Bytes that are written one after another. */
  class Writer {
    constructor() { this.bytes = new Uint8Array(256); this.length = 0; }

    add(bytes) {
      if (this.length + bytes.length > this.bytes.length) {
        const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + bytes.length));
        grown.set(this.taken());
        this.bytes = grown;
      }
      this.bytes.set(bytes, this.length);
      this.length += bytes.length;
      return this;
    }

    u8(...numbers) { return this.add(Uint8Array.from(numbers)); }

    u64(...numbers) {
      for (const number of numbers) this.add(new Uint8Array(new BigUint64Array([BigInt(number)]).buffer));
      return this;
    }

    sized(bytes) { return this.u64(bytes.length).add(bytes); }

    /** What was written; valid until more is. */
    taken() { return this.bytes.subarray(0, this.length); }
  }

  const littleEndianMachine = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (!littleEndianMachine) throw new Error("this verifier needs a little-endian machine");

  function compareBytes(a, b) {
    const shorter = Math.min(a.length, b.length);
    for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i] - b[i];
    return a.length - b.length;
  }

  // ------------------------------------------------------------------------------------------------------- types (section 5)

  const TYPE_WRITERS = {
    integer: (type, to) => to.u8(1, type.signed ? 1 : 0).u64(type.size, type.precision, type.offset),
    float: (type, to) => to.u8(2).u64(type.size, type.precision, type.offset, type.signAt, type.exponentAt, type.exponentBits, type.mantissaAt, type.mantissaBits, type.bias).u8(type.normalization),
    string: (type, to) => to.u8(3).u64(type.size).u8(type.padding, type.charset),
    text: (type, to) => to.u8(4, type.charset),
    bits: (type, to) => to.u8(5).u64(type.size, type.precision, type.offset),
    opaque: (type, to) => to.u8(6).u64(type.size).sized(type.tag),
    enumeration(type, to) {
      writeType(type.base, to.u8(7));
      to.u64(type.members.length);
      for (const { name, value } of [...type.members].sort((a, b) => compareBytes(a.name, b.name))) to.sized(name).add(value);
    },
    compound(type, to) {
      to.u8(8).u64(type.members.length);
      for (const member of type.members) writeType(member.type, to.sized(member.name));
    },
    array: (type, to) => writeType(type.base, to.u8(9).u64(type.dims.length, ...type.dims)),
    sequence: (type, to) => writeType(type.base, to.u8(10)),
    reference: (type, to) => to.u8(11),
  };

  function writeType(type, to) { TYPE_WRITERS[type.kind](type, to); return to; }

  function writeSpace({ dims, largest }, to) { return dims === null ? to.u8(0) : to.u8(1).u64(dims.length, ...dims, ...largest); }

  const countOf = ({ dims }) => (dims === null ? 0n : dims.reduce((product, extent) => product * extent, 1n));

  // ------------------------------------------------------------------------------------- values of a fixed size (section 6)

  const isFixed = (type) => !["text", "sequence", "reference"].includes(type.kind) && (type.kind === "compound" ? type.members.every((member) => isFixed(member.type)) : type.kind !== "array" || isFixed(type.base));

  /** The atomic values of a fixed type, by ascending offset, as {at, type}. */
  function* fieldsOf(type, start = 0) {
    if (type.kind === "compound") for (const member of type.members) yield* fieldsOf(member.type, start + member.offset);
    else if (type.kind === "array") for (let at = 0; at < type.size; at += type.base.size) yield* fieldsOf(type.base, start + at);
    else yield { at: start, type: type.kind === "enumeration" ? type.base : type };
  }

  function maskOf({ size, precision, offset }) {
    const mask = new Uint8Array(size);
    for (let bit = offset; bit < offset + precision; bit++) mask[bit >> 3] |= 1 << (bit & 7);
    return mask;
  }

  function innermost(type) { return type.kind === "array" ? innermost(type.base) : type; }

  /** From a run of values, as the file holds them, to their canonical bytes; the result is valid until the next call. */
  function canonicalizer(type, where) {
    const element = innermost(type);
    if (element.kind === "opaque" || (element.kind === "string" && element.padding)) return (raw) => raw;
    if (element.size > LARGEST_REARRANGED) throw new Unsupported(where, `elements of more than ${LARGEST_REARRANGED} bytes`);
    const plan = planOf(element);
    return plan === null ? (raw) => raw : (raw) => rearranged(raw, element.size, plan);
  }

  /** Which byte of an element each canonical byte is, what stays of it, and which strings end at a NUL; null when nothing changes. */
  function planOf(element) {
    const source = [], mask = [], terminated = [];
    for (const { at, type } of fieldsOf(element)) {
      const bits = type.precision === undefined ? null : maskOf(type);
      if (type.kind === "string" && type.padding === 0) terminated.push([source.length, source.length + type.size]);
      for (let i = 0; i < type.size; i++) {
        source.push(at + (type.bigEndian ? type.size - 1 - i : i));
        mask.push(bits ? bits[i] : 255);
      }
    }
    const same = source.length === element.size && source.every((from, to) => from === to) && mask.every((bits) => bits === 255);
    return same && !terminated.length ? null : { source: Int32Array.from(source), mask: Uint8Array.from(mask), terminated };
  }

  function rearranged(raw, size, { source, mask, terminated }) {
    const rows = raw.length / size, width = source.length, out = new Uint8Array(rows * width);
    for (let row = 0, from = 0, to = 0; row < rows; row++, from += size, to += width) {
      for (let i = 0; i < width; i++) out[to + i] = raw[from + source[i]] & mask[i];
      for (const [start, end] of terminated) {
        const nul = out.subarray(to + start, to + end).indexOf(0);
        if (nul >= 0) out.fill(0, to + start + nul, to + end);
      }
    }
    return out;
  }

  // ---------------------------------------------------------------------------------------- values whose sizes differ (section 6)

  /** What values of variable size are written with: h5wasm's memory, and the paths of objects by their addresses. */
  class Memory {
    constructor(library, pathOf) { this.library = library; this.pathOf = pathOf; }

    bytes(at, size, where) {
      if (size > LARGEST_VALUE) throw new Unsupported(where, `a value of more than ${LARGEST_VALUE} bytes`);
      if (at + size > this.library.HEAPU8.length) throw new Unsupported(where, "damaged: values outside of memory");
      return this.library.HEAPU8.subarray(at, at + size);
    }

    /** 32-bit numbers at a place that need not be aligned. */
    words(at, count, where) {
      const view = this.bytes(at, 4 * count, where);
      return Array.from({ length: count }, (_, i) => (view[4 * i] | (view[4 * i + 1] << 8) | (view[4 * i + 2] << 16) | (view[4 * i + 3] << 24)) >>> 0);
    }

    text(at, where) {
      return at === 0 ? new Uint8Array(0) : this.bytes(at, this.library.HEAPU8.indexOf(0, at) - at, where);
    }
  }

  /** Writes one value, given where h5wasm put it; `shape` is h5wasm's own description of the type, with the places in memory. */
  function valueWriter(type, shape, memory, where) {
    if (isFixed(type)) {
      const canonical = canonicalizer(type, where);
      return (at, to) => to.add(canonical(memory.bytes(at, type.size, where)));
    }
    return VARIABLE[type.kind](type, shape, memory, where);
  }

  const VARIABLE = {
    text: (type, shape, memory, where) => (at, to) => to.sized(memory.text(memory.words(at, 1, where)[0], where)),
    reference: (type, shape, memory, where) => (at, to) => {
      const [low, high] = memory.words(at, 2, where);
      to.sized(low || high ? memory.pathOf((BigInt(high) << 32n) | BigInt(low), where) : new Uint8Array(0));
    },
    sequence(type, shape, memory, where) {
      checkElements(type.base, where);
      const write = valueWriter(type.base, shape.vlen_type, memory, where), width = shape.vlen_type.size;
      const canonical = isFixed(type.base) ? canonicalizer(type.base, where) : null;
      return (at, to) => {
        const [count, first] = memory.words(at, 2, where);
        to.u64(count);
        if (canonical) to.add(canonical(memory.bytes(first, count * width, where)));
        else for (let i = 0; i < count; i++) write(first + i * width, to);
      };
    },
    compound(type, shape, memory, where) {
      const places = new Map(shape.compound_type.members.map((member) => [member.name, member]));
      const parts = type.members.map((member) => {
        const place = places.get(member.text);
        return [place.offset, valueWriter(member.type, place, memory, where)];
      });
      return (at, to) => { for (const [offset, write] of parts) write(at + offset, to); };
    },
    array(type, shape, memory, where) {
      const write = valueWriter(type.base, shape.array_type, memory, where), width = shape.array_type.size;
      const count = type.dims.reduce((product, extent) => product * extent, 1);
      return (at, to) => { for (let i = 0; i < count; i++) write(at + i * width, to); };
    },
  };

  /** IEEE 754-2019, table 3.5: size, and the positions and bits of exponent and mantissa. */
  const IEEE = ["2 15 10 5 0 10 15", "4 31 23 8 0 23 127", "8 63 52 11 0 52 1023"];

  /** Elements of sequences are whole numbers, IEEE 754 numbers, strings, references and sequences; others are refused. */
  function checkElements(base, where) {
    const number = base.kind === "enumeration" ? base.base : base;
    const whole = number.precision === 8 * number.size && number.offset === 0;
    const layout = [base.size, base.signAt, base.exponentAt, base.exponentBits, base.mantissaAt, base.mantissaBits, base.bias].join(" ");
    const holds = number.kind === "integer" ? whole && [1, 2, 4, 8].includes(number.size)
      : base.kind === "float" ? whole && base.normalization === 0 && IEEE.includes(layout)
        : base.kind === "string" ? base.padding !== 2 : ["text", "reference", "sequence"].includes(base.kind);
    if (!holds) throw new Unsupported(where, `sequences of elements of kind ${base.kind}`);
  }

  // ------------------------------------------------------------------------------------------------- what h5wasm says of a type

  const H5T = { integer: 0, float: 1, string: 3, text: 3, bits: 4, opaque: 5, compound: 6, reference: 7, enumeration: 8, sequence: 9, array: 10 };

  /** Refuses a type that h5wasm describes otherwise. */
  function checkAgreement(type, shape, where) {
    const fits = shape.type === H5T[type.kind] && Boolean(shape.vlen) === (type.kind === "text") && (!isFixed(type) || shape.size === type.size);
    if (!fits || !AGREES[type.kind](type, shape)) throw new Unsupported(where, `its type (${type.kind}) is read differently by HDF5 and by this verifier`);
    for (const [part, partShape] of partsOf(type, shape)) checkAgreement(part, partShape, where);
  }

  const sameOrder = (type, shape) => shape.littleEndian === !type.bigEndian;
  const AGREES = {
    integer: (type, shape) => shape.signed === type.signed && sameOrder(type, shape),
    float: sameOrder,
    bits: sameOrder,
    string: (type, shape) => shape.cset === type.charset && shape.strpad === type.padding,
    text: (type, shape) => shape.cset === type.charset,
    opaque: () => true,
    enumeration: (type, shape) => shape.enum_type.nmembers === type.members.length && shape.enum_type.type === 0 && sameOrder(type.base, shape),
    compound: (type, shape) => shape.compound_type.members.length === type.members.length && type.members.every((member) => shape.compound_type.members.some(({ name }) => name === member.text)),
    array: (type, shape) => shape.array_type.shape.join() === type.dims.join(),
    sequence: () => true,
    reference: (type, shape) => shape.ref_type === "object" && shape.size === 8,
  };

  function partsOf(type, shape) {
    if (type.kind === "compound") return type.members.map((member) => [member.type, shape.compound_type.members.find(({ name }) => name === member.text)]);
    if (type.kind === "array") return [[type.base, shape.array_type]];
    return type.kind === "sequence" ? [[type.base, shape.vlen_type]] : [];
  }

  function* leavesOf(type) {
    if (type.kind === "compound") for (const member of type.members) yield* leavesOf(member.type);
    else if (type.kind === "array" || type.kind === "sequence") yield* leavesOf(type.base);
    else yield type;
  }

  const isBigEndian = (leaf) => Boolean(leaf.kind === "enumeration" ? leaf.base.bigEndian : leaf.bigEndian);
  const hasOrder = (leaf) => ["integer", "float", "bits", "enumeration"].includes(leaf.kind);

  /** The type of values as h5wasm hands them over: it turns a type that is big-endian throughout into little-endian, and leaves others as
   * they are. Where that would change more than the order of bytes, the file is refused. */
  function typeInMemory(type, where) {
    const leaves = [...leavesOf(type)], ordered = leaves.filter(hasOrder);
    if (!ordered.some(isBigEndian)) return type;
    const plain = leaves.every((leaf) => ["integer", "float"].includes(leaf.kind) && leaf.offset === 0);
    const mixed = !ordered.every(isBigEndian);
    if (mixed && isFixed(type)) return type;
    if (mixed || !plain) throw new Unsupported(where, "big-endian numbers beside values of another kind");
    return littleEndian(type);
  }

  function littleEndian(type) {
    if (type.kind === "compound") return { ...type, members: type.members.map((member) => ({ ...member, type: littleEndian(member.type) })) };
    return type.base ? { ...type, base: littleEndian(type.base) } : { ...type, bigEndian: false };
  }

  const api = { Writer, Memory, utf8, compareBytes, writeType, writeSpace, countOf, isFixed, canonicalizer, valueWriter, checkAgreement, typeInMemory };
  if (inNode) module.exports = api; else root.dragonHdf5Values = api;
})(typeof globalThis === "object" ? globalThis : this);
