import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

// The compiler is the npm package's own JavaScript build, named by its absolute path: Hardhat then downloads nothing.
const compiler = createRequire(import.meta.url).resolve("solc/soljson.js");
const long = process.env.DRAGON_LONG_TESTS === "1";

export default defineConfig({
  solidity: {
    version: "0.8.37",
    path: compiler,
    settings: {
      evmVersion: "london",
      optimizer: { enabled: true, runs: 200 },
      // Without the hash of the sources, so that a comment or a path changes no byte of the code.
      metadata: { bytecodeHash: "none" },
    },
  },
  paths: {
    sources: "./contracts",
    tests: { solidity: "./tests/contracts" },
  },
  test: {
    solidity: {
      fuzz: { runs: long ? 20000 : 1000, seed: "0x647261676f6e" },
      invariant: { runs: long ? 2000 : 64, depth: long ? 200 : 64, failOnRevert: false },
    },
  },
});
