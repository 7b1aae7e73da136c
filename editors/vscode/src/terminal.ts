// Commands whose output is read in a terminal: run, test, train.

import * as path from "node:path";
import * as vscode from "vscode";
import { program } from "./calls";
import { commandLine } from "./program";

export async function inTerminal(command: string): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "graphlang" || !(await document.save())) {
    return;
  }
  const file = vscode.window.activeTextEditor?.document.uri ?? document.uri;
  const started = program(file);
  const cwd = path.dirname(file.fsPath);
  const old = vscode.window.terminals.find((terminal) => terminal.name === "Graphlang");
  old?.dispose();
  const terminal = vscode.window.createTerminal({ name: "Graphlang", cwd });
  const words = [started.command, ...started.args, command, path.basename(file.fsPath)];
  terminal.show(true);
  terminal.sendText(commandLine(words, /pwsh|powershell/i.test(vscode.env.shell)));
}
