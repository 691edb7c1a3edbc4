"""An LSP client of its own, pytest-lsp, with `hydron lsp`. The command's path is in the variable HYDRON."""
import os
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

NETLIST = """A divider
.param rtop=3k
.include "parts.lib"
v1 in 0 1
r1 in out {rtop}
r2 out 0 1k
x1 out load
d1 out 0 dmod
.op
.print op v(out) v(x1.mid)
.end
"""
PARTS = """.model dmod d is=1e-15
.subckt load a
r1 a mid 10k
r2 mid 0 10k
.ends
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[os.environ["HYDRON"], "lsp"]))
async def client(lsp_client: LanguageClient):
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities("visual-studio-code"), root_uri=None))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def netlist(tmp_path: Path):
    (tmp_path / "parts.lib").write_text(PARTS)
    (tmp_path / "divider.cir").write_text(NETLIST)
    return (tmp_path / "divider.cir").as_uri()


def open_text(client, uri, text):
    client.text_document_did_open(types.DidOpenTextDocumentParams(
        text_document=types.TextDocumentItem(uri=uri, language_id="spice", version=1, text=text)))


def at(text, mark, shift=0):
    before = text[:text.index(mark)]
    return types.Position(line=before.count("\n"), character=len(before) - before.rfind("\n") - 1 + shift)


async def findings(client, uri):
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return list(client.diagnostics[uri])


@pytest.mark.asyncio
async def test_findings_as_you_type(client, netlist):
    open_text(client, netlist, NETLIST)
    assert await findings(client, netlist) == []
    place = at(NETLIST, "dmod\n.op")
    client.text_document_did_change(types.DidChangeTextDocumentParams(
        text_document=types.VersionedTextDocumentIdentifier(uri=netlist, version=2),
        content_changes=[types.TextDocumentContentChangePartial(
            range=types.Range(place, types.Position(place.line, place.character + 4)), text="dmof")]))
    found = await findings(client, netlist)
    assert len(found) == 1 and found[0].severity == types.DiagnosticSeverity.Error
    assert found[0].message.startswith("no model 'dmof'") and "did you mean 'dmod'?" in found[0].message
    actions = await client.text_document_code_action_async(types.CodeActionParams(
        text_document=types.TextDocumentIdentifier(uri=netlist), range=found[0].range,
        context=types.CodeActionContext(diagnostics=found)))
    assert [a.edit.changes[netlist][0].new_text for a in actions] == ["dmod"]


@pytest.mark.asyncio
async def test_hover_definition_rename(client, netlist):
    open_text(client, netlist, NETLIST)
    document = types.TextDocumentIdentifier(uri=netlist)
    hover = await client.text_document_hover_async(types.HoverParams(document, at(NETLIST, "{rtop}", 1)))
    assert hover.contents.value == "`rtop` = 3000"
    for mark, shift, line in (("dmod\n.op", 0, 0), ("load\nd1", 1, 1), ("parts.lib", 2, 0)):
        place = await client.text_document_definition_async(types.DefinitionParams(document, at(NETLIST, mark, shift)))
        assert place.uri.endswith("/parts.lib") and place.range.start.line == line, mark
    edit = await client.text_document_rename_async(types.RenameParams(document, at(NETLIST, "out {"), "tap"))
    assert list(edit.changes) == [netlist] and len(edit.changes[netlist]) == 5
    # A node of an included subcircuit is renamed in its file, too.
    edit = await client.text_document_rename_async(types.RenameParams(document, at(NETLIST, "mid)"), "middle"))
    assert sorted(len(e) for e in edit.changes.values()) == [1, 2]
    outline = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert [s.name for s in outline] == ["rtop", "v1", "r1", "r2", "x1", "d1"]
