/* h5wasm (HDF5, compiled to WebAssembly) as the content digest needs it: a fresh one for each file, and no error that goes unseen. */
"use strict";

(function (root) {
  const inNode = typeof module === "object" && typeof require === "function";
  const { Unsupported } = inNode ? require("./hdf5-headers.js") : root.dragonHdf5Headers;

  const FILE_NAME = "/model.h5";

  /** A fresh h5wasm: what HDF5's memory holds after a damaged file is not known. */
  async function freshLibrary() {
    const library = await started(inNode ? loadInNode() : await loadInPage());
    const errors = library.FS.getStream(2);
    errors.stream_ops = { ...errors.stream_ops, write: (stream, buffer, offset, length) => length };
    return library;
  }

  async function started(h5wasm) {
    try { return await h5wasm.ready; } catch (error) { throw new Unsupported("/", `HDF5 cannot be started here: ${error.message}`); }
  }

  function loadInNode() {
    const path = require("path"), fs = require("fs");
    return new Function(fs.readFileSync(path.join(__dirname, "vendor", "h5wasm.js"), "utf8") + ";return h5wasm;")();
  }

  function loadInPage() {
    const script = document.createElement("script");
    script.src = "vendor/h5wasm.js";
    const loaded = new Promise((resolve, reject) => {
      script.onload = () => { script.remove(); resolve(globalThis.h5wasm); };
      script.onerror = () => reject(new Error("vendor/h5wasm.js is not beside this page; copy the whole folder"));
    });
    document.head.append(script);
    return loaded;
  }

  /** An open file. Every call names the object that it is about, and whatever HDF5 reports refuses the file. */
  class OpenFile {
    constructor(library, bytes) {
      this.library = library;
      library.FS.writeFile(FILE_NAME, bytes, { canOwn: true });
      library.activate_throwing_error_handler();
      this.id = this.call("/", () => library.open(FILE_NAME, library.H5F_ACC_RDONLY, false, -1, -1));
    }

    call(where, read) {
      try { return read(); } catch (error) {
        if (error instanceof Unsupported) throw error;
        throw new Unsupported(where, `HDF5 cannot read it: ${reasonOf(error)}`);
      }
    }

    /** A description of a type or dataset. h5wasm asks for the sign of every type, which HDF5 takes for an error where there is none. */
    described(where, read) {
      this.library.deactivate_throwing_error_handler();
      const shape = this.call(where, read);
      this.library.activate_throwing_error_handler();
      if (!shape) throw new Unsupported(where, "HDF5 cannot read it");
      return shape;
    }

    children(path) { return this.call(path, () => this.library.get_names(this.id, path, false)); }
    softTarget(path) { return this.call(path, () => this.library.get_symbolic_link(this.id, path)); }
    isExternal(path) { return this.call(path, () => this.library.get_external_link(this.id, path)).filename !== undefined; }
    kind(path) { return this.call(path, () => this.library.get_type(this.id, path)); }
    attributeNames(path) { return this.call(path, () => this.library.get_attribute_names(this.id, path)); }
    filters(path) { return this.call(path, () => this.library.get_dataset_filters(this.id, path)); }
    dataset(path) { return this.described(path, () => this.library.get_dataset_metadata(this.id, path)); }
    committed(path) { return this.described(path, () => this.library.get_datatype_metadata(this.id, path)); }
    attribute(path, name) { return this.described(path, () => this.library.get_attribute_metadata(this.id, path, name)); }

    /** The address of an object's header, counted from the superblock. */
    address(path) {
      const reference = this.call(path, () => this.library.create_object_reference(this.id, path));
      return Uint8Array.from(reference).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    }

    allocate(size, where) {
      const place = this.call(where, () => this.library._malloc(size));
      if (!place) throw new Unsupported(where, `needs ${size} bytes of memory`);
      return place;
    }

    /** Reads a slab, or a scalar where `slab` is null, to `size` bytes of memory. HDF5 may leave them as they are where nothing was written. */
    read(path, slab, place, size) {
      this.library.HEAPU8.fill(0, place, place + size);
      const numbers = (extents) => extents.map(BigInt);
      const [count, start, stride] = slab ? [numbers(slab.count), numbers(slab.start), slab.count.map(() => 1n)] : [null, null, null];
      const status = this.call(path, () => this.library.get_dataset_data(this.id, path, count, start, stride, BigInt(place)));
      if (status < 0) throw new Unsupported(path, "HDF5 cannot read its values");
    }

    readAttribute(path, name, place, size) {
      this.library.HEAPU8.fill(0, place, place + size);
      const status = this.call(path, () => this.library.get_attribute_data(this.id, path, name, BigInt(place)));
      if (status < 0) throw new Unsupported(path, "HDF5 cannot read an attribute");
    }

    reclaimAttribute(path, name, place) { this.call(path, () => this.library.reclaim_vlen_memory(this.id, path, name, BigInt(place))); }

    /** Gives back what HDF5 allocated for values of variable size. */
    reclaim(path, slab, place) {
      if (slab) this.call(path, () => this.library.reclaim_vlen_memory_count(this.id, path, "", BigInt(place), slab.count.map(BigInt)));
      else this.call(path, () => this.library.reclaim_vlen_memory(this.id, path, "", BigInt(place)));
    }
  }

  /** What HDF5's report comes down to: the innermost function's words. */
  function reasonOf(error) {
    const lines = String(error.message || error).split("\n").filter((line) => /^\s*#\d+:/.test(line));
    return lines.length ? lines[lines.length - 1].replace(/^.*?\(\): /, "").trim() : String(error.message || error).split("\n")[0];
  }

  const api = { freshLibrary, OpenFile };
  if (inNode) module.exports = api; else root.dragonHdf5Library = api;
})(typeof globalThis === "object" ? globalThis : this);
