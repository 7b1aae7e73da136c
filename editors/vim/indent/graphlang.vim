" Vim indentation for files of graphlang: two columns for each bracket that is open

if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal indentexpr=GraphlangIndent(v:lnum) indentkeys=0},0),0],!^F,o,O
let b:undo_indent = "setlocal indentexpr< indentkeys<"

if exists("*GraphlangIndent")
  finish
endif

function GraphlangIndent(line) abort
  let before = prevnonblank(a:line - 1)
  if before == 0
    return 0
  endif
  " Brackets in texts and comments do not count; a line closes what it starts with.
  let text = substitute(substitute(getline(before), '"\%(\\.\|[^"\\]\)*"', '', 'g'), '#.*', '', '')
  let rest = substitute(text, '^\s*[])}]\+', '', '')
  let opened = len(substitute(rest, '[^[({]', '', 'g')) - len(substitute(rest, '[^])}]', '', 'g'))
  let closes = getline(a:line) =~# '^\s*[])}]'
  return max([0, indent(before) + (opened > 0 ? shiftwidth() : opened < 0 ? -shiftwidth() : 0) - (closes ? shiftwidth() : 0)])
endfunction
