// The command "View": the page of `graphlang view` beside the file, drawn anew whenever the file is saved.

import * as path from "node:path";
import * as vscode from "vscode";
import { call, tellMissing } from "./calls";

const pages = new Map<string, vscode.WebviewPanel>();

export async function view(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "graphlang") {
    return;
  }
  if ((document.isDirty || document.isUntitled) && !(await document.save())) {
    return;
  }
  const file = vscode.window.activeTextEditor?.document.uri ?? document.uri;
  const page = pages.get(file.fsPath) ?? newPage(file);
  page.reveal(undefined, true);
  await draw(file, page);
}

export async function onSave(document: vscode.TextDocument): Promise<void> {
  const page = pages.get(document.uri.fsPath);
  if (page) {
    await draw(document.uri, page);
  }
}

function newPage(file: vscode.Uri): vscode.WebviewPanel {
  const title = path.basename(file.fsPath, ".graph");
  const page = vscode.window.createWebviewPanel(
    "graphlang.view",
    title,
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: true, retainContextWhenHidden: true, localResourceRoots: [] },
  );
  pages.set(file.fsPath, page);
  page.onDidDispose(() => pages.delete(file.fsPath));
  return page;
}

async function draw(file: vscode.Uri, page: vscode.WebviewPanel): Promise<void> {
  const result = await call(file, ["view", file.fsPath, "-o", "-"]);
  if (result.missing) {
    page.dispose();
    return tellMissing(file);
  }
  if (pages.get(file.fsPath) === page) {
    page.webview.html = result.status === 0 ? result.stdout : messages(result.stderr);
  }
}

function messages(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return (
    `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<pre style="font-family: var(--vscode-editor-font-family); white-space: pre-wrap">${escaped}</pre>`
  );
}
