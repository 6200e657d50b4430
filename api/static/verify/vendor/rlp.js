var rlp = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // rlp-entry.js
  var rlp_entry_exports = {};
  __export(rlp_entry_exports, {
    decode: () => decode,
    encode: () => encode
  });

  // node_modules/@ethereumjs/rlp/dist/esm/errors.js
  var DEFAULT_ERROR_CODE = "ETHEREUMJS_DEFAULT_ERROR_CODE";
  var EthereumJSError = class extends Error {
    constructor(type, message, stack) {
      super(message ?? type.code);
      this.type = type;
      if (stack !== void 0)
        this.stack = stack;
    }
    getMetadata() {
      return this.type;
    }
    /**
     * Get the metadata and the stacktrace for the error.
     */
    toObject() {
      return {
        type: this.getMetadata(),
        message: this.message ?? "",
        stack: this.stack ?? "",
        className: this.constructor.name
      };
    }
  };
  function EthereumJSErrorWithoutCode(message, stack) {
    return new EthereumJSError({ code: DEFAULT_ERROR_CODE }, message, stack);
  }

  // node_modules/@ethereumjs/rlp/dist/esm/index.js
  function decodeLength(v) {
    if (v[0] === 0) {
      throw EthereumJSErrorWithoutCode("invalid RLP: extra zeros");
    }
    return parseHexByte(bytesToHex(v));
  }
  function encodeLength(len, offset) {
    if (len < 56) {
      return Uint8Array.from([len + offset]);
    }
    const hexLength = numberToHex(len);
    const lLength = hexLength.length / 2;
    const firstByte = numberToHex(offset + 55 + lLength);
    return Uint8Array.from(hexToBytes(firstByte + hexLength));
  }
  function safeSlice(input, start, end) {
    if (end > input.length) {
      throw EthereumJSErrorWithoutCode("invalid RLP (safeSlice): end slice of Uint8Array out-of-bounds");
    }
    return input.slice(start, end);
  }
  function _decode(input) {
    let length, lLength, data, innerRemainder, d;
    const decoded = [];
    const firstByte = input[0];
    if (firstByte <= 127) {
      return {
        data: input.slice(0, 1),
        remainder: input.subarray(1)
      };
    } else if (firstByte <= 183) {
      length = firstByte - 127;
      if (firstByte === 128) {
        data = Uint8Array.from([]);
      } else {
        data = safeSlice(input, 1, length);
      }
      if (length === 2 && data[0] < 128) {
        throw EthereumJSErrorWithoutCode("invalid RLP encoding: invalid prefix, single byte < 0x80 are not prefixed");
      }
      return {
        data,
        remainder: input.subarray(length)
      };
    } else if (firstByte <= 191) {
      lLength = firstByte - 182;
      if (input.length - 1 < lLength) {
        throw EthereumJSErrorWithoutCode("invalid RLP: not enough bytes for string length");
      }
      length = decodeLength(safeSlice(input, 1, lLength));
      if (length <= 55) {
        throw EthereumJSErrorWithoutCode("invalid RLP: expected string length to be greater than 55");
      }
      data = safeSlice(input, lLength, length + lLength);
      return {
        data,
        remainder: input.subarray(length + lLength)
      };
    } else if (firstByte <= 247) {
      length = firstByte - 191;
      innerRemainder = safeSlice(input, 1, length);
      while (innerRemainder.length) {
        d = _decode(innerRemainder);
        decoded.push(d.data);
        innerRemainder = d.remainder;
      }
      return {
        data: decoded,
        remainder: input.subarray(length)
      };
    } else {
      lLength = firstByte - 246;
      length = decodeLength(safeSlice(input, 1, lLength));
      if (length < 56) {
        throw EthereumJSErrorWithoutCode("invalid RLP: encoded list too short");
      }
      const totalLength = lLength + length;
      if (totalLength > input.length) {
        throw EthereumJSErrorWithoutCode("invalid RLP: total length is larger than the data");
      }
      innerRemainder = safeSlice(input, lLength, totalLength);
      while (innerRemainder.length) {
        d = _decode(innerRemainder);
        decoded.push(d.data);
        innerRemainder = d.remainder;
      }
      return {
        data: decoded,
        remainder: input.subarray(totalLength)
      };
    }
  }
  var cachedHexes = Array.from({ length: 256 }, (_v, i) => i.toString(16).padStart(2, "0"));
  function bytesToHex(uint8a) {
    let hex = "";
    for (let i = 0; i < uint8a.length; i++) {
      hex += cachedHexes[uint8a[i]];
    }
    return hex;
  }
  function parseHexByte(hexByte) {
    const byte = Number.parseInt(hexByte, 16);
    if (Number.isNaN(byte))
      throw EthereumJSErrorWithoutCode("Invalid byte sequence");
    return byte;
  }
  var asciis = { _0: 48, _9: 57, _A: 65, _F: 70, _a: 97, _f: 102 };
  function asciiToBase16(char) {
    if (char >= asciis._0 && char <= asciis._9)
      return char - asciis._0;
    if (char >= asciis._A && char <= asciis._F)
      return char - (asciis._A - 10);
    if (char >= asciis._a && char <= asciis._f)
      return char - (asciis._a - 10);
    return;
  }
  function hexToBytes(hex) {
    if (typeof hex !== "string")
      throw EthereumJSErrorWithoutCode("hex string expected, got " + typeof hex);
    if (hex.slice(0, 2) === "0x")
      hex = hex.slice(2);
    const hl = hex.length;
    const al = hl / 2;
    if (hl % 2)
      throw EthereumJSErrorWithoutCode("padded hex string expected, got unpadded hex of length " + hl);
    const array = new Uint8Array(al);
    for (let ai = 0, hi = 0; ai < al; ai++, hi += 2) {
      const n1 = asciiToBase16(hex.charCodeAt(hi));
      const n2 = asciiToBase16(hex.charCodeAt(hi + 1));
      if (n1 === void 0 || n2 === void 0) {
        const char = hex[hi] + hex[hi + 1];
        throw EthereumJSErrorWithoutCode('hex string expected, got non-hex character "' + char + '" at index ' + hi);
      }
      array[ai] = n1 * 16 + n2;
    }
    return array;
  }
  function concatBytes(...arrays) {
    if (arrays.length === 1)
      return arrays[0];
    const length = arrays.reduce((a, arr) => a + arr.length, 0);
    const result = new Uint8Array(length);
    for (let i = 0, pad = 0; i < arrays.length; i++) {
      const arr = arrays[i];
      result.set(arr, pad);
      pad += arr.length;
    }
    return result;
  }
  function utf8ToBytes(utf) {
    return new TextEncoder().encode(utf);
  }
  function numberToHex(integer) {
    if (integer < 0) {
      throw EthereumJSErrorWithoutCode("Invalid integer as argument, must be unsigned!");
    }
    const hex = integer.toString(16);
    return hex.length % 2 ? `0${hex}` : hex;
  }
  function padToEven(a) {
    return a.length % 2 ? `0${a}` : a;
  }
  function isHexString(str) {
    return str.length >= 2 && str[0] === "0" && str[1] === "x";
  }
  function stripHexPrefix(str) {
    if (typeof str !== "string") {
      return str;
    }
    return isHexString(str) ? str.slice(2) : str;
  }
  function toBytes(v) {
    if (v instanceof Uint8Array) {
      return v;
    }
    if (typeof v === "string") {
      if (isHexString(v)) {
        return hexToBytes(padToEven(stripHexPrefix(v)));
      }
      return utf8ToBytes(v);
    }
    if (typeof v === "number" || typeof v === "bigint") {
      if (!v) {
        return Uint8Array.from([]);
      }
      return hexToBytes(numberToHex(v));
    }
    if (v === null || v === void 0) {
      return Uint8Array.from([]);
    }
    throw EthereumJSErrorWithoutCode("toBytes: received unsupported type " + typeof v);
  }
  function encode(input) {
    if (Array.isArray(input)) {
      const output = [];
      let outputLength = 0;
      for (let i = 0; i < input.length; i++) {
        const encoded = encode(input[i]);
        output.push(encoded);
        outputLength += encoded.length;
      }
      return concatBytes(encodeLength(outputLength, 192), ...output);
    }
    const inputBuf = toBytes(input);
    if (inputBuf.length === 1 && inputBuf[0] < 128) {
      return inputBuf;
    }
    return concatBytes(encodeLength(inputBuf.length, 128), inputBuf);
  }
  function decode(input, stream = false) {
    if (typeof input === "undefined" || input === null || input.length === 0) {
      return Uint8Array.from([]);
    }
    const inputBytes = toBytes(input);
    const decoded = _decode(inputBytes);
    if (stream) {
      return {
        data: decoded.data,
        remainder: decoded.remainder.slice()
      };
    }
    if (decoded.remainder.length !== 0) {
      throw EthereumJSErrorWithoutCode("invalid RLP: remainder must be zero");
    }
    return decoded.data;
  }
  return __toCommonJS(rlp_entry_exports);
})();
