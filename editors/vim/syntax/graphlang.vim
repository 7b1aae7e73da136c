" Vim syntax file
" Language: graphlang, computational graphs in .graph files
" Written by editors/generate.py from the words of the language.

if exists("b:current_syntax")
  finish
endif

syn case match
syn sync fromstart

" Names, by what stands around them. What comes later in this file goes first.
syn match graphlangName /\<\K\k*/
syn match graphlangFunction /\<\K\k*\ze\s*(/
syn match graphlangFunction /\%(->\s*\)\@<=\<\K\k*/
syn match graphlangLayer /\<\u\k*\ze\s*(/
syn match graphlangLayer /\%(->\s*\)\@<=\<\u\k*/
syn match graphlangAttribute /\%(\.\s*\)\@<=\<\K\k*/
syn match graphlangLabel /\%(\%(^\|[;{]\)\s*\)\@<=\<\K\k*\ze\s*:/
syn match graphlangSetting /\%(\%(^\|[;{]\)\s*\)\@<=\<\K\k*\ze\s*=\%(=\)\@!/ contained

syn match graphlangDelimiter /[][(){},:;.]/
syn match graphlangOperator /->\|\~=\|\.\.\.\|[-+*\/%@<>=]\|!=/
syn match graphlangNumber /\%(\k\|\.\)\@1<!\%(\d\+\%(\.\%(\.\.\)\@!\d*\)\=\|\.\d\+\)\%([eE][+-]\=\d\+\)\=/
syn match graphlangLogical /\.\@1<!\<\%(or\|and\|not\)\>/
syn match graphlangConditional /\.\@1<!\<\%(if\|else\)\>/
syn match graphlangConstant /\.\@1<!\<\%(true\|false\|none\)\>/
syn match graphlangType /\%(:\s*\)\@<=\<\%(float\|int\|bool\)\>\ze\s*\%([[=,){;#]\|$\)/

" Words of the language are names where no statement, stage or clause can start.
syn match graphlangLoop /\.\@1<!\<for\>\ze\s\+\K\k*\%(\s*,\s*\K\k*\)*\s\+in\>/
syn match graphlangLoop /\.\@1<!\<scan\>\ze\s\+\K\k*\s\+in\>/
syn match graphlangLoop /\%(\<\%(for\|scan\)\s\+\K\k*\%(\s*,\s*\K\k*\)*\s\+\)\@<=\<in\>/
syn match graphlangStage /\.\@1<!\<\%(layers\|residual\)\>\ze\s*{/
syn match graphlangStage /\.\@1<!\<repeat\>\ze\s\+\%(\k\|(\)/
syn match graphlangClause /\%(^\s*\|[[:alnum:]_)}"\]]\s\+\)\@<=\<\%(carry\|within\)\>\ze\s\+[^ \t=,:]/
syn match graphlangImport /\%(\%(^\|;\)\s*\)\@<=\<import\>\ze\s*"/
syn match graphlangImport /\%("\s*\)\@<=\<as\>\ze\s\+\K/
syn match graphlangImport /\%(\%(^\|;\)\s*\)\@<=\<graphlang\>\ze\s\+\d/
syn match graphlangStatement /\%(\%(^\|[;{]\)\s*\)\@<=\<\%(expect\|return\|next\|yield\|last\)\>\ze\s\+[^ \t=,:]/
syn match graphlangDeclaration /\%(\%(^\|[;{]\)\s*\)\@<=\<\%(hyper\|def\|input\|output\|param\|layer\)\>\ze\s\+\%(if\>\|else\>\|or\>\|and\>\|not\>\|in\>\|for\>\)\@!\K/
syn match graphlangSectionName /\%(\%(^\|;\)\s*\)\@<=\<\%(data\|train\|gradcheck\)\>\ze\s*{/
  \ nextgroup=graphlangSection skipwhite
syn region graphlangSection matchgroup=graphlangDelimiter
  \ start=/{/ end=/}/ end=/^\ze\%(hyper\>\|def\>\|input\>\|output\>\)\s\+\K/ contained fold
  \ contains=TOP,graphlangSetting

syn match graphlangEscape /\\[nt"\\]/ contained
syn region graphlangString start=/"/ skip=/\\./ end=/"/ oneline contains=graphlangEscape
syn match graphlangComment /#.*$/ contains=graphlangTodo,@Spell
syn keyword graphlangTodo TODO FIXME XXX contained

hi def link graphlangFunction Function
hi def link graphlangLayer Type
hi def link graphlangAttribute Identifier
hi def link graphlangLabel Label
hi def link graphlangSetting Identifier
hi def link graphlangOperator Operator
hi def link graphlangDelimiter Delimiter
hi def link graphlangNumber Number
hi def link graphlangLogical Operator
hi def link graphlangConditional Conditional
hi def link graphlangConstant Boolean
hi def link graphlangType Type
hi def link graphlangLoop Repeat
hi def link graphlangStage Keyword
hi def link graphlangClause Keyword
hi def link graphlangImport Include
hi def link graphlangStatement Statement
hi def link graphlangDeclaration Statement
hi def link graphlangSectionName Statement
hi def link graphlangEscape SpecialChar
hi def link graphlangString String
hi def link graphlangComment Comment
hi def link graphlangTodo Todo

let b:current_syntax = "graphlang"
