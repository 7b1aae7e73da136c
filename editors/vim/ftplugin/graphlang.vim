" Vim settings for files of graphlang

if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:# formatoptions-=t formatoptions+=croql
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal suffixesadd=.graph
setlocal makeprg=graphlang\ check\ --format\ concise\ %:S
setlocal errorformat=%f:%l:%c:\ %m
if executable("graphlang")
  setlocal formatprg=graphlang\ fmt\ -
endif

let b:undo_ftplugin = "setlocal commentstring< comments< formatoptions< expandtab< shiftwidth< softtabstop<"
  \ . " suffixesadd< makeprg< errorformat< formatprg<"
