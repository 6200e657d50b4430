/* Verifies a dragon_ledger evidence bundle without any node: docs/spec/evidence-bundle.md, qbft-headers.md, verdict/README.md.
 * The model's content digest is made by hdf5-content.js, from docs/spec/hdf5-content-digest.md.
 *
 * Written from those pages, not from the Python, so that neither hides the other's mistakes. One file without a build step, because
 * an auditor should be able to read the whole of it; that is why it is longer than other files here. Runs in Node and in a page
 * opened from disk. Digests and words are lower-case hexadecimal text without 0x; a word has 64 digits.
 *
 *   node verify.js --help
 */
"use strict";

(function (root) {
  const inNode = typeof module === "object" && typeof require === "function";
  // Vendored libraries are plain scripts that leave one global name each; a page loads them with its own <script>.
  const vendored = (name) => (inNode ? new Function(require("fs").readFileSync(require("path").join(__dirname, "vendor", `${name}.js`), "utf8") + `;return ${name};`)() : root[name]);
  const noble = vendored("noble"), rlp = vendored("rlp");
  const hdf5 = inNode ? require("./hdf5-content.js") : root.dragonHdf5Content;

  const TRUSTING_PERIOD = 180 * 86400;
  const CLOCK_DRIFT = 300;
  const CONTRACTS = ["Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry"];

  /** The bundle says nothing: a step of the specification does not hold. `part` names where. */
  class Refused extends Error {
    constructor(part, why) { super(`${part}: ${why}`); this.part = part; }
  }
  /** The bundle is sound and says nothing about the presented file. */
  class NotCovered extends Error {}

  function need(holds, part, why) { if (!holds) throw new Refused(part, why); }

  // ---------------------------------------------------------------------------------------------------------------- bytes

  const DIGITS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
  const ZERO = "0".repeat(64);

  function hexOf(bytes) { let text = ""; for (const byte of bytes) text += DIGITS[byte]; return text; }

  function bytesOf(hex) {
    const bytes = new Uint8Array(hex.length / 2);
    for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.substr(2 * i, 2), 16);
    return bytes;
  }

  const utf8 = (text) => new TextEncoder().encode(text);
  const keccak = (hex) => hexOf(noble.keccak_256(bytesOf(hex)));
  const sha256 = (bytes) => hexOf(noble.sha256(bytes));
  const number = (hex) => Number(BigInt("0x" + (hex || "0")));

  /** x as 32 bytes: numbers and addresses right-aligned, booleans 0 or 1, null zero. */
  function word(x) {
    if (x === null) return ZERO;
    if (typeof x === "boolean") return word(x ? 1 : 0);
    if (typeof x === "string") return x.padStart(64, "0");
    return x.toString(16).padStart(64, "0");
  }

  function plus(slot, n) { return word(BigInt.asUintN(256, BigInt("0x" + slot) + BigInt(n))); }

  function slotOf(place, ...keys) {
    let slot = word(place);
    for (const key of keys) slot = keccak(word(key) + slot);
    return slot;
  }

  /** The fields of one storage word, packed from the lowest byte up, as hexadecimal text. */
  function unpack(value, ...sizes) {
    let end = 64;
    return sizes.map((size) => { end -= 2 * size; return value.slice(end, end + 2 * size); });
  }

  const members = (mask) => { const bits = BigInt("0x" + mask); return Array.from({ length: 256 }, (_, n) => n).filter((n) => (bits >> BigInt(n)) & 1n); };

  // ------------------------------------------------------------------------------------------------------------------ RLP

  /** An item (hex text) or a list of items; only the shortest form is read. */
  function decodeRlp(bytes, part) {
    let item;
    try { item = rlp.decode(bytes); } catch (error) { throw new Refused(part, `no RLP (${error.message})`); }
    need(hexOf(rlp.encode(item)) === hexOf(bytes), part, "RLP not in its shortest form");
    return rlpInHex(item, part, 0);
  }

  function rlpInHex(item, part, depth) {
    need(depth < 8, part, "RLP nested too deep");
    return Array.isArray(item) ? item.map((inner) => rlpInHex(inner, part, depth + 1)) : hexOf(item);
  }

  const rlpInBytes = (item) => (Array.isArray(item) ? item.map(rlpInBytes) : bytesOf(item));
  const encodeRlp = (item) => hexOf(rlp.encode(rlpInBytes(item)));

  const isText = (item, size) => typeof item === "string" && item.length === 2 * size;
  const isInteger = (item, size) => typeof item === "string" && item.length <= 2 * size && !item.startsWith("00");

  // ----------------------------------------------------------------------------------------------------------------- form

  function canonical(value) {
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    if (value !== null && typeof value === "object") return "{" + Object.keys(value).sort().map((key) => JSON.stringify(key) + ":" + canonical(value[key])).join(",") + "}";
    return JSON.stringify(value);
  }

  /** The parsed JSON of a bundle, once its bytes are known to be of the one form that the specification allows. */
  function parseBundle(bytes) {
    need(bytes.length <= 67108864, "bundle", "larger than 67108864 bytes");
    let depth = 0, marks = 0;
    for (const byte of bytes) {
      if (byte === 0x2c || byte === 0x5b || byte === 0x5d || byte === 0x7b || byte === 0x7d) need(++marks <= 4194304, "bundle", "more than 4194304 brackets and commas");
      need(byte >= 0x20 && byte < 0x7f && byte !== 0x5c, "bundle", "expected ASCII without escapes");
      if (byte === 0x5b || byte === 0x7b) need(++depth <= 8, "bundle", "nested deeper than 8");
      else if (byte === 0x5d || byte === 0x7d) depth--;
    }
    const text = new TextDecoder("ascii").decode(bytes);
    let document;
    try { document = JSON.parse(text); } catch (error) { throw new Refused("bundle", `no JSON (${error.message})`); }
    need(canonical(document) === text, "bundle", "not in canonical form (RFC 8785)");
    checkForm(BUNDLE, document, "bundle");
    checkPlaces(document);
    return document;
  }

  // A form is a function (value, part) that refuses what is not of that form.
  const hex = (size) => (value, part) => need(typeof value === "string" && /^[0-9a-f]*$/.test(value) && (size === null ? value.length % 2 === 0 : value.length === 2 * size), part, size === null ? "expected hexadecimal digits" : `expected ${size} bytes in hexadecimal digits`);
  const whole = (least, most) => (value, part) => need(Number.isInteger(value) && value >= least && value <= most, part, `expected a whole number from ${least} to ${most}`);
  const hex32 = hex(32), u8 = whole(0, 255), u16 = whole(0, 65535), place = whole(0, 2 ** 32 - 1), u40 = whole(0, 2 ** 40 - 1), bool = (value, part) => need(typeof value === "boolean", part, "expected true or false");
  const optional = (form) => (value, part) => { if (value !== null) form(value, part); };
  const opt32 = (value, part) => { if (value !== null) { hex32(value, part); need(value !== ZERO, part, "zero is written as null"); } };
  const text = (expected) => (value, part) => need(value === expected, part, `expected ${expected}`);

  const object = (forms) => (value, part) => {
    need(value !== null && typeof value === "object" && !Array.isArray(value), part, "expected an object");
    const names = Object.keys(value).sort();
    need(names.join() === Object.keys(forms).sort().join(), part, `expected exactly the members ${Object.keys(forms).sort().join(", ")}`);
    for (const name of names) forms[name](value[name], part === "bundle" ? name : `${part}.${name}`);
  };
  const list = (form, least, most, key) => (value, part) => {
    need(Array.isArray(value), part, "expected a list");
    need(value.length >= least && value.length <= most, part, `expected ${least} to ${most} entries`);
    value.forEach((entry, i) => form(entry, `${part}[${i}]`));
    if (key) for (let i = 1; i < value.length; i++) need(key(value[i - 1]) < key(value[i]), `${part}[${i}]`, "not in ascending order");
  };
  const itself = (x) => x, byId = (x) => x.id, MANY = Infinity;

  const act = { organisation: u8, account: place, time: u40 };
  const updateForms = [u8, place, u40, hex32, place, hex32];
  const updateForm = (value, part) => {
    need(Array.isArray(value) && value.length === 6, part, "expected a list of six");
    updateForms.forEach((form, i) => form(value[i], `${part}[${i}]`));
  };
  const updatesForm = (value, part) => {
    list(updateForm, 0, MANY)(value, part);
    for (let i = 1; i < value.length; i++) {
      const [a, b] = [value[i - 1], value[i]];
      need(a[2] < b[2] || (a[2] === b[2] && a[0] <= b[0]), part, "not in the order of time and organisation");
    }
  };
  const openingForms = object({ ...act, plan: hex32, purpose: hex32, participants: hex32, initial_model: hex32, initial_kind: whole(1, 3), parent_run: opt32, parent_round: optional(u16), origin: opt32, statement: hex32 });
  const opening = (value, part) => {
    openingForms(value, part);
    need((value.parent_round === null) === (value.parent_run === null), `${part}.parent_round`, "null exactly when parent_run is");
  };
  const round = object({ ...act, aggregate: hex32, participants: hex32, included: hex32, statement: hex32, updates: updatesForm });
  const note = object({ ...act, kind: whole(1, 4), round: u16, reason: u8, subject: hex32, statement: hex32 });
  const registration = object({ ...act, commitment: hex32, predecessor: opt32, qc_report: hex32, qc_passed: bool, ethics: hex32, ethics_expiry: u40, rule_set: hex32, declarations: whole(0, 15), purpose: hex32, statement: hex32 });
  const decision = object({ ...act, kind: whole(1, 6), reason: u8, successor: opt32, statement: hex32 });

  const attachments = (value, part) => {
    need(value !== null && typeof value === "object" && !Array.isArray(value), part, "expected an object");
    for (const [digest, content] of Object.entries(value)) {
      hex32(digest, `${part}: ${digest}`);
      need(typeof content === "string" && /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(content), `${part}.${digest}`, "expected base64");
      const raw = atob(content);
      need(btoa(raw) === content, `${part}.${digest}`, "expected base64 in its only form");
      need(sha256(Uint8Array.from(raw, (c) => c.charCodeAt(0))) === digest, `${part}.${digest}`, "the document has another SHA-256");
    }
  };

  const BUNDLE = {
    format: text("dragon-evidence/1"),
    chain: object({ chain_id: whole(0, 2 ** 53 - 1), genesis_hash: hex32 }),
    contracts: object(Object.fromEntries(CONTRACTS.map((name) => [name, hex(20)]))),
    settings: object({ required_approvals: u8, root_delay: u40 }),
    digests: list(hex32, 1, 16, itself),
    headers: list(hex(null), 1, 4096),
    nodes: list((value, part) => { hex(null)(value, part); need(value.length <= 2048, part, "longer than 1024 bytes"); }, 1, MANY, itself),
    accounts: list(hex(20), 0, MANY, itself),
    runs: list(object({ id: hex32, opening, rounds: list(round, 0, 65535), notes: list(note, 0, 65535) }), 0, MANY, byId),
    versions: list(object({ id: hex32, registration, decisions: list(decision, 0, MANY) }), 0, MANY, byId),
    attachments,
  };
  const checkForm = (forms, value, part) => object(forms)(value, part);

  /** Places point into `accounts` and `versions`, and every account is named. */
  function checkPlaces(bundle) {
    const named = new Set();
    const account = (at, part) => { need(at < bundle.accounts.length, part, "no such place in accounts"); named.add(at); };
    bundle.runs.forEach((run, i) => {
      account(run.opening.account, `runs[${i}].opening.account`);
      run.notes.forEach((entry, j) => account(entry.account, `runs[${i}].notes[${j}].account`));
      run.rounds.forEach((entry, j) => {
        account(entry.account, `runs[${i}].rounds[${j}].account`);
        entry.updates.forEach((update, k) => {
          account(update[1], `runs[${i}].rounds[${j}].updates[${k}][1]`);
          need(update[4] < bundle.versions.length, `runs[${i}].rounds[${j}].updates[${k}][4]`, "no such place in versions");
        });
      });
    });
    bundle.versions.forEach((version, i) => {
      account(version.registration.account, `versions[${i}].registration.account`);
      version.decisions.forEach((entry, j) => account(entry.account, `versions[${i}].decisions[${j}].account`));
    });
    bundle.accounts.forEach((_, i) => need(named.has(i), `accounts[${i}]`, "nothing names it"));
  }

  // --------------------------------------------------------------------------------------------------- network file, code

  function parseNetwork(bytes) {
    let network;
    try { network = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)); } catch (error) { throw new Refused("network file", `no JSON (${error.message})`); }
    need(network && network.format === "dragon-network/1", "network file: format", "expected dragon-network/1");
    need(Number.isSafeInteger(network.chain_id), "network file: chain_id", "expected a whole number");
    const bare = (value, size, part) => { need(typeof value === "string" && value.startsWith("0x"), part, "expected 0x and hexadecimal digits"); hex(size)(value.slice(2), part); return value.slice(2); };
    const contracts = {};
    for (const name of CONTRACTS) {
      const entry = (network.contracts || {})[name];
      need(entry, `network file: contracts.${name}`, "missing");
      contracts[name] = { address: bare(entry.address, 20, `network file: contracts.${name}.address`), codeHash: bare(entry.code_hash, 32, `network file: contracts.${name}.code_hash`) };
    }
    const genesis = bare(network.genesis_hash, 32, "network file: genesis_hash"), validators = trustRoot(network.validators, bare);
    need(!validators || validators.block !== 0 || validators.hash === genesis, "network file: validators.hash", "not the genesis_hash, though the block is 0");
    return { chainId: network.chain_id, genesis, contracts, validators };
  }

  function trustRoot(validators, bare) {
    if (validators === null || validators === undefined) return null;
    const part = "network file: validators";
    for (const name of ["block", "time", "epoch_length"]) need(Number.isSafeInteger(validators[name]) && validators[name] >= (name === "epoch_length" ? 1 : 0), `${part}.${name}`, "expected a whole number");
    need(Array.isArray(validators.members) && validators.members.length > 0, `${part}.members`, "expected a list");
    const names = new Map();
    validators.members.forEach((member, i) => names.set(bare(member && member.address, 20, `${part}.members[${i}].address`), member.name));
    need(names.size === validators.members.length, `${part}.members`, "an address occurs twice");
    return { block: validators.block, hash: bare(validators.hash, 32, `${part}.hash`), time: validators.time, epoch: validators.epoch_length, names };
  }

  function checkIdentity(bundle, network) {
    need(bundle.chain.chain_id === network.chainId, "chain.chain_id", `the network file has ${network.chainId}`);
    need(bundle.chain.genesis_hash === network.genesis, "chain.genesis_hash", "the network file has another");
    for (const name of CONTRACTS) need(bundle.contracts[name] === network.contracts[name].address, `contracts.${name}`, "the network file has another address");
  }

  /** The release whose published code, with this network's addresses and settings filled in, has the code hashes of the network file.
   * `published` holds the code of each release by its version. */
  function releaseOf(bundle, network, published) {
    const immutables = {
      consortium: network.contracts.Consortium.address, registry: network.contracts.DatasetRegistry.address, training: network.contracts.TrainingLedger.address,
      requiredApprovals: bundle.settings.required_approvals, rootDelay: bundle.settings.root_delay,
    };
    const stands = (release, name) => keccak(filledIn(release[name], immutables)) === network.contracts[name].codeHash;
    const found = Object.keys(published).find((version) => CONTRACTS.every((name) => stands(published[version], name)));
    if (found !== undefined) return found;
    const newest = published[Object.keys(published).pop()], other = CONTRACTS.find((name) => !stands(newest, name));
    throw new Refused(`code of ${other}`, "the published code with these addresses and settings has another hash than the network file");
  }

  function filledIn({ deployedBytecode, immutableReferences }, immutables) {
    let code = deployedBytecode.replace(/^0x/, "");
    for (const [immutable, places] of Object.entries(immutableReferences)) {
      for (const { start, length } of places) code = code.slice(0, 2 * start) + word(immutables[immutable]).slice(-2 * length) + code.slice(2 * (start + length));
    }
    return code;
  }

  // -------------------------------------------------------------------------------------------------------- header, seals

  const MIX_HASH = "63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
  const HEADER_FIELDS = [32, 32, 20, 32, 32, 32, 256, -32, -8, -8, -8, -8, null, 32, 8, -32, 32, -8, -8, 32, 32]; // negative: an integer of at most so many bytes
  const NO_UNCLES = "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";

  /** The fields that every consortium's blocks have, whatever its consensus. */
  function parseHeader(rlp, part) {
    need(rlp.length <= 2 * 67584, part, "longer than 67584 bytes");
    const fields = decodeRlp(bytesOf(rlp), part);
    need(Array.isArray(fields) && [15, 16, 17, 19, 20, 21].includes(fields.length), part, "expected an RLP list of 15, 16, 17, 19, 20 or 21 fields");
    fields.forEach((field, i) => {
      const size = HEADER_FIELDS[i];
      need(size === null ? typeof field === "string" && field.length <= 131072 : size < 0 ? isInteger(field, -size) : isText(field, size), `${part}, field ${i}`, "of another form");
    });
    return { fields, parent: fields[0], proposer: fields[2], stateRoot: fields[3], number: number(fields[8]), time: number(fields[11]), hash: keccak(rlp) };
  }

  function parseQbftHeader(rlp, part) {
    const header = parseHeader(rlp, part);
    part = `header ${header.number}`;
    const { fields } = header;
    need(fields[1] === NO_UNCLES, part, "uncles");
    need(fields[7] === "01", part, "difficulty is not 1");
    need(fields[13] === MIX_HASH, part, "mixHash is not QBFT's");
    need(/^0*$/.test(fields[14]), part, "nonce is not zero");
    const extra = decodeRlp(bytesOf(fields[12]), `${part}, extraData`);
    need(Array.isArray(extra) && extra.length === 5, `${part}, extraData`, "expected five members");
    const [vanity, validators, vote, roundNumber, seals] = extra;
    need(typeof vanity === "string" && vanity.length <= 64, `${part}, vanity`, "longer than 32 bytes");
    need(Array.isArray(validators) && validators.length >= 1 && validators.length <= 512 && validators.every((v) => isText(v, 20)), `${part}, validators`, "expected 1 to 512 addresses");
    need(new Set(validators).size === validators.length, `${part}, validators`, "one occurs twice");
    need(Array.isArray(vote) && (vote.length === 0 || (vote.length === 2 && isText(vote[0], 20) && ["ff", ""].includes(vote[1]))), `${part}, vote`, "of another form");
    need(isInteger(roundNumber, 4), `${part}, round`, "of another form");
    need(Array.isArray(seals) && seals.length <= 512 && seals.every((seal) => isText(seal, 65)), `${part}, seals`, "expected at most 512 of 65 bytes each");
    const hashWith = (members) => keccak(encodeRlp(fields.map((field, i) => (i === 12 ? encodeRlp(members) : field))));
    return { ...header, part, validators, vote, seals, hash: hashWith([vanity, validators, vote, "", []]), commitHash: hashWith([vanity, validators, vote, roundNumber, []]) };
  }

  function signerOf(seal, hash, part) {
    const id = seal.slice(128);
    need(id === "00" || id === "01", part, "a seal's recovery id is neither 0 nor 1");
    let point;
    try {
      point = noble.secp256k1.Signature.fromBytes(bytesOf(id + seal.slice(0, 128)), "recovered").recoverPublicKey(bytesOf(hash));
    } catch (error) { throw new Refused(part, `a seal recovers to no key (${error.message})`); }
    return keccak(hexOf(point.toBytes(false).subarray(1))).slice(-40);
  }

  /** Who sealed a header, once it is known that a quorum of the set it names did. */
  function signersOf(header) {
    const set = new Set(header.validators);
    need(set.has(header.proposer), header.part, "its proposer is no validator");
    const quorum = Math.ceil(2 * set.size / 3);
    need(header.seals.length <= set.size, header.part, "more seals than validators");
    const signers = new Set();
    for (const seal of header.seals) {
      const signer = signerOf(seal, header.commitHash, header.part);
      need(set.has(signer), header.part, `sealed by the outsider 0x${signer}`);
      need(!signers.has(signer), header.part, `0x${signer} sealed twice`);
      signers.add(signer);
    }
    need(signers.size >= quorum, header.part, `sealed by ${signers.size} of ${set.size} validators, a quorum is ${quorum}`);
    return signers;
  }

  /** Votes of the blocks since all were forgotten; `null` standing means that they are unknown. */
  class Votes {
    constructor(known, epoch) { this.standing = known ? new Map() : null; this.epoch = epoch; }

    /** The set that must seal the next block, or null when that is not known. */
    follow(header) {
      const first = header.number % this.epoch === 0;
      if (first || (header.number + 1) % this.epoch === 0) {
        if (header.vote.length) this.standing = null;
        else if (first || this.standing) this.standing = new Map();
        return this.standing && new Set(header.validators);
      }
      if (!this.standing) return null;
      return this.count(header);
    }

    count(header) {
      const set = new Set(header.validators);
      if (!header.vote.length) return set;
      const [recipient, kind] = header.vote;
      const about = this.standing.get(recipient) || new Set();
      this.standing.set(recipient, about);
      if ((kind === "ff") === set.has(recipient)) about.delete(header.proposer);
      else about.add(header.proposer);
      if (2 * about.size <= set.size) return set;
      this.standing.delete(recipient);
      if (!set.delete(recipient)) return set.add(recipient);
      for (const voters of this.standing.values()) voters.delete(recipient);
      return set;
    }
  }

  const sameSet = (a, b) => a.size === b.size && [...a].every((x) => b.has(x));

  function checkTimes(header, trusted, now) {
    need(now < trusted.time + TRUSTING_PERIOD, header.part, `trust in block ${trusted.number} has expired`);
    need(trusted.time <= now + CLOCK_DRIFT, header.part, `the time of block ${trusted.number}, which is trusted, is in the future`);
    need(header.time <= now + CLOCK_DRIFT, header.part, "its time is in the future");
  }

  /** Who sealed the trust root's own block; nobody seals a genesis block. */
  function rootSigners(header, trusted, now) {
    need(header.hash === trusted.hash, header.part, "another block than the network file's");
    checkTimes(header, trusted, now);
    need(sameSet(new Set(header.validators), trusted.set), header.part, "its validators are not the network file's");
    return header.number ? signersOf(header) : new Set();
  }

  /** Leads trust from the network file to the last header; returns it with its signers. */
  function followHeaders(headers, anchor, now) {
    const votes = new Votes(anchor.block === 0, anchor.epoch);
    let trusted = { number: anchor.block, hash: anchor.hash, time: anchor.time, set: new Set(anchor.names.keys()) };
    let nextSet = votes.standing && trusted.set;
    let last;
    for (const [i, header] of headers.entries()) {
      if (i === 0 && header.number === anchor.block) { last = { header, signers: rootSigners(header, trusted, now) }; continue; }
      need(header.number > trusted.number, header.part, `not later than block ${trusted.number}, which is trusted`);
      checkTimes(header, trusted, now);
      const signers = signersOf(header);
      const overlap = [...signers].filter((signer) => trusted.set.has(signer)).length;
      need(3 * overlap > trusted.set.size, header.part, `only ${overlap} of the ${trusted.set.size} trusted validators sealed it; a header in between is missing`);
      const set = new Set(header.validators);
      if (header.number === trusted.number + 1) {
        need(header.parent === trusted.hash, header.part, "its parent is not the block that is trusted");
        need(!nextSet || sameSet(set, nextSet), header.part, "its validators are not those that the votes give");
      } else votes.standing = null;
      nextSet = votes.follow(header);
      trusted = { number: header.number, hash: header.hash, time: header.time, set };
      last = { header, signers };
    }
    return last;
  }

  const SINGLE_OPERATOR = "the network has a single operator and its blocks carry no validators' seals: the state is that operator's word";
  const EXPIRED = "the network file's validators were vouched for longer ago than 180 days, and are no longer believed; get a newer network file";

  /** The block that everything is as of, and what is known of its seals. */
  function blockOf(bundle, network, demands) {
    const anchor = network.validators;
    const parts = bundle.headers.map((_, i) => `headers[${i}]`);
    let found;
    if (!anchor) {
      need(bundle.headers.length === 1, "headers", "expected exactly one, as nobody seals");
      found = { header: parseHeader(bundle.headers[0], parts[0]), seals: unsealed(SINGLE_OPERATOR) };
    } else {
      const read = (rlp, i) => parseQbftHeader(rlp, parts[i]);
      const expired = demands.now >= anchor.time + TRUSTING_PERIOD;
      const headers = bundle.headers.map(read);
      found = expired ? { header: lastOf(headers), seals: unsealed(EXPIRED) } : sealedBlock(headers, anchor, demands.now);
    }
    const accepted = demands.acceptedCheckpoint;
    if (accepted) {
      need(found.header.hash === accepted, "headers", `block ${found.header.number} is 0x${found.header.hash}, not the accepted checkpoint 0x${accepted}`);
      if (!found.seals.verified) found.seals.accepted = true;
    }
    return found;
  }

  /** The last of headers whose seals nobody looks at. */
  function lastOf(headers) {
    headers.forEach((header, i) => need(i === 0 || header.number > headers[i - 1].number, header.part, "not later than the header before it"));
    return headers.at(-1);
  }

  function sealedBlock(headers, anchor, now) {
    const { header, signers } = followHeaders(headers, anchor, now);
    need(header.number === 0 || signers.size > 0, header.part, "carries no seals");
    return { header, seals: sealed(header, signers, anchor.names) };
  }

  const unsealed = (detail) => ({ verified: null, signers: [], validators: [], detail });

  function sealed(header, signers, names) {
    const called = [...signers].map((address) => names.get(address) || "0x" + address).sort();
    const shown = (addresses) => [...addresses].map((address) => "0x" + address);
    return { verified: true, signers: shown(signers), validators: shown([...header.validators].sort()), detail: `sealed by ${signers.size} of ${header.validators.length} validators: ${called.join(", ")}` };
  }

  // --------------------------------------------------------------------------------------------------------- state proofs

  const EMPTY_TRIE = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

  /** The bundle's trie nodes. Every word that is read is proved; nodes that no proof used are found at the end. */
  class State {
    constructor(bundle, network, stateRoot) {
      this.nodes = new Map(bundle.nodes.map((node) => [keccak(node), node]));
      this.parsed = new Map();
      this.used = new Set();
      this.words = new Map();
      this.roots = {};
      for (const name of CONTRACTS) this.roots[name] = this.account(name, network.contracts[name], stateRoot);
    }

    account(name, expected, stateRoot) {
      const part = `proof of ${name}`;
      const value = this.lookUp(stateRoot, keccak(expected.address), part);
      need(value !== null, part, "there is no account at its address");
      const fields = decodeRlp(bytesOf(value), part);
      need(Array.isArray(fields) && fields.length === 4 && isInteger(fields[0], 8) && isInteger(fields[1], 32) && isText(fields[2], 32) && isText(fields[3], 32), part, "not the RLP of an account");
      need(fields[3] === expected.codeHash, part, "its code is not the network file's");
      return fields[2];
    }

    /** The word in a contract's storage; a proved absence is zero. */
    read(contract, slot) {
      const key = contract + slot;
      if (!this.words.has(key)) {
        const part = `proof of ${contract}: slot ${slot}`;
        const value = this.lookUp(this.roots[contract], keccak(slot), part);
        const item = value === null ? "" : decodeRlp(bytesOf(value), part);
        need(isInteger(item, 32), part, "not a storage word");
        this.words.set(key, word(item));
      }
      return this.words.get(key);
    }

    node(hash, part) {
      if (!this.parsed.has(hash)) {
        need(this.nodes.has(hash), part, `node ${hash} is not in the bundle`);
        this.parsed.set(hash, decodeRlp(bytesOf(this.nodes.get(hash)), part));
      }
      this.used.add(hash);
      return this.parsed.get(hash);
    }

    /** A node that a parent names: by its hash, or in place when shorter than 32 bytes. */
    follow(reference, part) {
      if (!Array.isArray(reference)) { need(isText(reference, 32), part, "a reference is neither a hash nor a node"); return this.node(reference, part); }
      need(encodeRlp(reference).length < 64, part, "a node in place is not shorter than 32 bytes");
      return reference;
    }

    /** The value at a key (hex text) in the trie with this root, or null when its absence is proved. */
    lookUp(rootHash, key, part) {
      if (rootHash === EMPTY_TRIE) return null;
      let node = this.node(rootHash, part);
      for (let at = 0; ;) {
        need(Array.isArray(node) && (node.length === 2 || node.length === 17), part, "a node has neither 2 nor 17 members");
        if (node.length === 17) {
          need(at < 64, part, "a branch below the end of the key");
          const next = node[parseInt(key[at++], 16)];
          if (next === "") return null;
          node = this.follow(next, part);
          continue;
        }
        const { rest, leaf } = path(node[0], part);
        if (leaf) { need(typeof node[1] === "string" && at + rest.length === 64, part, "a leaf of another form"); return key.slice(at) === rest ? node[1] : null; }
        need(rest.length > 0, part, "an extension by nothing");
        if (!key.startsWith(rest, at)) return null;
        at += rest.length;
        node = this.follow(node[1], part);
      }
    }

    checkAllUsed() { for (const [hash, node] of this.nodes) need(this.used.has(hash), "nodes", `no proof uses the node ${node.slice(0, 16)}...`); }
  }

  /** A partial path in hex-prefix encoding. */
  function path(encoded, part) {
    need(typeof encoded === "string" && /^([02]0|[13].)/.test(encoded), part, "a path is not in hex-prefix encoding");
    return { leaf: encoded[0] >= "2", rest: encoded.slice("13".includes(encoded[0]) ? 1 : 2) };
  }

  // ---------------------------------------------------------------------------------------------------------------- facts

  const TYPES = {
    Version: "uint256 chainId,address registry,uint8 organisation,bytes32 commitment",
    Registration: "bytes32 id,uint32 number,uint8 organisation,address account,uint40 time,bytes32 commitment,bytes32 predecessor,bytes32 qcReport,bytes32 ethics,bytes32 ruleSet,bytes32 purpose,bytes32 statement,uint40 ethicsExpiry,uint8 declarations,bool qcPassed",
    Decision: "bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 successor,bytes32 statement",
    Run: "uint256 chainId,address ledger,uint8 organisation,bytes32 plan,bytes32 statement",
    Update: "bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces",
    Opening: "bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind",
    Round: "bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,bytes32 leavesHash,bytes32 statement",
    Note: "bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement",
    Release: "uint256 chainId,address registry,uint8 organisation,bytes32 run,uint16 round,bytes32 fileDigest",
  };
  const TYPE_HASHES = Object.fromEntries(Object.entries(TYPES).map(([name, fields]) => [name, keccak(hexOf(utf8(`${name}(${fields})`)))]));
  const D = (type, ...fields) => keccak(TYPE_HASHES[type] + fields.map(word).join(""));

  const REJECTED = 1, APPROVED = 2, REVOKED = 4, SUPERSEDED = 8, RETIRED = 16, REINSTATING = 32;
  const APPROVE = 1, REINSTATE = 4;
  const FLAG_OF_KIND = { 2: REJECTED, 3: REVOKED, 5: SUPERSEDED, 6: RETIRED };

  /** Derives every slot from the digests on, proves its word, and holds the bundle's fields against it. */
  class Evidence {
    constructor(bundle, state) {
      this.bundle = bundle;
      this.state = state;
      this.given = { run: new Map(bundle.runs.map((run) => [run.id, run])), version: new Map(bundle.versions.map((version) => [version.id, version])) };
      this.runs = new Map();
      this.versions = new Map();
      this.accounts = new Map();
      this.organisations = new Map();
      this.ruleSets = new Map();
      this.named = new Set();
      this.summaries = new Set();
      this.facts = new Map(bundle.digests.map((digest) => [digest, this.factsAbout(digest)]));
      this.checkNothingElse();
    }

    numberAt(contract, slot, part, expected) {
      const found = this.state.read(contract, slot);
      if (expected !== undefined) need(found === word(expected), part, `the bundle gives ${expected}, proved is ${found}`);
      return found;
    }

    entries(contract, slot, width, part) {
      const count = number(this.state.read(contract, slot));
      need(count <= 65536, part, "more than 65536 entries");
      const from = keccak(slot);
      return Array.from({ length: count }, (_, i) => Array.from({ length: width }, (_, j) => this.state.read(contract, plus(from, i * width + j)))).map((words) => {
        need(words[0] !== ZERO, part, "an entry is zero");
        return words;
      });
    }

    factsAbout(digest) {
      const origins = this.entries("TrainingLedger", slotOf(6, digest), 2, `origins of ${digest}`).map(([run, place]) => ({ run, round: number(unpack(place, 2)[0]) }));
      const ids = this.entries("ModelRegistry", slotOf(origins.length ? 1 : 2, digest), 1, `releases of ${digest}`).map(([id]) => id);
      const releases = ids.map((id) => this.release(id));
      for (const { run, round } of origins) need(this.run(run, 0).rounds[round - 1], `run 0x${run}`, `round ${round}, which gave the model, is not closed`);
      for (const release of releases) {
        const round = this.run(release.run, 0).rounds[release.round - 1];
        need(round, `release 0x${release.id}`, `round ${release.round} is not closed`);
        release.aggregate = round.aggregate;
      }
      return { digest, origins, releases, evidence: this };
    }

    release(id) {
      const slot = slotOf(0, id), part = `release 0x${id}`;
      const words = Array.from({ length: 7 }, (_, i) => this.state.read("ModelRegistry", plus(slot, i)));
      const [account, at, round, organisation] = unpack(words[0], 20, 5, 2, 1);
      need(number(at) !== 0, part, "no time of the release");
      const [withdrawer, withdrawnAt, reason] = unpack(words[5], 20, 5, 1);
      const act = this.act(number(organisation), account, number(at));
      const withdrawal = number(withdrawnAt) === 0 ? null : { ...this.act(number(organisation), withdrawer, number(withdrawnAt)), reason: number(reason), statement: words[6] };
      this.named.add(words[3]).add(words[4]);
      if (withdrawal) this.named.add(words[6]);
      return { id, ...act, round: number(round), run: words[1], fileDigest: words[2], modelCard: words[3], statement: words[4], withdrawal };
    }

    /** Remembers who acted, so that account and organisation are proved too. */
    act(organisation, account, time) {
      if (!this.organisations.has(organisation)) this.organisations.set(organisation, this.organisation(organisation));
      if (!this.accounts.has(account)) this.accounts.set(account, this.account(account));
      return { organisation, account, time };
    }

    actOf(entry) { return this.act(entry.organisation, this.bundle.accounts[entry.account], entry.time); }

    organisation(n) {
      const slot = slotOf(4, n);
      const [rootAccount, admittedAt, , roles] = unpack(this.state.read("Consortium", slot), 20, 5, 5, 1);
      const record = this.state.read("Consortium", plus(slot, 1));
      need(number(admittedAt) !== 0, `organisation ${n}`, "was never admitted");
      const suspended = (BigInt("0x" + this.state.read("Consortium", word(2))) >> BigInt(n)) & 1n;
      return { number: n, root: rootAccount, admittedAt: number(admittedAt), roles: number(roles), record, suspended: suspended === 1n };
    }

    account(address) {
      const [acceptedAt, to, compromisedSince, organisation, roles] = unpack(this.state.read("Consortium", slotOf(7, address)), 5, 5, 5, 1, 1).map(number);
      need(acceptedAt !== 0, `account 0x${address}`, "was never accepted");
      const enrolled = roles ? number(unpack(this.state.read("Consortium", slotOf(6, organisation, address)), 20, 5)[1]) : 0;
      return { address, acceptedAt, to, compromisedSince, organisation, roles, enrolledAt: enrolled || acceptedAt };
    }

    ruleSet(digest) {
      if (!this.ruleSets.has(digest)) {
        const [acceptedAt, from, to, declarations] = unpack(this.state.read("Consortium", slotOf(8, digest)), 5, 5, 5, 1).map(number);
        this.ruleSets.set(digest, acceptedAt ? { digest, acceptedAt, from, to, declarations } : null);
      }
      return this.ruleSets.get(digest);
    }

    /** A run with its parents; `depth` counts generations. */
    run(id, depth, children = new Set()) {
      const part = `run 0x${id}`;
      need(!children.has(id), part, "is its own ancestor");
      need(depth < 64, part, "more than 64 generations");
      if (this.runs.has(id)) return this.runs.get(id);
      const given = this.given.run.get(id);
      need(given, part, "is not in the bundle");
      const { opening } = given;
      const parent = opening.parent_run === null ? null : this.run(opening.parent_run, depth + 1, new Set(children).add(id));
      const run = this.chainOf(given, parent, part);
      this.runs.set(id, run);
      return run;
    }

    chainOf(given, parent, part) {
      const { id, opening } = given;
      const { chain, contracts } = this.bundle;
      need(D("Run", chain.chain_id, contracts.TrainingLedger, opening.organisation, opening.plan, opening.statement) === id, part, "its id does not follow from its fields");
      if (parent) need(opening.parent_round >= 1 && parent.rounds[opening.parent_round - 1], part, "its parent has no such closed round");
      const act = this.actOf(opening);
      const parentHash = parent ? parent.rounds[opening.parent_round - 1].hash : null;
      const first = D("Opening", id, act.organisation, act.account, act.time, parentHash, opening.plan, opening.purpose, opening.participants, opening.initial_model, opening.parent_run, opening.origin, opening.statement, opening.parent_round || 0, opening.initial_kind);
      [opening.plan, opening.purpose, opening.statement].forEach((digest) => this.named.add(digest));
      if (opening.origin) this.named.add(opening.origin);
      const run = { id, ...opening, ...act, parent, hash: first, rounds: [], notes: [] };
      for (const entry of given.rounds) run.rounds.push(this.round(run, entry));
      this.notes(run, given.notes);
      this.checkStored(run, part);
      return run;
    }

    checkStored(run, part) {
      const base = slotOf(0, run.id);
      const [, openedAt, rounds, , , , aborted] = unpack(this.state.read("TrainingLedger", base), 20, 5, 2, 1, 1, 1, 1).map(number);
      need(openedAt === run.time, part, `the time of its opening: the bundle gives ${run.time}, proved is ${openedAt}`);
      need(rounds === run.rounds.length, part, `the number of its closed rounds: the bundle gives ${run.rounds.length}, proved is ${rounds}`);
      run.aborted = aborted !== 0;
      const [, , , notes] = unpack(this.state.read("TrainingLedger", plus(base, 5)), 2, 2, 2, 2, 5).map(number);
      need(notes === run.notes.length, part, `the number of its notes: the bundle gives ${run.notes.length}, proved is ${notes}`);
      need(this.state.read("TrainingLedger", plus(base, 6)) === run.notesHead, part, "its notes do not give the head that is proved");
      const hash = rounds ? run.rounds[rounds - 1].hash : run.hash;
      need(this.state.read("TrainingLedger", slotOf(4, run.id, rounds)) === hash, part, `its opening and rounds do not give the hash of round ${rounds} that is proved`);
    }

    round(run, given) {
      const n = run.rounds.length + 1, before = run.rounds[n - 2];
      const part = `run 0x${run.id}, round ${n}`;
      const base = before ? before.aggregate : run.initial_model;
      const participants = members(given.participants);
      const last = new Map();
      const updates = given.updates.map((fields) => {
        need(participants.includes(fields[0]), part, `organisation ${fields[0]} committed and takes no part`);
        const update = this.update(run, n, base, fields, last.get(fields[0]));
        last.set(fields[0], update);
        return update;
      });
      const leaves = keccak(participants.map((o) => (last.has(o) ? last.get(o).leaf : ZERO)).join(""));
      const act = this.actOf(given);
      this.named.add(given.statement);
      const hash = D("Round", before ? before.hash : run.hash, run.id, n, base, given.aggregate, given.participants, given.included, act.organisation, act.account, act.time, leaves, given.statement);
      return { number: n, run, ...act, base, aggregate: given.aggregate, statement: given.statement, participants, included: members(given.included), updates, last, hash };
    }

    update(run, n, base, [organisation, account, time, digest, version, statement], replaced) {
      const act = this.act(organisation, this.bundle.accounts[account], time);
      const used = this.version(this.bundle.versions[version]);
      const replaces = replaced ? replaced.leaf : null;
      const hash = D("Update", run.id, n, organisation, act.account, time, digest, base, used.id, statement, replaces);
      this.named.add(statement);
      return { ...act, digest, statement, version: used, replaces, leaf: hash.slice(0, 56) + word(used.number).slice(56) };
    }

    notes(run, given) {
      run.notesHead = ZERO;
      for (const entry of given) {
        const act = this.actOf(entry);
        run.notesHead = D("Note", run.notesHead, run.id, entry.kind, entry.round, act.organisation, act.account, act.time, entry.reason, entry.subject, entry.statement);
        this.named.add(entry.statement);
        run.notes.push({ ...entry, ...act });
      }
    }

    version(given) {
      if (this.versions.has(given.id)) return this.versions.get(given.id);
      const { id, registration } = given, part = `version 0x${id}`;
      const { chain, contracts } = this.bundle;
      need(D("Version", chain.chain_id, contracts.DatasetRegistry, registration.organisation, registration.commitment) === id, part, "its id does not follow from its fields");
      const slot = slotOf(1, id);
      const [n, , , , , decisions, , , , flags, approvals] = unpack(this.state.read("DatasetRegistry", plus(slot, 1)), 4, 4, 5, 5, 5, 4, 1, 1, 1, 1, 1).map(number);
      const version = { id, number: n, ...registration, ...this.actOf(registration), slot, ruleSet: this.ruleSet(registration.rule_set) };
      [registration.statement, registration.qc_report, registration.rule_set].forEach((digest) => this.named.add(digest));
      const head = this.history(version, given.decisions, flags);
      need(decisions === given.decisions.length, part, `the number of its decisions: the bundle gives ${given.decisions.length}, proved is ${decisions}`);
      need(approvals === version.approvals.length, part, `the number of its approvals: the bundle gives ${version.approvals.length}, proved is ${approvals}`);
      need(this.state.read("DatasetRegistry", plus(slot, 4)) === head, part, "registration and decisions do not give the head that is proved");
      need(version.flags === flags, part, `flags ${version.flags} follow from its decisions, proved is ${flags}`);
      this.versions.set(id, version);
      return version;
    }

    /** Sets the version's decisions with the flags after each; returns the last D. */
    history(version, given, stored) {
      const v = version;
      let head = D("Registration", v.id, v.number, v.organisation, v.account, v.time, v.commitment, v.predecessor, v.qc_report, v.ethics, v.rule_set, v.purpose, v.statement, v.ethics_expiry, v.declarations, v.qc_passed);
      let flags = 0;
      const lastApprove = given.map((entry) => entry.kind).lastIndexOf(APPROVE);
      version.decisions = given.map((entry, i) => {
        const act = this.actOf(entry);
        head = D("Decision", head, v.id, entry.kind, act.organisation, act.account, act.time, entry.reason, entry.successor, entry.statement);
        this.named.add(entry.statement);
        if (entry.kind === APPROVE) { if (i === lastApprove && stored & APPROVED) flags |= APPROVED; }
        else if (entry.kind !== REINSTATE) flags |= FLAG_OF_KIND[entry.kind];
        else flags = flags & REINSTATING ? flags & ~(REVOKED | REINSTATING) : flags | REINSTATING;
        return { ...entry, ...act, flags };
      });
      version.approvals = version.decisions.filter((entry) => entry.kind === APPROVE);
      version.flags = flags;
      return head;
    }

    /** A sealed QC report ends by naming its summary, which may be attached beside it. */
    nameSummary(document) {
      const found = /"summary":"([0-9a-f]{64})"\},"salt":"[0-9a-f]{64}","schema":"qc-report\/1"\}$/.exec(document.slice(-175));
      if (found) this.summaries.add(found[1]);
    }

    checkNothingElse() {
      for (const id of this.given.run.keys()) need(this.runs.has(id), `run 0x${id}`, "nothing needs it");
      for (const id of this.given.version.keys()) need(this.versions.has(id), `version 0x${id}`, "nothing needs it");
      for (const [digest, document] of Object.entries(this.bundle.attachments)) if (this.named.has(digest)) this.nameSummary(atob(document));
      for (const digest of Object.keys(this.bundle.attachments)) need(this.named.has(digest) || this.summaries.has(digest), `attachments.${digest}`, "neither a fact nor an attached QC report names it");
      this.state.checkAllUsed();
    }
  }

  /** Everything that the bundle shows, once every step of the specification holds. */
  function openBundle(bundleBytes, networkBytes, demands, published) {
    const network = parseNetwork(networkBytes);
    const bundle = parseBundle(bundleBytes);
    checkIdentity(bundle, network);
    const codeVersion = releaseOf(bundle, network, published);
    const { header, seals } = blockOf(bundle, network, demands);
    const state = new State(bundle, network, header.stateRoot);
    const basis = { network_file: sha256(networkBytes), code_version: codeVersion };
    return { bundle, header, seals, stale: staleness(header, demands), evidence: new Evidence(bundle, state), demands, basis };
  }

  function staleness(header, { now, maxAge, atLeastBlock }) {
    if (atLeastBlock !== null && header.number < atLeastBlock) return `block ${atLeastBlock} or a later one was asked for`;
    if (maxAge !== null && now - header.time > maxAge) return `the block is ${now - header.time} s old, at most ${maxAge} s were asked for`;
    return null;
  }

  // -------------------------------------------------------------------------------------------------------------- verdict

  const ROLE = { SITE: 1, REVIEWER: 2, AGGREGATOR: 4, RELEASER: 8 };
  const PARENT = 1, EXTERNAL = 3;
  const PASS = "PASS", FAIL = "FAIL", NOT_VERIFIABLE = "NOT VERIFIABLE";
  const short = (id) => id.slice(0, 8);
  /** A time for people; a header that nobody sealed may name one beyond every calendar. */
  const instant = (time) => (time <= 253402300799 ? new Date(time * 1000).toISOString().replace(".000Z", "Z") : `second ${time}`);

  /** Reason codes in words (docs/spec/verdict, Reason codes). */
  const REASONS = {
    version: ["consent was withdrawn", "the ethics approval was withdrawn or found invalid", "identifying information was found in the data", "the data were found wrong or mislabelled",
      "the quality check missed a defect", "it was registered by mistake", "the earlier decision was a mistake", "a corrected version replaces it", "a larger version replaces it",
      "the data were erased on request", "the retention period has ended", "the key that signed for it was compromised"],
    abort: ["too few participants", "the training diverged", "a defect in the plan or the code", "a participant's data lost their standing"],
    dispute: ["the base that the site received differs", "the site's update was left out", "the aggregate is wrong"],
    withdrawal: ["a dataset version behind it lost its standing", "the model's performance was found insufficient", "a safety concern", "it was released by mistake", "a newer release replaces it"],
  };
  const reasonOf = (act, reason) => `${reason === 255 ? "another reason" : REASONS[act][reason - 1] || "unknown"} (reason ${reason})`;

  /** Of each check: the sentence that holds, the one that does not, and what it expects. */
  const SENTENCES = {
    "digest.known": ["The digest is known.", "The digest is not known.", "the digest is recorded"],
    "release.exists": ["The model was released.", "The model was never released.", "a release is recorded"],
    "release.not_withdrawn": ["The release has not been withdrawn.", "The release was withdrawn.", "no withdrawal is recorded"],
    "release.names_aggregate": ["The released model is the aggregate of a closed round.", "The released model is not the aggregate of the round that it names.", "the released digest is that round's aggregate"],
    "release.separated": ["Who aggregated did not release.", "The organisation that aggregated released the model itself.", "releaser and aggregator are different organisations"],
    "file.holds_aggregate": ["The presented file holds the released model.", "The presented file does not hold the released model.", "the file's content digest is the released aggregate"],
    "trace.complete": ["The trace reaches every origin.", "The trace is cut off before its origin.", "every run of the lineage is in the bundle"],
    "origin.initial_model": ["The origin of every initial model is recorded.", "The origin of an initial model is not as recorded.", "a parent round's model, a seed, or a declared external origin"],
    "rounds.chained": ["Every round starts from the aggregate of the one before.", "A round does not start from the aggregate of the one before.", "each base is the previous aggregate"],
    "participants.accounted": ["Every participant of every round is accounted for.", "A participant of a round is not accounted for.", "went in, absent or left out; no attempt hidden"],
    "records.bound": ["Every record agrees with the hash that the contracts store.", "A record disagrees with the hash that the contracts store.", "identifiers, leaves and round hashes follow from the recorded fields"],
    "updates.own_version": ["Every update was made from a dataset version of its own site.", "An update was made from another site's dataset version.", "version and update are of the same organisation"],
    "versions.usable_when_used": ["Every dataset version could be used when it was used.", "A dataset version was used when it could not be used.", "approved, not revoked, not ended before its run was opened"],
    "versions.in_standing": ["Every dataset version is in standing now.", "A dataset version is not in standing now.", "approved and not revoked"],
    "qc.passed": ["Every dataset version passed the quality check.", "A dataset version failed the quality check.", "passed"],
    "qc.rule_set_accepted": ["Every quality check was made by a rule set that the consortium accepted.", "A quality check was made by a rule set that was not accepted.", "accepted when the version was approved"],
    "ethics.declared": ["Every dataset version carries the declarations that its rule set requires.", "A dataset version lacks a declaration that its rule set requires.", "all required declarations"],
    "ethics.not_expired": ["No ethics approval had expired when its data were used.", "An ethics approval had expired when its data were used.", "used before the expiry"],
    "purpose.same": ["Every dataset version was used for the purpose it was given for.", "A dataset version was used for another purpose than it was given for.", "version, run and parent run name the same purpose"],
    "accounts.valid": ["Every account was entitled to its act when it acted.", "An account was not entitled to its act.", "enrolled, accepted, not ended, with the role that the act asks for"],
    "accounts.not_compromised": ["No act was made by a compromised account.", "A compromised account acted.", "no account was compromised when it acted"],
    "versions.approved_by_others": ["Every dataset version was approved by another organisation.", "A dataset version was not approved by another organisation.", "enough approvals, none of them its own"],
    "state.current": ["The facts are current.", "The facts are out of date.", "the newest final block"],
    "state.sealed": ["The state is sealed by a quorum of validators.", "The state is not sealed by a quorum of validators.", "seals of at least two thirds of the validators"],
  };

  /** What a check found about a subject; `at` is what the place is of, when not of the subject: an id, a contract, or null for no place. */
  const finding = (outcome, subject, found, at = subject) => ({ outcome, subject, found, at });
  const judgeThat = (holds, subject, found, at = subject) => finding(holds ? PASS : FAIL, subject, found, at);

  /** The outcome that follows from what a check looked at; nothing to look at is never PASS. */
  function check(id, findings, required = true) {
    const [holds, fails, expected] = SENTENCES[id];
    const having = (outcome) => findings.filter((f) => f.outcome === outcome);
    const amiss = [...having(FAIL), ...having(NOT_VERIFIABLE)], passed = having(PASS);
    const outcome = amiss.length ? amiss[0].outcome : passed.length ? PASS : NOT_VERIFIABLE;
    return {
      id, title: outcome === FAIL ? fails : holds, outcome, required, expected, found: foundBy(amiss, passed),
      examined: findings.length, findings: [...amiss, ...passed.slice(0, 3)].map((f) => ({ ...f, expected })),
    };
  }

  function foundBy(amiss, passed) {
    if (amiss.length) return amiss[0].found + (amiss.length > 1 ? ` (and ${amiss.length - 1} more)` : "");
    if (passed.length > 1) return `as expected in all ${passed.length} cases`;
    return passed.length ? passed[0].found : "nothing recorded that this check could examine";
  }

  /** What a digest's facts come down to: the governing release, and the rounds and updates that the model is made of. */
  function lineageOf(facts) {
    const standing = facts.releases.filter((release) => !release.withdrawal);
    const earliest = (releases) => releases.reduce((best, release) => (best === null || release.time < best.time ? release : best), null);
    const governing = earliest(standing) || earliest(facts.releases);
    const from = governing || facts.origins[0];
    const runs = [];
    if (from) {
      let run = facts.evidence.runs.get(from.run), upTo = from.round;
      for (; run; [run, upTo] = [run.parent, run.parent_round]) runs.push({ run, upTo, rounds: run.rounds.slice(0, upTo) });
    }
    const rounds = runs.flatMap((part) => part.rounds);
    const uses = rounds.flatMap((round) => round.included.filter((o) => round.last.has(o)).map((o) => ({ round, update: round.last.get(o) })));
    const versions = [...new Set(uses.map((use) => use.update.version))];
    return { governing, judged: from ? `round:0x${from.run}/${from.round}` : null, runs, rounds, uses, versions };
  }

  const ids = {
    release: (release) => `release:0x${release.id}`, run: (run) => `run:0x${run.id}`, round: (round) => `round:0x${round.run.id}/${round.number}`,
    update: (update) => `update:0x${update.leaf}`, version: (version) => `version:0x${version.id}`,
  };

  /** Flags of a version before and after each decision of the second `time`: any of them may have been in force. */
  function statesAt(version, time) {
    const flags = [0, ...version.decisions.map((decision) => decision.flags)];
    const before = version.decisions.filter((decision) => decision.time < time).length;
    const until = version.decisions.filter((decision) => decision.time <= time).length;
    return flags.slice(before, until + 1);
  }

  const stands = (flags) => (flags & APPROVED) !== 0 && (flags & REVOKED) === 0;
  const stoodAt = (version, time) => version.time <= time && statesAt(version, time).some(stands);

  function usable({ round, update }, governing) {
    const { version } = update, name = `version ${short(version.id)}`;
    const ended = version.decisions.some((decision) => decision.flags & (SUPERSEDED | RETIRED) && decision.time <= round.run.time && decision.time < update.time);
    const why = !stoodAt(version, update.time) ? "was not in standing at the commit" : ended ? "had ended before the run was opened" : null;
    const later = [["its round closed", round, ids.round(round)], ...(governing ? [["the model was released", governing, ids.release(governing)]] : [])];
    return [
      judgeThat(why === null, ids.update(update), `${name} ${why || "could be used"}`),
      ...later.filter(([, { time }]) => !statesAt(version, time).some(stands)).map(([what, , at]) => finding(FAIL, ids.version(version), `${name} was not in standing when ${what}`, at)),
    ];
  }

  /** Acts that count for the model, with the role that each needs. */
  function actsOf({ governing, runs, uses, versions }) {
    const acts = governing ? [[governing, ROLE.RELEASER, ids.release(governing)]] : [];
    for (const { run, rounds } of runs) {
      acts.push([run, ROLE.AGGREGATOR, ids.run(run)]);
      for (const round of rounds) acts.push([round, ROLE.AGGREGATOR, ids.round(round)]);
    }
    for (const { update } of uses) acts.push([update, ROLE.SITE, ids.update(update)]);
    for (const version of versions) {
      acts.push([version, ROLE.SITE, ids.version(version)]);
      for (const decision of version.decisions) if ([APPROVE, REINSTATE].includes(decision.kind)) acts.push([decision, ROLE.REVIEWER, ids.version(version)]);
    }
    return acts;
  }

  function entitled([act, role, subject], evidence) {
    const account = evidence.accounts.get(act.account);
    const why = account.organisation !== act.organisation ? "is of another organisation" : act.time < account.acceptedAt ? "was not accepted yet"
      : account.to && act.time >= account.to ? "had ended" : !(account.roles & role) ? "lacks the role" : null;
    return judgeThat(why === null, subject, `account 0x${short(act.account)} ${why || "was entitled"}`);
  }

  function uncompromised([act, , subject], evidence) {
    const { compromisedSince } = evidence.accounts.get(act.account);
    return judgeThat(!compromisedSince || act.time < compromisedSince, subject, compromisedSince ? `compromised since ${instant(compromisedSince)}` : "not compromised");
  }

  function originOf({ run }) {
    const origin = run.initial_kind === PARENT ? run.parent && run.parent.rounds[run.parent_round - 1].aggregate === run.initial_model
      : !run.parent && (run.initial_kind !== EXTERNAL || run.origin);
    return judgeThat(Boolean(origin), `round:0x${run.id}/0`, origin ? "as declared" : "not as declared", ids.run(run));
  }

  function accounted(round) {
    const missing = round.included.filter((o) => !round.last.has(o));
    return judgeThat(round.included.length > 0 && !missing.length, ids.round(round), missing.length ? `organisation ${missing.join(", ")} went in without an update` : `${round.included.length} updates went in`);
  }

  function standingNow(version) {
    if (stands(version.flags)) return finding(PASS, ids.version(version), "in standing");
    const last = version.decisions.filter((decision) => decision.kind === 3).pop();
    const why = last ? `is revoked since ${instant(last.time)} by organisation ${last.organisation}: ${reasonOf("version", last.reason)}` : "was never approved";
    return finding(FAIL, ids.version(version), `version ${short(version.id)} (number ${version.number}) of organisation ${version.organisation} ${why}`);
  }

  function accepted(version) {
    const { ruleSet } = version;
    const holds = ({ time }) => ruleSet !== null && Math.max(ruleSet.acceptedAt, ruleSet.from) <= time && (!ruleSet.to || time < ruleSet.to);
    return version.approvals.map((approval) => judgeThat(holds(approval), ids.version(version), `${holds(approval) ? "" : "not "}accepted at the approval, ${instant(approval.time)}`));
  }

  function declared(version) {
    const lacking = version.ruleSet.declarations & ~version.declarations;
    return judgeThat(!lacking, ids.version(version), lacking ? `declarations ${lacking} are missing` : "all are declared");
  }

  function approvedByOthers(version, requiredApprovals) {
    const own = version.approvals.some((decision) => decision.organisation === version.organisation);
    return judgeThat(!own && version.approvals.length >= requiredApprovals, ids.version(version), `${version.approvals.length} approvals${own ? ", one its own" : ""}`);
  }

  function purposes({ runs, uses }) {
    return [
      ...uses.map(({ round, update }) => judgeThat(update.version.purpose === round.run.purpose, ids.update(update), "purpose of version and run")),
      ...runs.filter(({ run }) => run.parent).map(({ run }) => judgeThat(run.purpose === run.parent.purpose, ids.run(run), "purpose of run and parent run")),
    ];
  }

  /** What the bundle gives is bound by openBundle, which refuses it otherwise; a release's id is a key that the contract made. */
  function recordsOf({ governing, runs, versions }, bundle) {
    const bound = (subject, found) => finding(PASS, subject, found);
    const roundOf = (round) => [...round.updates.map((update) => bound(ids.update(update), "its leaf follows")), bound(ids.round(round), "the hash of its leaves follows"), bound(ids.round(round), "H(r) follows")];
    return [
      ...(governing ? [releaseBound(governing, bundle)] : []),
      ...runs.map(({ run }) => bound(ids.run(run), "its id follows")),
      ...versions.map((version) => bound(ids.version(version), "its id follows")),
      ...runs.flatMap(({ run, rounds }) => [bound(ids.run(run), "H(0) follows"), ...rounds.flatMap(roundOf)]),
    ];
  }

  function releaseBound(governing, bundle) {
    const id = D("Release", bundle.chain.chain_id, bundle.contracts.ModelRegistry, governing.organisation, governing.run, governing.round, governing.fileDigest);
    return judgeThat(id === governing.id, ids.release(governing), id === governing.id ? "its id follows" : "its id does not follow from its fields");
  }

  function fileFinding(governing, matchedBy, presented) {
    const holds = (outcome, found) => finding(outcome, ids.release(governing), found);
    if (matchedBy === "content") return holds(PASS, "asked by the content digest, which is the aggregate's");
    if (!presented) return holds(NOT_VERIFIABLE, "only the file's digest was presented");
    if (presented.contentDigest === null) return holds(NOT_VERIFIABLE, presented.contentError || "its content was not read");
    const same = presented.contentDigest === governing.aggregate;
    return holds(same ? PASS : FAIL, same ? "it does" : `the file's content digest is ${presented.contentDigest}`);
  }

  /** Where the contracts keep what a check or notice is about (docs/spec/verdict, The JSON form). */
  class Places {
    constructor({ bundle, header, evidence }) {
      this.contracts = bundle.contracts;
      this.block = header.number;
      this.updates = new Map();
      for (const run of evidence.runs.values()) for (const round of run.rounds) for (const update of round.updates) this.updates.set(update.leaf, slotOf(5, run.id, round.number, update.organisation));
    }

    /** The place of an id, of a contract without slot, of the block (`chain`), or null. */
    of(at) {
      if (at === null) return null;
      const [kind, key] = at.split(":"), [id, n] = (key || "").replace("0x", "").split("/");
      const [contract, slot] = PLACES[kind] ? PLACES[kind](id, Number(n), this) : [kind === "digest" ? "chain" : kind, null];
      const address = contract in this.contracts ? "0x" + this.contracts[contract] : null;
      return { contract, address, slot: slot && "0x" + slot, block: this.block, transaction: null };
    }

    placed({ at, ...rest }) { return { ...rest, where: this.of(at) }; }
  }

  const PLACES = {
    organisation: (n) => ["Consortium", slotOf(4, Number(n))],
    account: (address) => ["Consortium", slotOf(7, address)],
    version: (id) => ["DatasetRegistry", slotOf(1, id)],
    run: (id) => ["TrainingLedger", slotOf(0, id)],
    round: (id, n) => ["TrainingLedger", slotOf(4, id, n)],
    update: (leaf, n, places) => ["TrainingLedger", places.updates.get(leaf)],
    release: (id) => ["ModelRegistry", slotOf(0, id)],
  };

  function releaseChecks({ header, stale }, facts, { governing, rounds, judged }, { matchedBy, presented }) {
    const aboutRelease = (f) => (governing ? [f(governing, ids.release(governing))] : []);
    const absent = stale ? NOT_VERIFIABLE : FAIL, asked = `digest:${facts.digest}`;
    const closed = judged && rounds.find((round) => ids.round(round) === judged), by = governing ? ids.release(governing) : judged;
    return [
      check("digest.known", [by ? finding(PASS, asked, "recorded", by) : finding(absent, asked, `nothing recorded up to block ${header.number}`, "ModelRegistry")]),
      check("release.exists", [governing ? finding(PASS, by, `released by organisation ${governing.organisation} at ${instant(governing.time)}`) : finding(absent, by || asked, "no release is recorded", "ModelRegistry")]),
      check("release.not_withdrawn", aboutRelease((r, id) => judgeThat(!r.withdrawal, id, r.withdrawal ? `withdrawn at ${instant(r.withdrawal.time)}: ${reasonOf("withdrawal", r.withdrawal.reason)}` : "not withdrawn"))),
      check("release.names_aggregate", aboutRelease((r, id) => judgeThat(matchedBy === "file" || r.aggregate === facts.digest, id, `round ${r.round} has the aggregate ${r.aggregate}`, judged))),
      check("release.separated", aboutRelease((r, id) => judgeThat(r.organisation !== closed.organisation && r.organisation !== closed.run.organisation, id, `released by organisation ${r.organisation}, aggregated by ${closed.organisation}`))),
      check("file.holds_aggregate", aboutRelease((r) => fileFinding(r, matchedBy, presented)), matchedBy === "file" && presented !== null),
    ];
  }

  function trainingChecks({ bundle }, line) {
    const { runs, rounds, uses } = line;
    return [
      check("trace.complete", runs.map(({ run, upTo }) => finding(PASS, ids.run(run), `run ${short(run.id)} up to round ${upTo}`))),
      check("origin.initial_model", runs.map(originOf)),
      check("rounds.chained", rounds.map((round) => finding(PASS, ids.round(round), "its hash binds the base"))),
      check("participants.accounted", rounds.map(accounted)),
      check("records.bound", recordsOf(line, bundle)),
      check("updates.own_version", uses.map(({ update }) => judgeThat(update.version.organisation === update.organisation, ids.update(update), `a version of organisation ${update.version.organisation}`))),
    ];
  }

  function dataChecks({ uses, versions, governing, ...line }) {
    return [
      check("versions.usable_when_used", uses.flatMap((use) => usable(use, governing))),
      check("versions.in_standing", versions.map(standingNow)),
      check("qc.passed", versions.map((v) => judgeThat(v.qc_passed, ids.version(v), v.qc_passed ? "it passed" : "it failed"))),
      check("qc.rule_set_accepted", versions.flatMap(accepted)),
      check("ethics.declared", versions.filter((v) => v.ruleSet).map(declared)),
      check("ethics.not_expired", uses.map(({ update }) => judgeThat(!update.version.ethics_expiry || update.time < update.version.ethics_expiry, ids.update(update), update.version.ethics_expiry ? `it expires at ${instant(update.version.ethics_expiry)}` : "it names no expiry"))),
      check("purpose.same", purposes({ ...line, uses })),
    ];
  }

  function peopleChecks({ evidence, bundle }, line) {
    const acts = actsOf(line);
    return [
      check("accounts.valid", acts.map((act) => entitled(act, evidence))),
      check("accounts.not_compromised", acts.map((act) => uncompromised(act, evidence))),
      check("versions.approved_by_others", line.versions.map((v) => approvedByOthers(v, bundle.settings.required_approvals))),
    ];
  }

  function stateChecks({ header, seals, stale }, facts) {
    const asked = `digest:${facts.digest}`, block = `block ${header.number} (${instant(header.time)})`;
    return [
      check("state.current", [finding(stale ? NOT_VERIFIABLE : PASS, asked, stale ? `last known state is ${block}: ${stale}` : block)]),
      check("state.sealed", [finding(seals.verified ? PASS : NOT_VERIFIABLE, asked, seals.detail)], !seals.accepted),
    ];
  }

  const checksOf = (opened, facts, line, question) => [
    ...releaseChecks(opened, facts, line, question), ...trainingChecks(opened, line), ...dataChecks(line), ...peopleChecks(opened, line), ...stateChecks(opened, facts),
  ];

  const noticeOf = (kind, subject, words, at = subject) => ({ kind, subject, words, at });

  function roundNotices(round) {
    const absent = round.participants.filter((o) => !round.last.has(o));
    const leftOut = round.participants.filter((o) => round.last.has(o) && !round.included.includes(o));
    const where = `round ${round.number} of run ${short(round.run.id)}`, times = (o) => round.updates.filter((u) => u.organisation === o).length;
    return [
      ...absent.map((o) => noticeOf("ABSENT", ids.round(round), `organisation ${o} was absent in ${where}`)),
      ...leftOut.map((o) => noticeOf("LEFT_OUT", ids.update(round.last.get(o)), `the update of organisation ${o} was left out of ${where}`, ids.round(round))),
      ...round.participants.filter((o) => times(o) > 1).map((o) => noticeOf("REPEATED_ATTEMPT", ids.update(round.last.get(o)), `organisation ${o} committed ${times(o)} times in round ${round.number}; the last counts`)),
    ];
  }

  function runNotices({ run }) {
    const noted = (kind) => run.notes.filter((note) => note.kind === kind);
    return [
      ...noted(4).map((note) => noticeOf("DISPUTE", `round:0x${run.id}/${note.round}`, `organisation ${note.organisation} disputes round ${note.round} of run ${short(run.id)}: ${reasonOf("dispute", note.reason)}`, ids.run(run))),
      ...(run.initial_kind === EXTERNAL ? [noticeOf("EXTERNAL_ORIGIN", ids.run(run), `the first model of run ${short(run.id)} was made outside this ledger`)] : []),
      ...noted(2).map((note) => noticeOf("RUN_ABORTED", ids.run(run), `run ${short(run.id)} was aborted: ${reasonOf("abort", note.reason)}`)),
    ];
  }

  const HISTORY = { 5: ["SUPERSEDED", "was superseded"], 6: ["RETIRED", "was retired"], [REINSTATE]: ["REINSTATED", "was reinstated"] };

  function versionNotices(version, now) {
    const name = `version ${short(version.id)} of organisation ${version.organisation}`;
    const told = version.decisions.filter(({ kind, flags }) => HISTORY[kind] && !(kind === REINSTATE && flags & REVOKED));
    const expired = version.ethics_expiry && version.ethics_expiry <= now;
    return [
      ...told.map(({ kind, time, reason }) => noticeOf(HISTORY[kind][0], ids.version(version), `${name} ${HISTORY[kind][1]} at ${instant(time)}: ${reasonOf("version", reason)}`)),
      ...(expired ? [noticeOf("ETHICS_EXPIRED_SINCE", ids.version(version), `the ethics approval of ${name} expired at ${instant(version.ethics_expiry)}`)] : []),
    ];
  }

  /** Every act in the facts of a digest, also those that no check rests on. */
  function actsInFacts(facts) {
    const runs = new Set(), found = facts.releases.flatMap((release) => [release, ...(release.withdrawal ? [release.withdrawal] : [])]);
    for (const { run } of [...facts.releases, ...facts.origins]) for (let one = facts.evidence.runs.get(run); one; one = one.parent) runs.add(one);
    const rounds = [...runs].flatMap((run) => run.rounds), updates = rounds.flatMap((round) => round.updates);
    const versions = [...new Set(updates.map((update) => update.version))];
    return [...found, ...runs, ...[...runs].flatMap((run) => run.notes), ...rounds, ...updates, ...versions, ...versions.flatMap((version) => version.decisions)];
  }

  function peopleNotices(facts) {
    const acts = actsInFacts(facts), { organisations, accounts } = facts.evidence;
    const suspended = [...new Set(acts.map((act) => act.organisation))].sort((a, b) => a - b).filter((n) => organisations.get(n).suspended);
    const compromised = [...new Set(acts.map((act) => act.account))].sort().map((address) => accounts.get(address)).filter((account) => account.compromisedSince);
    return [
      ...suspended.map((n) => noticeOf("ORGANISATION_SUSPENDED", `organisation:${n}`, `organisation ${n} is suspended`)),
      ...compromised.map((a) => noticeOf("ACCOUNT_COMPROMISED", `account:0x${a.address}`, `account 0x${a.address} of organisation ${a.organisation} is compromised since ${instant(a.compromisedSince)}`)),
    ];
  }

  const NOTICE_ORDER = ["ABSENT", "LEFT_OUT", "DISPUTE", "EXTERNAL_ORIGIN", "SUPERSEDED", "RETIRED", "REINSTATED", "REPEATED_ATTEMPT", "RUN_ABORTED", "ETHICS_EXPIRED_SINCE", "ORGANISATION_SUSPENDED", "ACCOUNT_COMPROMISED", "OTHER_RELEASE", "OTHER_ORIGIN", "FILE_NOT_READ", "CHECKPOINT_ACCEPTED"];

  function noticesOf({ header, seals, demands }, facts, line, question) {
    const { governing, judged } = line, others = facts.origins.filter((o) => `round:0x${o.run}/${o.round}` !== judged);
    const notices = [
      ...line.rounds.flatMap(roundNotices), ...line.runs.flatMap(runNotices), ...line.versions.flatMap((version) => versionNotices(version, demands.now)), ...peopleNotices(facts),
      ...facts.releases.filter((r) => r !== governing).map((r) => noticeOf("OTHER_RELEASE", ids.release(r), `also released by organisation ${r.organisation} at ${instant(r.time)}`)),
      ...others.map((o) => noticeOf("OTHER_ORIGIN", `round:0x${o.run}/${o.round}`, `also the aggregate of round ${o.round} of run ${short(o.run)}`, null)),
      ...(question.matchedBy === "file" && !question.presented ? [noticeOf("FILE_NOT_READ", ids.release(governing), "that the file holds the aggregate is the releaser's word until it is read")] : []),
      ...(seals.accepted ? [noticeOf("CHECKPOINT_ACCEPTED", `digest:${facts.digest}`, `nobody's seals were checked: block ${header.number} (0x${header.hash}) is accepted on the word of whoever operates the chain`)] : []),
    ];
    return notices.sort((a, b) => NOTICE_ORDER.indexOf(a.kind) - NOTICE_ORDER.indexOf(b.kind));
  }

  function answerOf(checks) {
    if (checks.some((c) => c.outcome === FAIL)) return "not valid";
    return checks.some((c) => c.required && c.outcome === NOT_VERIFIABLE) ? "not verifiable" : "valid";
  }

  const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  function summaryOf(answer, checks, { rounds, versions }) {
    if (answer === "valid") return `This model traces back through ${counted(rounds.length, "round")} to ${counted(versions.length, "dataset version")}, each of which passed the quality check, was approved and is in standing today.`;
    const decisive = checks.find((c) => (answer === "not valid" ? c.outcome === FAIL : c.required && c.outcome === NOT_VERIFIABLE));
    return `${answer === "not valid" ? "" : "Not shown: "}${decisive.title.slice(0, -1)}: ${decisive.found}.`;
  }

  function matchedBy({ digest }, { governing, judged }) {
    if (governing && digest === governing.fileDigest && digest !== governing.aggregate) return "file";
    return judged ? "content" : null;
  }

  function actJson({ organisation, account, time }, where) { return { organisation, account: "0x" + account, at: time, where }; }

  function releaseJson(release, places) {
    if (!release) return null;
    const where = places.of(ids.release(release)), { withdrawal } = release;
    return {
      id: "0x" + release.id, act: actJson(release, where), run: "0x" + release.run, round: release.round, aggregate: release.aggregate, file_digest: release.fileDigest,
      model_card: release.modelCard, statement: release.statement,
      withdrawal: withdrawal && { act: actJson(withdrawal, where), reason: withdrawal.reason, statement: withdrawal.statement },
    };
  }

  function asOfJson({ bundle, header, seals, stale, basis }) {
    return {
      chain_id: bundle.chain.chain_id, genesis_hash: "0x" + bundle.chain.genesis_hash, ...basis, block: header.number, block_hash: "0x" + header.hash, time: header.time, source: "bundle",
      stale_reason: stale, seals: { verified: seals.verified, signers: seals.signers, validators: seals.validators, detail: seals.detail },
    };
  }

  /** The verdict in the form `dragon-verdict/1`. */
  function judge(opened, digest, presented) {
    const facts = opened.evidence.facts.get(digest), line = lineageOf(facts), places = new Places(opened);
    const question = { presented, matchedBy: matchedBy(facts, line) };
    const checks = checksOf(opened, facts, line, question).map((one) => ({ ...one, findings: one.findings.map((f) => places.placed(f)) }));
    const answer = answerOf(checks);
    return {
      format: "dragon-verdict/1", digest, answer, summary: summaryOf(answer, checks, line), judged_at: opened.demands.now, as_of: asOfJson(opened), matched_by: question.matchedBy,
      presented: presented && { file_digest: presented.fileDigest, content_digest: presented.contentDigest, content_error: presented.contentError },
      release: releaseJson(line.governing, places), notices: noticesOf(opened, facts, line, question).map((n) => places.placed(n)), checks,
      limits: ["Integrity is not truth: this verdict shows who committed what, when and under which rules, not that a scan is real.", "That an update was computed from the dataset version it names is the site's word."],
    };
  }

  /** Which of the bundle's digests a presented file is asked by. */
  function digestOf(opened, presented) {
    const { facts } = opened.evidence;
    const released = (digest) => facts.has(digest) && facts.get(digest).releases.length > 0;
    const content = presented.contentDigest, file = presented.fileDigest;
    if (content !== null && facts.has(content)) {
      const about = facts.get(content);
      return about.origins.length + about.releases.length === 0 && released(file) ? file : content;
    }
    if (content === null ? facts.has(file) : released(file)) return file;
    throw new NotCovered(`the bundle says nothing about this file: SHA-256 ${file}, ${content === null ? presented.contentError : `content digest ${content}`}`);
  }

  /** The verdict on a presented file, or on `digest` when no file is presented. Throws Refused or NotCovered. */
  function verify({ bundle, network, published, demands, presented = null, digest = null }) {
    const opened = openBundle(bundle, network, demands, published);
    if (presented) return judge(opened, digestOf(opened, presented), presented);
    if (!opened.evidence.facts.has(digest)) throw new NotCovered("the bundle says nothing about this digest");
    return judge(opened, digest, null);
  }

  /** What was asked for cannot be. */
  class Misuse extends Error {}

  /** Digests of a presented file.
   *
   * `chunks` give its `size` bytes in order. `given` is a content digest on someone's word, or null: it counts only where this verifier gives
   * none. `report` is told what is done, and how much of it, from 0 to 1. `subtle` is Web Crypto's, where there is one.
   */
  async function presentedFile({ chunks, size, given = null, report = () => {}, subtle = null }) {
    const { bytes, fileDigest } = await readFile(chunks, size, report);
    const { contentDigest, contentError } = await contentOf(bytes, size, report, subtle);
    if (given && contentDigest && given !== contentDigest) throw new Misuse(`the file has content digest ${contentDigest}, and ${given} was given`);
    const taken = given && !contentDigest ? `${contentError}; the content digest is the one that was given` : contentError;
    return { fileDigest, contentDigest: contentDigest || given, contentError: taken };
  }

  /** A file's SHA-256, and its bytes unless they are more than this verifier holds. */
  async function readFile(chunks, size, report) {
    const bytes = size <= hdf5.LIMITS.file ? new Uint8Array(size) : null;
    const hash = noble.sha256.create();
    let at = 0;
    for await (const chunk of chunks) {
      hash.update(chunk);
      if (bytes && at + chunk.length <= size) bytes.set(chunk, at);
      at += chunk.length;
      report("reading bytes", at / size);
    }
    if (at !== size) throw new Misuse("the file changed while it was read");
    return { bytes, fileDigest: hexOf(hash.digest()) };
  }

  async function contentOf(bytes, size, report, subtle) {
    if (bytes === null) return { contentDigest: null, contentError: `its content was not read: it has ${size} bytes, and this verifier holds at most ${hdf5.LIMITS.file} in memory` };
    try {
      return { contentDigest: await hdf5.contentDigest(bytes, { sha256: noble.sha256, subtle, report: (share) => report("reading content", share) }), contentError: null };
    } catch (error) {
      if (!(error instanceof hdf5.Unsupported)) throw error;
      return { contentDigest: null, contentError: `its content was not read: ${error.message}` };
    }
  }

  /** What a verdict rests on, for people. */
  function basisLines({ as_of: { block, time, seals, network_file: file, code_version: release }, presented }) {
    const digests = presented ? [`Model file: SHA-256 ${presented.file_digest}`, presented.content_digest ? `Content digest: ${presented.content_digest}` : ""] : [];
    const amiss = presented && presented.content_error ? [`${presented.content_error[0].toUpperCase()}${presented.content_error.slice(1)}.`] : [];
    return [
      `As of block ${block}, ${instant(time)}: ${seals.detail}.`, `Network file: SHA-256 ${file}; compare it with the members'.`, `Contracts: exactly the published code of release ${release}.`,
      ...digests.filter(Boolean), ...amiss,
    ];
  }

  const api = { verify, basisLines, hashOf, instant, presentedFile, Refused, NotCovered, sha256, parseQbftHeader, signersOf, decodeRlp, encodeRlp, bytesOf, hexOf };
  if (inNode) module.exports = api; else root.dragonVerify = api;

  // --------------------------------------------------------------------------------------------------------- command line

  const HELP = `Verifies a dragon_ledger evidence bundle without any node.

  node verify.js MODEL.h5 --bundle FILE --network FILE [options]
  node verify.js --digest HEX --bundle FILE --network FILE [options]

  --bundle FILE             the evidence bundle (*.evidence.json)
  --network FILE            the consortium's network file, from a source that you trust
  --content-digest HEX      the model's content digest, as 'dragon-ledger digest MODEL.h5' prints it: needed only
                            for a model beyond this verifier (more than 1 GiB, rare types); someone else's word
  --digest HEX              ask about a digest instead of a file: 64 hexadecimal digits
  --max-age SECONDS         NOT VERIFIABLE when the block is older
  --at-least-block N        NOT VERIFIABLE when the block is earlier
  --accept-checkpoint HASH  take the operator's word for an unsealed block with this hash
  --now SECONDS             judge as at this time (seconds since 1970) instead of now
  --published-code FILE     a release's published code (VERSION.json), instead of all in published-code.js
  --json                    print the verdict as JSON

Ends with 0 valid, 1 not valid or bundle refused, 2 not verifiable or not covered by the bundle, 3 misuse or
when no answer could be given.

Example: node verify.js model.h5 --bundle model.evidence.json --network network.json
`;

  function parseArguments(words) {
    const given = { file: null, json: false };
    const valued = ["bundle", "network", "digest", "content-digest", "max-age", "at-least-block", "accept-checkpoint", "now", "published-code"];
    for (let i = 0; i < words.length; i++) {
      const name = words[i].startsWith("--") ? words[i].slice(2) : null;
      if (name === "json") given.json = true;
      else if (valued.includes(name)) { if (i + 1 === words.length) throw new Misuse(`--${name} needs a value`); given[name] = words[++i]; }
      else if (name === null && given.file === null) given.file = words[i];
      else throw new Misuse(`unexpected ${words[i]}`);
    }
    if (!given.bundle || !given.network) throw new Misuse("--bundle and --network are needed");
    if (given["content-digest"] && !given.file) throw new Misuse("--content-digest belongs to MODEL.h5");
    if (!given.file === !given.digest) throw new Misuse("give either MODEL.h5 or --digest");
    return given;
  }

  function numberOf(value, name) {
    if (value === undefined) return null;
    if (!/^[0-9]{1,15}$/.test(value)) throw new Misuse(`--${name}: expected a whole number`);
    return Number(value);
  }

  function hashOf(value, name) {
    if (value === undefined) return null;
    const bare = value.replace(/^(0x|hdf5-content-v1:)/, "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(bare)) throw new Misuse(`--${name}: expected 64 hexadecimal digits`);
    return bare;
  }

  const demandsOf = (given) => ({
    now: numberOf(given.now, "now") ?? Math.floor(Date.now() / 1000), maxAge: numberOf(given["max-age"], "max-age"),
    atLeastBlock: numberOf(given["at-least-block"], "at-least-block"), acceptedCheckpoint: hashOf(given["accept-checkpoint"], "accept-checkpoint"),
  });

  function readable(verdict) {
    const lines = verdict.notices.map((n) => `NOTICE  ${n.words}`);
    for (const c of verdict.checks) lines.push(`${c.outcome.padEnd(15)} ${c.id.padEnd(28)} ${c.title}${c.outcome === PASS ? "" : ` ${c.found}${c.required ? "" : " (not required)"}`}`);
    return [...lines, "", `${verdict.answer.toUpperCase()}. ${verdict.summary}`, ...basisLines(verdict), ...verdict.limits, ""].join("\n");
  }

  /** One line that is written over, on a terminal. */
  function showProgress(what, share) { process.stderr.write(`\r\x1b[K${what} ${Math.floor(100 * share)} %\r`); }

  async function runCommand(words) {
    const fs = require("fs"), path = require("path");
    const given = parseArguments(words);
    const release = given["published-code"];
    const published = release ? { [path.basename(release, ".json")]: JSON.parse(fs.readFileSync(release, "utf8")) } : require(path.join(__dirname, "published-code.js"));
    // The size first: a stream of a file that is not there would end the process by itself, past every status.
    const presented = given.file === null ? null : await presentedFile({
      size: fs.statSync(given.file).size, chunks: fs.createReadStream(given.file, { highWaterMark: 2 ** 20 }), given: hashOf(given["content-digest"], "content-digest"),
      report: process.stderr.isTTY ? showProgress : undefined, subtle: globalThis.crypto && globalThis.crypto.subtle,
    });
    if (process.stderr.isTTY) process.stderr.write("\x1b[K");
    const verdict = verify({ bundle: fs.readFileSync(given.bundle), network: fs.readFileSync(given.network), published, demands: demandsOf(given), presented, digest: hashOf(given.digest, "digest") });
    process.stdout.write(given.json ? JSON.stringify(verdict, null, 1) + "\n" : readable(verdict));
    return ["valid", "not valid", "not verifiable"].indexOf(verdict.answer);
  }

  function statusOf(error) {
    if (error instanceof Misuse || ["ENOENT", "EISDIR", "EACCES"].includes(error.code)) { process.stderr.write(`${error.message}\n\n${HELP}`); return 3; }
    if (error instanceof NotCovered) { process.stderr.write(`NOT VERIFIABLE: ${error.message}\n`); return 2; }
    if (error instanceof Refused && error.part.startsWith("network file")) { process.stderr.write(`${error.message}\n`); return 3; }
    if (error instanceof Refused) { process.stderr.write(`BUNDLE REFUSED: ${error.message}\n`); return 1; }
    process.stderr.write(`${error.stack}\n`);
    return 3;
  }

  if (inNode && require.main === module) {
    const words = process.argv.slice(2);
    if (words.length === 0 || words.includes("--help")) process.stdout.write(HELP);
    else runCommand(words).catch(statusOf).then((status) => { process.exitCode = status; });
  }
})(typeof globalThis === "object" ? globalThis : this);
