" Files of graphlang
autocmd BufRead,BufNewFile *.graph setfiletype graphlang
