// The language client: it starts `graphlang lsp`, and tells what is wrong where that does not start.

import * as vscode from "vscode";
import { LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import { call, program, tellMissing } from "./calls";

let client: LanguageClient | undefined;

export async function start(): Promise<void> {
  const wanted = vscode.workspace.getConfiguration("graphlang").get("languageServer", true);
  if (!wanted || !vscode.workspace.isTrusted) {
    return;
  }
  const version = await call(undefined, ["--version"]);
  if (version.missing) {
    void tellMissing(undefined);
    return;
  }
  const usable = await call(undefined, ["lsp", "--help"]);
  if (usable.status !== 0) {
    return tellUnusable(usable.stderr);
  }
  const { command, args } = program(undefined);
  const server = { command, args: [...args, "lsp"] };
  try {
    client = new LanguageClient("graphlang", "Graphlang", server, {
      documentSelector: [
        { scheme: "file", language: "graphlang" },
        { scheme: "untitled", language: "graphlang" },
      ],
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    });
    await client.start();
  } catch (error) {
    tellUnusable(String(error));
  }
}

export async function stop(): Promise<void> {
  const stopped = client;
  client = undefined;
  if (stopped?.isRunning()) {
    await stopped.stop();
  }
}

function tellUnusable(why: string): void {
  const first = why.trim().split("\n").slice(0, 3).join(" ");
  void vscode.window.showWarningMessage(
    `Graphlang: the language server does not start, so a .graph file has its colours and nothing else. ` +
      `\`pip install --upgrade 'graphlang-dsl[lsp]'\` installs what it needs. ${first}`,
  );
}
