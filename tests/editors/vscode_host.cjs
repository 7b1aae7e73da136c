// A small host for the bundled extension: `vscode` is a stand-in that keeps what the extension asks of it.
// `node vscode_host.cjs EXTENSION FILE SETTINGS COMMAND...` prints as JSON what happened.
const Module = require("node:module");
const path = require("node:path");

const [extension, file, settings, ...commands] = process.argv.slice(2);
const happened = { commands: [], warnings: [], pages: [], terminals: [] };
const registered = {};
const uri = { fsPath: path.resolve(file), scheme: "file", toString: () => `file://${path.resolve(file)}` };
const document = { languageId: "graphlang", uri, isDirty: false, isUntitled: false, save: async () => true };
const disposable = { dispose() {} };

function anything(name) {
  // Whatever the language client looks at while it is loaded: classes to extend, enumerations, events.
  const target = function () {};
  const proxy = new Proxy(target, {
    get: (_, key) => {
      if (key === "prototype" || key in Object.prototype) return target[key];
      if (key === Symbol.toPrimitive) return () => name;
      return key === "then" ? undefined : anything(String(key));
    },
    apply: () => anything(name),
    construct: (_, given, self) =>
      self === proxy ? anything(name) : Reflect.construct(function () {}, given, self),
  });
  return proxy;
}

const vscode = {
  workspace: {
    isTrusted: true,
    workspaceFolders: undefined,
    textDocuments: [],
    getWorkspaceFolder: () => undefined,
    getConfiguration: () => ({ get: (key, usual) => JSON.parse(settings)[key] ?? usual }),
    onDidSaveTextDocument: (listener) => ((registered.save = () => listener(document)), disposable),
    onDidGrantWorkspaceTrust: () => disposable,
    onDidChangeConfiguration: () => disposable,
  },
  window: {
    activeTextEditor: { document },
    terminals: [],
    showWarningMessage: async (text) => void happened.warnings.push(text),
    createWebviewPanel: (_, title) => {
      const page = { title, html: [] };
      happened.pages.push(page);
      return { reveal() {}, dispose() {}, onDidDispose: () => disposable, webview: { set html(text) { page.html.push(text); } } };
    },
    createTerminal: () => ({ show() {}, sendText: (line) => happened.terminals.push(line) }),
  },
  commands: {
    registerCommand: (name, action) => ((registered[name] = action), happened.commands.push(name), disposable),
    executeCommand: async () => undefined,
  },
  env: { shell: "/bin/bash" },
  ViewColumn: { Beside: -2 },
  version: "1.91.0",
};
const filled = (part) => typeof part !== "object" ? part : new Proxy(part, { get: (target, key) => (key in target ? target[key] : anything(String(key))) });
const parts = Object.entries(vscode).map(([name, part]) => [name, filled(part)]);
const host = filled(Object.fromEntries(parts));
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? host : load(name, ...rest));

(async () => {
  const { activate } = require(path.resolve(extension));
  await activate({ subscriptions: [] });
  for (const command of commands) {
    await registered[command]();
  }
  process.stdout.write(JSON.stringify(happened), () => process.exit(0));
})();
