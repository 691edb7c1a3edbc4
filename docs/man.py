"""Writes manual pages of the command, hydron.1 and hydron-SUBCOMMAND.1, from what it tells about itself.

Usage: man.py HYDRON FOLDER
"""
import json
import subprocess
import sys
from pathlib import Path


def roff(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    # A dot or quote that begins a line would be a request.
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def names(argument):
    short = {"short": "-{}", "long": "--{}", "longWithSingleDash": "-{}"}
    return [short[name["kind"]].format(name["name"]) for name in argument.get("names", [])]


def term(argument):
    value = argument.get("valueName", "")
    if argument["kind"] == "positional":
        return f"<{value}>" + ("..." if argument.get("isRepeating") else "")
    return ", ".join(names(argument)) + (f" <{value}>" if argument["kind"] == "option" else "")


def page(command, title, version, others):
    shown = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    subcommands = [c for c in command.get("subcommands", []) if c.get("shouldDisplay", True) and c["commandName"] != "help"]
    usage = [term(a) if not a.get("isOptional") else f"[{term(a)}]" for a in shown]
    text = [f'.TH "{title.upper()}" 1 "" "Hydron {version}" "User Commands"', ".SH NAME",
            f"{roff(title)} \\- {roff(command.get('abstract', ''))}", ".SH SYNOPSIS", f".B {roff(title.replace('-', ' ', 1))}",
            roff(" ".join(usage) if usage else "<subcommand>")]
    if command.get("discussion"):
        text += [".SH DESCRIPTION", roff(command["discussion"])]
    if subcommands:
        text.append(".SH COMMANDS")
        for sub in subcommands:
            text += [".TP", f".BR hydron\\-{roff(sub['commandName'])} (1)", roff(sub.get("abstract", ""))]
    if shown:
        text.append(".SH OPTIONS")
        for argument in shown:
            default = argument.get("defaultValue")
            text += [".TP", f"\\fB{roff(term(argument))}\\fR",
                     roff(argument.get("abstract", "")) + (f" (default: {roff(default)})" if default else "")]
    text += [".SH SEE ALSO", ", ".join(f"{roff(o)}(1)" for o in others if o != title)]
    return "\n".join(text) + "\n"


def main():
    hydron, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    told = json.loads(subprocess.run([hydron, "--experimental-dump-help"], capture_output=True, check=True).stdout)
    version = subprocess.run([hydron, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    root = told["command"]
    pages = {"hydron": root}
    for sub in root["subcommands"]:
        if sub.get("shouldDisplay", True) and sub["commandName"] != "help":
            pages[f"hydron-{sub['commandName']}"] = sub
    for title, command in pages.items():
        (folder / f"{title}.1").write_text(page(command, title, version, pages))
    print(f"{len(pages)} manual pages: {folder}")


if __name__ == "__main__":
    main()
