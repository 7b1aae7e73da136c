"""The major mode of Emacs."""

from __future__ import annotations

from words import BLOCK_STAGES, CHOICE, CLAUSES, CONSTANTS, LOGICAL, NAMED, SECTIONS, STAGES, TYPES

_FILE = r""";;; graphlang-mode.el --- Computational graphs in .graph files  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages

;;; Commentary:

;; Colours, indentation and comments of .graph files.  With eglot, which Emacs 29 and later have,
;; `eglot' starts `graphlang lsp' for all that needs to understand a file.
;; Written by editors/generate.py from the words of the language.

;;; Code:

(defgroup graphlang nil
  "Computational graphs in .graph files."
  :group 'languages)

(defcustom graphlang-program "graphlang"
  "The program that `graphlang-view', `graphlang-check' and eglot start."
  :type 'string)

(defcustom graphlang-indent-offset 2
  "How many columns each open bracket indents."
  :type 'integer
  :safe #'integerp)

(defvar graphlang-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "w" table)
    (dolist (sign '(?+ ?- ?* ?/ ?% ?@ ?< ?> ?= ?~ ?! ?. ?, ?: ?\; ?& ?| ?^ ?' ?`))
      (modify-syntax-entry sign "." table))
    table)
  "The syntax of .graph files.")

(defconst graphlang--name "\\_<[[:alpha:]_]\\w*\\_>")
(defconst graphlang--start "\\(?:^\\|[;{]\\)[ \t]*"
  "Where a statement may start.")
(defconst graphlang--after "\\_>[ \t]+[^ \t\n=,:]"
  "What follows a word that starts a statement.")
(defconst graphlang--not-a-member "\\(?:^\\|[^.[:word:]]\\)")

;; Words of the language are names where no statement, stage or clause can start.
(defconst graphlang-font-lock-keywords
  `((,(concat graphlang--start "\\(\\(?:{NAMED}\\)\\)\\_>[ \t]+\\([[:alpha:]_]\\w*\\)")
     (1 (unless (member (match-string 2) '({BETWEEN})) 'font-lock-keyword-face)))
    (,(concat graphlang--start "\\(\\(?:{CLAUSES}\\)\\)" graphlang--after)
     (1 'font-lock-keyword-face))
    (,(concat graphlang--start "\\(\\(?:{SECTIONS}\\)\\)[ \t]*{") (1 'font-lock-keyword-face))
    (,(concat graphlang--start "\\(import\\)[ \t]*\"") (1 'font-lock-keyword-face))
    (,(concat graphlang--start "\\(graphlang\\)[ \t]+[0-9]") (1 'font-lock-keyword-face))
    ("\"[ \t]*\\(as\\)[ \t]+\\w" (1 'font-lock-keyword-face))
    (,(concat graphlang--not-a-member "\\(for\\|scan\\)[ \t]+" graphlang--name
              "\\(?:[ \t]*,[ \t]*" graphlang--name "\\)*[ \t]+\\(in\\)\\_>")
     (1 'font-lock-keyword-face) (2 'font-lock-keyword-face))
    (,(concat graphlang--not-a-member "\\({BLOCK_STAGES}\\)[ \t]*{") (1 'font-lock-keyword-face))
    (,(concat graphlang--not-a-member "\\(repeat\\)[ \t]+[(0-9[:alpha:]_]") (1 'font-lock-keyword-face))
    ("\\(?:^[ \t]*\\|[])}\"[:word:]][ \t]+\\)\\_<\\(carry\\|within\\)[ \t]+[^ \t\n=,:]"
     (1 'font-lock-keyword-face))
    (,(concat graphlang--not-a-member "\\_<\\({CHOICE}\\|{LOGICAL}\\)\\_>")
     (1 'font-lock-keyword-face))
    (,(concat graphlang--not-a-member "\\_<\\({CONSTANTS}\\)\\_>") (1 'font-lock-constant-face))
    (":[ \t]*\\({TYPES}\\)[ \t]*\\(?:[[=,){;#]\\|$\\)" (1 'font-lock-type-face))
    (,(concat "\\.[ \t]*\\(" graphlang--name "\\)") (1 'font-lock-variable-name-face))
    (,(concat "->[ \t]*\\(" graphlang--name "\\)") (1 'font-lock-function-name-face))
    (,(concat "\\(" graphlang--name "\\)[ \t]*(") (1 'font-lock-function-name-face))
    ("\\(?:^\\|[^.[:word:]]\\)\\(\\(?:[0-9]+\\(?:\\.[0-9]*\\)?\\|\\.[0-9]+\\)\\(?:[eE][+-]?[0-9]+\\)?\\)"
     (1 'font-lock-builtin-face)))
  "The colours of .graph files.")

(defun graphlang-indent-line ()
  "Indent the line by the brackets that are open where it starts."
  (interactive)
  (let* ((at (save-excursion (back-to-indentation) (point)))
         (from (- (point) at))
         (opened (save-excursion (goto-char at) (nth 1 (syntax-ppss))))
         (closes (save-excursion (goto-char at) (looking-at "[])}]")))
         (column (if (null opened) 0
                   (save-excursion
                     (goto-char opened)
                     (+ (current-indentation) (if closes 0 graphlang-indent-offset))))))
    (indent-line-to column)
    (when (> from 0) (forward-char from))))

(defun graphlang-check ()
  "List the mistakes of the file; each line leads to its place."
  (interactive)
  (save-buffer)
  (compile (concat (shell-quote-argument graphlang-program) " check --format concise "
                   (shell-quote-argument buffer-file-name))))

(defun graphlang-view ()
  "Show every value and every gradient of the file in the browser."
  (interactive)
  (save-buffer)
  (let ((page (make-temp-file "graphlang-" nil ".html")))
    (if (zerop (call-process graphlang-program nil "*graphlang*" nil
                             "view" buffer-file-name "-o" page))
        (browse-url-of-file page)
      (display-buffer "*graphlang*"))))

(defun graphlang-format ()
  "Write the buffer in the one layout, unless it has syntax errors."
  (interactive)
  (let ((formatted (generate-new-buffer " *graphlang fmt*")))
    (unwind-protect
        (if (zerop (call-process-region nil nil graphlang-program nil (list formatted nil) nil "fmt" "-"))
            (replace-buffer-contents formatted)
          (message "The file has mistakes: M-x graphlang-check lists them"))
      (kill-buffer formatted))))

(defvar graphlang-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'graphlang-check)
    (define-key map (kbd "C-c C-v") #'graphlang-view)
    (define-key map (kbd "C-c C-f") #'graphlang-format)
    map)
  "The keys of `graphlang-mode'.")

;;;###autoload
(define-derived-mode graphlang-mode prog-mode "Graphlang"
  "A mode for computational graphs in .graph files."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+[ \t]*")
  (setq-local indent-tabs-mode nil)
  (setq-local indent-line-function #'graphlang-indent-line)
  (setq-local electric-indent-chars (append '(?} ?\] ?\)) electric-indent-chars))
  (setq-local font-lock-defaults '(graphlang-font-lock-keywords)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.graph\\'" . graphlang-mode))

(with-eval-after-load 'eglot
  (defvar eglot-server-programs)
  (add-to-list 'eglot-server-programs
               `(graphlang-mode . ,(lambda (&rest _) (list graphlang-program "lsp")))))

(provide 'graphlang-mode)
;;; graphlang-mode.el ends here
"""


def mode() -> str:
    """The file of the mode with the words of the language."""
    groups = {
        "BLOCK_STAGES": BLOCK_STAGES,
        "NAMED": NAMED,
        "CLAUSES": CLAUSES,
        "SECTIONS": SECTIONS,
        "CHOICE": CHOICE,
        "LOGICAL": LOGICAL,
        "CONSTANTS": CONSTANTS,
        "TYPES": TYPES,
    }
    assert {*BLOCK_STAGES, "repeat", "for"} == set(STAGES), "each stage has a rule above"
    text = _FILE.replace("{BETWEEN}", " ".join(f'"{word}"' for word in [*CHOICE, *LOGICAL, "in", "for"]))
    for name, words in groups.items():
        text = text.replace(f"{{{name}}}", r"\\|".join(words))
    return text
