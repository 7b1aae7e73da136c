"""The completions of bash, from version 3.2 on, which macOS has."""

from __future__ import annotations

import shlex

from graphlang.cli.command_table import Command, WordPlace

_FUNCTIONS = r"""# Completions of graphlang for bash; `graphlang --completions bash` writes them.

_graphlang_lessons=@LESSONS@
_graphlang_top=@TOP@

# Replies with the words of $1 that go on with $cur.
_graphlang_words() {
    local IFS=$' \t\n'
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
    _graphlang_after_break
}

# Bash takes `lesson:apple` for three words, so that only what follows the last `:` or `=` is replaced.
_graphlang_after_break() {
    local i break
    for break in : =; do
        if [[ $cur == *$break* && $COMP_WORDBREAKS == *$break* ]]; then
            for i in "${!COMPREPLY[@]}"; do
                COMPREPLY[i]=${COMPREPLY[i]#"${cur%"$break"*}$break"}
            done
        fi
    done
}

# Replies with files whose names end in $1, or with folders alone.
_graphlang_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    case $1 in
        folders) COMPREPLY=($(compgen -d -- "$cur")) ;;
        files) COMPREPLY=($(compgen -f -- "$cur")) ;;
        specs) COMPREPLY=($(compgen -d -- "$cur"; compgen -f -X '!*.graph' -- "$cur")) ;;
    esac
}

_graphlang_specs() {
    if [[ $cur == lesson:* ]]; then
        _graphlang_words "$_graphlang_lessons"
        return
    fi
    _graphlang_files specs
    if [[ -n $cur && lesson: == "$cur"* ]]; then
        COMPREPLY+=(lesson:)
        if [[ ${#COMPREPLY[@]} == 1 ]]; then
            compopt +o filenames -o nospace 2>/dev/null
        fi
    fi
}

_graphlang() {
    local line=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n' cur= before= command= count=0 i word
    local options= valued=
    local -a words
    read -r -a words <<< "$line"
    if [[ $line != *[[:space:]] ]]; then
        cur=${words[${#words[@]}-1]}
        unset "words[${#words[@]}-1]"
    fi
    COMPREPLY=()
    if [[ ${#words[@]} -lt 2 ]]; then
        _graphlang_words "$_graphlang_top"
        return
    fi
    command=${words[1]}
    before=${words[${#words[@]}-1]}
    case $command in
@OPTIONS@
    esac
    if [[ $cur == --*=* ]]; then
        before=${cur%%=*}
        cur=${cur#*=}
    elif [[ $cur == -* ]]; then
        _graphlang_words "$options"
        return
    fi
    case "$command $before" in
@VALUES@
    esac
    for ((i = 2; i < ${#words[@]}; i++)); do
        word=${words[i]}
        if [[ " $valued " == *" $word "* ]]; then
            ((i++))
        elif [[ $word != -?* ]]; then
            ((count++))
        fi
    done
    case "$command $count" in
@PLACES@
    esac
}

complete -F _graphlang graphlang
"""


def bash_script(commands: list[Command], lessons: list[str], top: dict[str, str]) -> str:
    """The script that bash sources."""
    first = [*(command.name for command in commands), *top]
    rows = {
        "@OPTIONS@": [_options(command) for command in commands],
        "@VALUES@": [*_top_values(), *(row for command in commands for row in _values(command))],
        "@PLACES@": [row for command in commands for row in _places(command)],
    }
    script = _FUNCTIONS
    for mark, lines in rows.items():
        script = script.replace(mark, "\n".join(f"        {line}" for line in lines))
    return script.replace("@LESSONS@", shlex.quote(" ".join(lessons))).replace(
        "@TOP@", shlex.quote(" ".join(first))
    )


def _options(command: Command) -> str:
    names = " ".join(name for option in command.options for name in option.names)
    valued = " ".join(name for option in command.options if option.value for name in option.names)
    return f"{command.name}) options={shlex.quote(names)} valued={shlex.quote(valued)} ;;"


def _values(command: Command) -> list[str]:
    rows = []
    for option in command.options:
        if option.value:
            names = "|".join(shlex.quote(f"{command.name} {name}") for name in option.names)
            rows.append(f"{names}) {_reply(option.value)}; return ;;")
    return rows


def _top_values() -> list[str]:
    return ["'--completions --completions') _graphlang_words 'bash zsh fish'; return ;;"]


def _places(command: Command) -> list[str]:
    rows = []
    for number, argument in enumerate(command.arguments):
        place = f"{shlex.quote(command.name)}' '{'*' if argument.slot.many else number}"
        rows.append(f"{place}) {_reply(argument.slot)} ;;")
    return rows


def _reply(slot: WordPlace) -> str:
    if slot.kind == "words":
        return f"_graphlang_words {shlex.quote(' '.join(slot.words))}"
    if slot.kind == "specs":
        return "_graphlang_specs"
    return ":" if slot.kind == "text" else f"_graphlang_files {slot.kind}"
