"""Puts the manual together and builds it: the pages of this folder, the README as its front page, and the reference pages
anew from the program's own tables.

Usage: manual.py HYDRON FOLDER   (the site is FOLDER/site)
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def outside_links(text, prefix):
    """Links to files that are no pages become their path, as it stands in the repository."""
    def link(match):
        label, target = match[1], match[2]
        if re.match(r"https?:|#", target):
            return match[0]
        path = re.sub(r"^\.\./", "", target) if prefix == "" else target
        inside = path.removeprefix("docs/") if prefix else target
        if (ROOT / "docs" / inside.split("#")[0]).is_file():
            return f"[{label}]({inside})"
        code = label.strip("`")
        return f"`{path}`" if code in (path, path.rstrip("/")) else f"{label} (`{path}`)"
    return re.sub(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", link, text)


def main():
    hydron, folder = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "docs"
    pages.mkdir(parents=True)
    for page in sorted((ROOT / "docs").glob("*.md")):
        (pages / page.name).write_text(outside_links(page.read_text(), ""))
    shutil.copytree(ROOT / "docs" / "images", pages / "images", ignore=shutil.ignore_patterns("*.sh"))
    front = outside_links((ROOT / "README.md").read_text(), "docs/").replace("](docs/images/", "](images/")
    (pages / "index.md").write_text(front)
    subprocess.run([hydron, "manual", str(pages)], check=True)
    for name in ["mkdocs.yml", "netlist_lexer.py"]:
        shutil.copy(ROOT / "docs" / name, folder / name)
    built = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(folder / "mkdocs.yml"),
                            "-d", str((folder / "site").resolve())], capture_output=True, text=True)
    # What --strict lets pass is looked at too.
    warnings = [line for line in (built.stdout + built.stderr).splitlines() if re.match(r"(WARNING|ERROR)", line)]
    if built.returncode or warnings:
        sys.exit("\n".join(warnings) or built.stdout + built.stderr)
    count = len(list((folder / "site").rglob("*.html")))
    assert count > 30, count
    print(f"manual: {count} pages, no warnings: {folder / 'site' / 'index.html'}")


if __name__ == "__main__":
    main()
