import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

// The compiler is the npm package's own JavaScript build, named by its absolute path: Hardhat then downloads nothing.
const compiler = createRequire(import.meta.url).resolve("solc/soljson.js");
// Fuzz runs of each test; ./scripts/check-contracts --long asks for more.
const runs = Number(process.env.DRAGON_FUZZ_RUNS ?? 1000);
// Off for mutants only, which then compile in half the time; gas and artifacts are always of optimized code.
const optimized = process.env.DRAGON_OPTIMIZER !== "off";

export default defineConfig({
  solidity: {
    version: "0.8.37",
    path: compiler,
    settings: {
      evmVersion: "london",
      optimizer: { enabled: optimized, runs: 200 },
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
      fuzz: { runs, seed: "0x647261676f6e" },
      invariant: { runs: Math.ceil(runs / 16), depth: 64, failOnRevert: false },
    },
  },
});
