// The extension: commands first, which need no server, then the language client.

import * as vscode from "vscode";
import { start, stop } from "./client";
import { inTerminal } from "./terminal";
import { onSave, view } from "./view";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const restart = async (): Promise<void> => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand("graphlang.view", view),
    vscode.commands.registerCommand("graphlang.restart", restart),
    ...["run", "test", "train"].map((name) =>
      vscode.commands.registerCommand(`graphlang.${name}`, () => inTerminal(name)),
    ),
    vscode.workspace.onDidSaveTextDocument(onSave),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("graphlang")) {
        void restart();
      }
    }),
  );
  await start();
}

export function deactivate(): Promise<void> {
  return stop();
}
