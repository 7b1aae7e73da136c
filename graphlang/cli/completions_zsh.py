"""The completions of zsh."""

from __future__ import annotations

import shlex

from graphlang.cli.command_table import Command, CommandOption, WordPlace

_HEAD = r"""#compdef graphlang
# Completions of graphlang for zsh; `graphlang --completions zsh` writes them.

_graphlang_specs() {
  local failed=1
  _files -g '*.graph(-.)' && failed=0
  compadd -- @LESSONS@ && failed=0
  return failed
}

_graphlang() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
@COMMANDS@
  )
  _arguments -C \
@TOP@
    '1: :->command' \
    '*:: :->arguments'
  case $state in
    command) _describe -t commands 'command' commands ;;
    arguments)
      case $words[1] in
@ARGUMENTS@
      esac ;;
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _graphlang "$@"
else
  compdef _graphlang graphlang
fi
"""


def zsh_script(commands: list[Command], lessons: list[str], top: dict[str, str]) -> str:
    """The script that zsh sources, or finds as `_graphlang` in a folder of its `fpath`."""
    rows = {
        "@LESSONS@": [" ".join(map(shlex.quote, lessons))],
        "@COMMANDS@": [f"    {shlex.quote(f'{c.name}:{_plain(c.summary)}')}" for c in commands],
        "@TOP@": [f"    {_top(name, text)} \\" for name, text in top.items()],
        "@ARGUMENTS@": [_arguments(command) for command in commands],
    }
    script = _HEAD
    for mark, lines in rows.items():
        script = script.replace(mark, "\n".join(lines))
    return script


def _top(name: str, text: str) -> str:
    value = ":shell:(bash zsh fish)" if name == "--completions" else ""
    return shlex.quote(f"(- *){name}[{_plain(text)}]{value}")


def _arguments(command: Command) -> str:
    specs = [row for option in command.options for row in _option(option)]
    for number, argument in enumerate(command.arguments, 1):
        place = "*" if argument.slot.many else str(number)
        specs.append(f"{place}:{_plain(argument.metavar)}:{_action(argument.slot)}")
    lines = " \\\n          ".join(map(shlex.quote, specs))
    return f"        {command.name})\n          _arguments \\\n          {lines} ;;"


def _option(option: CommandOption) -> list[str]:
    value = "" if option.value is None else f":{_plain(option.metavar)}:{_action(option.value)}"
    text = f"[{_plain(option.help)}]{value}"
    if option.repeats:
        return [f"*{name}{'=' if value and name.startswith('--') else ''}{text}" for name in option.names]
    others = f"({' '.join(option.names)})"
    return [f"{others}{name}{'=' if value and name.startswith('--') else ''}{text}" for name in option.names]


def _action(slot: WordPlace) -> str:
    if slot.kind == "words":
        return f"({' '.join(slot.words)})"
    return {"specs": "_graphlang_specs", "files": "_files", "folders": "_files -/", "text": " "}[slot.kind]


def _plain(text: str) -> str:
    r"""A text in which `:`, `[` and `]`, which mean something there, have a `\` before them."""
    return "".join(f"\\{c}" if c in "\\:[]" else c for c in text)
