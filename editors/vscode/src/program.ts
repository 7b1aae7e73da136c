// Which program is started: the settings say, else a virtual environment of the folder, else the PATH.

export interface Settings {
  path: string;
  python: string;
}

export interface Program {
  command: string;
  args: string[];
}

export function programOf(
  settings: Settings,
  folder: string | undefined,
  windows: boolean,
  exists: (path: string) => boolean,
): Program {
  if (settings.path.trim()) {
    return { command: inFolder(settings.path.trim(), folder), args: [] };
  }
  if (settings.python.trim()) {
    return { command: inFolder(settings.python.trim(), folder), args: ["-m", "graphlang"] };
  }
  for (const environment of folder === undefined ? [] : [".venv", "venv"]) {
    const own = `${folder}/${environment}/${windows ? "Scripts/graphlang.exe" : "bin/graphlang"}`;
    if (exists(own)) {
      return { command: own, args: [] };
    }
  }
  return { command: "graphlang", args: [] };
}

function inFolder(path: string, folder: string | undefined): string {
  return folder === undefined ? path : path.replaceAll("${workspaceFolder}", folder);
}

/** A command line for a terminal; `powershell` takes a quoted program only behind `&`. */
export function commandLine(words: string[], powershell: boolean): string {
  const quoted = words.map((word) => (/^[\w./:@=+-]+$/.test(word) ? word : quote(word, powershell)));
  return powershell && quoted[0] !== words[0] ? `& ${quoted.join(" ")}` : quoted.join(" ");
}

function quote(word: string, powershell: boolean): string {
  return `'${word.replaceAll("'", powershell ? "''" : "'\\''")}'`;
}
