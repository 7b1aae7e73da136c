"""The completions of fish."""

from __future__ import annotations

from graphlang.cli.command_table import Command, CommandOption, WordPlace

_AT_FIRST = "__graphlang_has_no_command"
_FUNCTIONS = r"""# Completions of graphlang for fish; `graphlang --completions fish` writes them.

# Whether the command is one of the arguments.
function __graphlang_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

function __graphlang_has_no_command
    test (count (string match -v -- '-*' (commandline -opc))) -eq 1
end

# Whether the word that is being written stands at place $argv[2] of the command $argv[1], counted from 0, or
# behind it where $argv[3] says so; the other arguments are options that take a value.
function __graphlang_at
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]; or return 1
    set -l place 0
    set -l skip 0
    for word in $words[3..-1]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word $argv[4..-1]
            set skip 1
        else if not string match -q -- '-?*' $word
            set place (math $place + 1)
        end
    end
    test $place -eq $argv[2]; or begin
        test $argv[3] = many; and test $place -gt $argv[2]
    end
end

function __graphlang_specs
    __fish_complete_suffix .graph | string match -r '^.*(?:\.graph|/)(?:\t.*)?$'
    if string match -q -- 'l*' (commandline -ct)
        printf '%s\n' $__graphlang_lessons
    end
end

complete -c graphlang -f
"""


def fish_script(commands: list[Command], lessons: list[str], top: dict[str, str]) -> str:
    """The script that fish sources, or finds in its folder of completions."""
    lines = [f"set -g __graphlang_lessons {' '.join(map(_quoted, lessons))}"]
    for name, text in top.items():
        kind = "-l" if name.startswith("--") else "-s"
        value = " -x -a 'bash zsh fish'" if name == "--completions" else ""
        lines.append(
            f"complete -c graphlang -n {_AT_FIRST} {kind} {name.lstrip('-')}{value} -d {_quoted(text)}"
        )
    for command in commands:
        lines.append(f"complete -c graphlang -n {_AT_FIRST} -a {command.name} -d {_quoted(command.summary)}")
        lines += [_option(command, option) for option in command.options]
        lines += _arguments(command)
    return _FUNCTIONS + "\n".join(lines) + "\n"


def _option(command: Command, option: CommandOption) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = "" if option.value is None else f" {_candidates(option.value, for_option=True)}"
    return (
        f"complete -c graphlang -n '__graphlang_is {command.name}' {names}{value} -d {_quoted(option.help)}"
    )


def _arguments(command: Command) -> list[str]:
    valued = " ".join(name for option in command.options if option.value for name in option.names)
    rows = []
    for number, argument in enumerate(command.arguments):
        if argument.slot.kind != "text":
            many = "many" if argument.slot.many else "one"
            condition = f"'__graphlang_at {command.name} {number} {many} {valued}'"
            rows.append(
                f"complete -c graphlang -n {condition} {_candidates(argument.slot, for_option=False)}"
            )
    return rows


def _candidates(slot: WordPlace, *, for_option: bool) -> str:
    if slot.kind == "files":
        return "-r -F" if for_option else "-F"
    exclusive = "-x" if for_option else "-f"
    if slot.kind == "text":
        return exclusive
    words = {"specs": "(__graphlang_specs)", "folders": "(__fish_complete_directories)"}
    return f"{exclusive} -a {_quoted(words.get(slot.kind, ' '.join(slot.words)))}"


def _quoted(text: str) -> str:
    r"""As fish quotes: within single quotes only `\` and `'` have a `\` before them."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
