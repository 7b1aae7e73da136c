// Calls of graphlang from the editor.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { Program, programOf } from "./program";

const INSTALL = "pip install 'graphlang-dsl[lsp]'";

export interface Result {
  missing: boolean;
  status: number;
  stdout: string;
  stderr: string;
}

export function program(file: vscode.Uri | undefined): Program {
  const settings = vscode.workspace.getConfiguration("graphlang", file);
  const folder =
    (file && vscode.workspace.getWorkspaceFolder(file)) ?? vscode.workspace.workspaceFolders?.[0];
  return programOf(
    { path: settings.get("path", ""), python: settings.get("python", "") },
    folder?.uri.fsPath,
    process.platform === "win32",
    existsSync,
  );
}

export function call(file: vscode.Uri | undefined, words: string[]): Promise<Result> {
  const { command, args } = program(file);
  const cwd = file && path.dirname(file.fsPath);
  return new Promise((resolve) => {
    execFile(command, [...args, ...words], { cwd, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      const missing = error?.code === ("ENOENT" as unknown) || /No module named graphlang/.test(stderr);
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ missing, status, stdout, stderr: stderr || error?.message || "" });
    });
  });
}

/** Says what to do where graphlang is not there. The colours of a file need no program. */
export async function tellMissing(file: vscode.Uri | undefined): Promise<void> {
  const { command } = program(file);
  const chosen = await vscode.window.showWarningMessage(
    `Graphlang: \`${command}\` is not there, so a .graph file has its colours and nothing else. ` +
      `Install it with \`${INSTALL}\`, or say in the settings where it is.`,
    "Copy the Command",
    "Open the Settings",
  );
  if (chosen === "Copy the Command") {
    await vscode.env.clipboard.writeText(INSTALL);
  } else if (chosen === "Open the Settings") {
    await vscode.commands.executeCommand("workbench.action.openSettings", "graphlang");
  }
}
