// The scopes of texts by the grammar: reads a JSON list of texts, writes for each its tokens as
// [offset, end, scopes], as VS Code tokenises them. `node scopes.mjs < texts.json`
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const { Registry, INITIAL, parseRawGrammar } = require("vscode-textmate");

const wasm = readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const path = new URL("./syntaxes/graphlang.tmLanguage.json", import.meta.url);
const registry = new Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => parseRawGrammar(readFileSync(path, "utf8"), "graphlang.tmLanguage.json"),
});
const grammar = await registry.loadGrammar("source.graphlang");

function tokens(text) {
  const all = [];
  let stack = INITIAL;
  let offset = 0;
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, stack);
    for (const token of result.tokens) {
      all.push([offset + token.startIndex, offset + Math.min(token.endIndex, line.length), token.scopes]);
    }
    stack = result.ruleStack;
    offset += line.length + 1;
  }
  return all;
}

const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(tokens)));
