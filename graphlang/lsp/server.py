"""The server: what an editor sends, and what is answered, over standard input and output."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types as l
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from graphlang.diagnostics import GraphError
from graphlang.formatting import laid_out
from graphlang.lsp import actions, completion, docs, hints, navigation, renaming, signatures, symbols, tokens
from graphlang.lsp.analysis import EDITOR_LIMITS, Cancelled
from graphlang.lsp.convert import Converter, fold, markdown
from graphlang.lsp.documents import Document, Documents, in_thread
from graphlang.lsp.fields import fields_in
from graphlang.lsp.hover import hover
from graphlang.spec.version import __version__

Handler = Callable[..., Awaitable[Any]]
REQUEST_FAILED = -32803


class Protocol(LanguageServerProtocol):
    """The protocol without pygls's own copies of documents, whose lines also end where those of the protocol
    do not, and which are read from files where nobody opened them."""

    @lsp_method(l.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: l.DidOpenTextDocumentParams) -> Any:
        yield self.fm.features[l.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(l.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: l.DidChangeTextDocumentParams) -> Any:
        yield self.fm.features[l.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(l.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: l.DidCloseTextDocumentParams) -> Any:
        yield self.fm.features[l.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as pygls has it; a request that is none is answered, so that nobody waits for it."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise


class GraphServer(LanguageServer):
    """The language server of graphlang."""

    def __init__(self) -> None:
        super().__init__("graphlang", __version__, protocol_cls=Protocol)
        self.documents = Documents(self.publish, EDITOR_LIMITS)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tells the editor's log of a fault in one line; a person is not interrupted."""
        self.log(f"{type(error).__name__}: {error}")

    def log(self, text: str) -> None:
        line = " ".join(text.split())[:300]
        self.window_log_message(l.LogMessageParams(l.MessageType.Log, f"graphlang lsp: {line}"))

    def publish(self, document: Document) -> None:
        """Sends the diagnostics of a document, and has hints drawn anew."""
        analysis = document.current
        if analysis is None:
            return
        diagnostics = Converter(analysis, self.documents.encoding).diagnostics()
        params = l.PublishDiagnosticsParams(document.uri, diagnostics, version=document.version)
        self.text_document_publish_diagnostics(params)
        workspace = self.client_capabilities.workspace
        if (
            workspace is not None
            and workspace.inlay_hint is not None
            and workspace.inlay_hint.refresh_support
        ):
            self.workspace_inlay_hint_refresh(None)

    async def converter(self, uri: str) -> tuple[Document, Converter] | None:
        """A document and what converts its places, once its newest text has been read."""
        analysis = await self.documents.analysis(uri)
        document = self.documents.by_uri.get(uri)
        if analysis is None or document is None:
            return None
        return document, Converter(analysis, self.documents.encoding)


def make_server() -> GraphServer:
    """A server with all its features."""
    made = GraphServer()
    for name, (handler, options) in FEATURES.items():
        made.feature(name, options)(_guarded(made, name, handler))
    made.command("graphlang.run")(_guarded(made, "graphlang.run", _run_command))
    return made


def _guarded(server: GraphServer, name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that tells the log of a fault, and answers with nothing."""

    async def answer(*arguments: Any) -> Any:
        try:
            return await handler(server, *arguments)
        except JsonRpcException:
            raise
        except Cancelled:
            return None
        except Exception as error:  # noqa: BLE001 - an editor must go on, whatever it met
            server.log(f"{name} failed: {type(error).__name__}: {error}")
            return None

    def at_once(*arguments: Any) -> Any:
        try:
            return handler(server, *arguments)
        except Exception as error:  # noqa: BLE001
            server.log(f"{name} failed: {type(error).__name__}: {error}")

    # What changes a text must be done in the order in which it came.
    return answer if asyncio.iscoroutinefunction(handler) else at_once


def _about_text(handler: Handler) -> Handler:
    """A handler that gets the open document that is asked about, and what converts places in its newest text;
    of one that is not open there is nothing to say."""

    @functools.wraps(handler)
    async def answer(server: GraphServer, params: Any) -> Any:
        found = await server.converter(params.text_document.uri)
        return None if found is None else await handler(server, *found, params)

    return answer


# ---- documents --------------------------------------------------------------------------------------------


def _initialized(server: GraphServer, params: l.InitializeParams) -> None:
    encoding: Any = server.workspace.position_encoding or "utf-16"
    server.documents.encoding = getattr(encoding, "value", encoding)
    opened = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
    server.documents.folders = [path for path in map(_path_of, opened) if path is not None]


def _warm_up(server: GraphServer, params: l.InitializedParams) -> None:
    """Imports the catalog before the first completion asks for it."""
    in_thread(completion.catalog_names)


def _path_of(uri: str) -> Path | None:
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path) if path else None


def _opened(server: GraphServer, params: l.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    server.documents.open(item.uri, _path_of(item.uri), item.text, item.version)


def _changed(server: GraphServer, params: l.DidChangeTextDocumentParams) -> None:
    document = server.documents.by_uri.get(params.text_document.uri)
    if document is None:
        return
    for change in params.content_changes:
        if isinstance(change, l.TextDocumentContentChangePartial):
            start, end = change.range.start, change.range.end
            places = (start.line, start.character), (end.line, end.character)
            document.change(*places, change.text, server.documents.encoding)
        else:
            document.set_text(change.text)
    document.version = params.text_document.version
    server.documents.changed(document)


def _closed(server: GraphServer, params: l.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.documents.close(uri)
    server.text_document_publish_diagnostics(l.PublishDiagnosticsParams(uri, []))


def _saved(server: GraphServer, params: l.DidSaveTextDocumentParams) -> None:
    """Files that import what was saved see it already, if it is open."""


def _shutdown(server: GraphServer, params: Any) -> None:
    server.documents.end()


# ---- questions at a place ---------------------------------------------------------------------------------


@_about_text
async def _hover(
    server: GraphServer, document: Document, to: Converter, params: l.HoverParams
) -> l.Hover | None:
    answer = hover(to.analysis, to.offset(params.position))
    return None if answer is None else l.Hover(markdown(answer.markdown), to.of_span(answer.span))


@_about_text
async def _complete(
    server: GraphServer, document: Document, to: Converter, params: l.CompletionParams
) -> l.CompletionList | None:
    folder = document.path.parent if document.path is not None else None
    offset = to.offset(params.position)

    def fields(source: str) -> list[str]:
        return fields_in(source, folder, server.documents.limits)

    start, items = await in_thread(completion.completions, to.analysis, offset, fields)
    return l.CompletionList(is_incomplete=False, items=[to.completion(item, start, offset) for item in items])


async def _resolve(server: GraphServer, item: l.CompletionItem) -> l.CompletionItem:
    """Adds the documentation of one item, when it is looked at."""
    name = item.data.get("name") if isinstance(item.data, dict) else getattr(item.data, "name", None)
    text = docs.docs_of(name) if isinstance(name, str) else None
    if text is not None:
        item.documentation = markdown(text)
    return item


@_about_text
async def _signature(
    server: GraphServer, document: Document, to: Converter, params: l.SignatureHelpParams
) -> l.SignatureHelp | None:
    answer = signatures.signature_at(to.analysis, to.offset(params.position))
    return None if answer is None else to.signature(answer)


@_about_text
async def _definition(
    server: GraphServer, document: Document, to: Converter, params: l.DefinitionParams
) -> l.Location | None:
    span = navigation.definition_at(to.analysis, to.offset(params.position))
    return None if span is None else to.location(span)


@_about_text
async def _references(
    server: GraphServer, document: Document, to: Converter, params: l.ReferenceParams
) -> list[l.Location] | None:
    offset, declaration = to.offset(params.position), params.context.include_declaration
    home = navigation.home_of(to.analysis, offset)
    others = await in_thread(server.documents.others, document, home)
    spans = await in_thread(
        lambda: navigation.references(to.analysis, offset, others, declaration=declaration)
    )
    return [to.location(span) for span in spans]


@_about_text
async def _highlight(
    server: GraphServer, document: Document, to: Converter, params: l.DocumentHighlightParams
) -> list[l.DocumentHighlight] | None:
    spans = navigation.references(to.analysis, to.offset(params.position))
    own = [span for span in spans if span.source.name == to.analysis.name]
    return [l.DocumentHighlight(to.of_span(span)) for span in own]


@_about_text
async def _prepare_rename(
    server: GraphServer, document: Document, to: Converter, params: l.PrepareRenameParams
) -> Any:
    try:
        name = renaming.renamable(to.analysis, to.offset(params.position))
    except renaming.CannotRename as refusal:
        raise JsonRpcException(str(refusal), code=REQUEST_FAILED) from None
    return l.PrepareRenamePlaceholder(to.of_span(name.span), name.name)


@_about_text
async def _rename(
    server: GraphServer, document: Document, to: Converter, params: l.RenameParams
) -> l.WorkspaceEdit | None:
    offset = to.offset(params.position)
    others = await in_thread(server.documents.others, document, navigation.home_of(to.analysis, offset))
    try:
        edits = await in_thread(renaming.renamed, to.analysis, offset, params.new_name, others)
    except renaming.CannotRename as refusal:
        raise JsonRpcException(str(refusal), code=REQUEST_FAILED) from None
    return to.workspace_edit(edits)


# ---- questions about a text -------------------------------------------------------------------------------


@_about_text
async def _symbols(
    server: GraphServer, document: Document, to: Converter, params: l.DocumentSymbolParams
) -> list[l.DocumentSymbol] | None:
    return [to.symbol(s) for s in symbols.outline(to.analysis)]


@_about_text
async def _folds(
    server: GraphServer, document: Document, to: Converter, params: l.FoldingRangeParams
) -> list[l.FoldingRange] | None:
    return [fold(f) for f in symbols.folds(to.analysis)]


@_about_text
async def _format(
    server: GraphServer, document: Document, to: Converter, params: l.DocumentFormattingParams
) -> list[l.TextEdit] | None:
    """The whole text in the one layout; a text with a syntax error stays as it is."""
    try:
        layout = await in_thread(laid_out, to.analysis.text, to.analysis.name, server.documents.limits)
    except GraphError:
        return None
    return [to.whole(layout)] if layout != to.analysis.text else []


@_about_text
async def _actions(
    server: GraphServer, document: Document, to: Converter, params: l.CodeActionParams
) -> list[l.CodeAction] | None:
    start, end = to.offset(params.range.start), to.offset(params.range.end)
    only = params.context.only
    answer = []
    if _asked(only, "quickfix"):
        answer = [to.action(action) for action in actions.actions(to.analysis, start, end)]
    if _asked(only, "source.fixAll.graphlang"):
        text = await in_thread(actions.fix_all, to.analysis)
        if text is not None:
            changes = {params.text_document.uri: [to.whole(text)]}
            title, kind = "Fix all that is certain", "source.fixAll.graphlang"
            answer.append(l.CodeAction(title, kind=kind, edit=l.WorkspaceEdit(changes=changes)))
    return answer


def _asked(only: Any, kind: str) -> bool:
    """Whether a kind of action, or one that includes it, was asked for."""
    return not only or any(kind == asked or kind.startswith(f"{asked}.") for asked in map(_value, only))


def _value(kind: Any) -> str:
    return str(getattr(kind, "value", kind))


@_about_text
async def _tokens(
    server: GraphServer, document: Document, to: Converter, params: l.SemanticTokensParams
) -> l.SemanticTokens | None:
    return l.SemanticTokens(to.tokens(tokens.colours(to.analysis)))


@_about_text
async def _tokens_in(
    server: GraphServer, document: Document, to: Converter, params: l.SemanticTokensRangeParams
) -> l.SemanticTokens | None:
    part = to.offset(params.range.start), to.offset(params.range.end)
    return l.SemanticTokens(to.tokens(tokens.colours(to.analysis, *part)))


@_about_text
async def _hints(
    server: GraphServer, document: Document, to: Converter, params: l.InlayHintParams
) -> list[l.InlayHint] | None:
    part = to.offset(params.range.start), to.offset(params.range.end)
    return [to.hint(h) for h in hints.hints(to.analysis, *part, document.ran)]


async def _run_command(server: GraphServer, uri: str, settings: dict[str, Any] | None = None) -> Any:
    """`graphlang.run`: runs a file with the inputs that it has, and `settings`, as `{"x": 3}`; the values
    and gradients are shown as hints until the text changes."""
    found = await server.converter(uri)
    if found is None:
        return None
    document, to = found
    plain = settings if isinstance(settings, dict) else None
    ran = await server.documents.run(document, to.analysis, plain)
    if ran.problems:
        text = ran.problems[0].message
        server.window_show_message(l.ShowMessageParams(l.MessageType.Warning, f"not run: {text}"))
    return {"ran": not ran.problems, "problems": [p.message for p in ran.problems]}


_LEGEND = l.SemanticTokensLegend(list(tokens.TYPES), list(tokens.MODIFIERS))
FEATURES: dict[str, tuple[Callable[..., Any], Any]] = {
    l.INITIALIZE: (_initialized, None),
    l.INITIALIZED: (_warm_up, None),
    l.SHUTDOWN: (_shutdown, None),
    l.TEXT_DOCUMENT_DID_OPEN: (_opened, None),
    l.TEXT_DOCUMENT_DID_CHANGE: (_changed, None),
    l.TEXT_DOCUMENT_DID_CLOSE: (_closed, None),
    l.TEXT_DOCUMENT_DID_SAVE: (_saved, None),
    l.TEXT_DOCUMENT_HOVER: (_hover, None),
    l.TEXT_DOCUMENT_COMPLETION: (
        _complete,
        l.CompletionOptions(trigger_characters=[".", "(", ",", ">", "=", ":"], resolve_provider=True),
    ),
    l.COMPLETION_ITEM_RESOLVE: (_resolve, None),
    l.TEXT_DOCUMENT_SIGNATURE_HELP: (_signature, l.SignatureHelpOptions(trigger_characters=["(", ",", "="])),
    l.TEXT_DOCUMENT_DEFINITION: (_definition, None),
    l.TEXT_DOCUMENT_REFERENCES: (_references, None),
    l.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (_highlight, None),
    l.TEXT_DOCUMENT_PREPARE_RENAME: (_prepare_rename, None),
    l.TEXT_DOCUMENT_RENAME: (_rename, l.RenameOptions(prepare_provider=True)),
    l.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (_symbols, None),
    l.TEXT_DOCUMENT_FOLDING_RANGE: (_folds, None),
    l.TEXT_DOCUMENT_FORMATTING: (_format, None),
    l.TEXT_DOCUMENT_CODE_ACTION: (
        _actions,
        l.CodeActionOptions(code_action_kinds=[l.CodeActionKind.QuickFix, "source.fixAll.graphlang"]),
    ),
    l.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (_tokens, _LEGEND),
    l.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: (_tokens_in, _LEGEND),
    l.TEXT_DOCUMENT_INLAY_HINT: (_hints, None),
}


def serve(stdin: Any, stdout: Any) -> None:
    """Serves one editor over two binary streams, until it says `exit` or goes away."""
    for name in ("pygls", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    made = make_server()
    made.documents.garbage.take_over()
    try:
        made.start_io(stdin, stdout)
    finally:
        made.documents.end()
