"""Colours for netlists in the manual, which mkdocs loads as a hook: Pygments knows another language called Spice."""
import re

import pygments.lexers
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text, Whitespace


class NetlistLexer(RegexLexer):
    name = "SPICE netlist"
    aliases = ["spice"]
    flags = re.IGNORECASE | re.MULTILINE
    tokens = {"root": [
        (r"\A.*\n", Comment.Special),
        (r"^\*.*", Comment.Single),
        (r";.*|//.*", Comment.Single),
        (r"^ *\.[a-z_]+", Keyword),
        (r"^ *[a-z][^\s=]*", Name.Function),
        (r'"[^"\n]*"', String),
        (r"(?<![\w\])])[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?[a-zµ]*", Number),
        (r"@?[\w#$:.µ]+", Text),
        (r"[-+*/%^=<>!?&|(){}\[\],']", Operator),
        (r"\s+", Whitespace),
        (r".", Text),
    ]}


def on_config(config):
    pygments.lexers.LEXERS["SpiceLexer"] = (__name__, NetlistLexer.name, ("spice",), (), ())
    pygments.lexers._lexer_cache[NetlistLexer.name] = NetlistLexer
    return config
