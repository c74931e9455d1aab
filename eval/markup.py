"""Pieces of the report page: escaped names, tables, figures, sections, and the style sheet."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from eval import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTHING: Final = "-"
"""Stands for a figure that does not exist, such as the champion of a node that found nobody."""


def percent(share: float) -> str:
    """A share of 0..1 as people read it."""
    return f"{100 * share:.1f}%"


def name(text: str) -> str:
    """Somebody else's text, escaped, and kept from turning the text around it."""
    return f"<bdi>{escape(text)}</bdi>"


def document(title: str, body: Iterable[str], rules: str = "") -> str:
    """A whole page that loads nothing from anywhere.

    Args:
        title: plain text.
        body: HTML, part by part.
        rules: style rules beside the common ones.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style()}{rules}</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, content: str) -> str:
    """A part of the page under its heading."""
    anchor = title.lower().replace(" ", "-")
    heading = f'<h2 id="{anchor}">{title}</h2>'
    return f'<section aria-labelledby="{anchor}">\n{heading}\n{content}\n</section>'


def chip(node: int) -> str:
    """A node's number on its colour."""
    return f'<span class="chip" style="background:var(--{plots.node_colour(node)})">{node}</span>'


def row(first: str, *rest: str) -> str:
    """A table row that begins with its heading; cells are HTML."""
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>\n'


def table(caption: str, head: Iterable[str], *bodies: Iterable[str]) -> str:
    """A table that scrolls where it is too wide; each body is a group of rows."""
    columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    groups = "".join(f"<tbody>\n{''.join(rows)}</tbody>\n" for rows in bodies)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">\n'
        f"<table><caption>{caption}</caption>\n<thead><tr>{columns}</tr></thead>\n{groups}"
        f"</table></div>"
    )


def figure(drawing: "Figure", anchor: str, alt: str, title: str, caption: str) -> str:
    """A drawing with what it shows written below it.

    Args:
        drawing: in the colours of `eval.plots.LIGHT`.
        anchor: id of the drawing in the page.
        alt: the same in words, plain text.
        title, caption: HTML.
    """
    svg = plots.svg(drawing, anchor, alt)
    return f"<figure>\n{svg}\n<figcaption><b>{title}</b> {caption}</figcaption>\n</figure>"


def side_by_side(*items: str) -> str:
    """Figures and tables in as many columns as there is room for."""
    return f'<div class="figures">\n{chr(10).join(items)}\n</div>'


def legend(entries: Iterable[tuple[int, str]]) -> str:
    """Nodes by number and colour, each with an HTML text."""
    items = "".join(f"<li>{chip(node)} {text}</li>" for node, text in entries)
    return f'<ul class="legend">{items}</ul>'


def style() -> str:
    """The style sheet: the colours of the figures, light and dark, then the rules."""
    light, dark = (
        "".join(f"--{variable}:{colour};" for variable, colour in theme.items())
        for theme in (plots.LIGHT, plots.DARK)
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{_RULES}"
    )


_RULES: Final = """\
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:1120px;margin:auto;padding:32px 16px 64px}
header p{margin:0;color:var(--muted)}
h1{margin:4px 0 8px;font-size:2.2rem;line-height:1.15;overflow-wrap:anywhere}
h2{margin:48px 0 12px;font-size:1.3rem}
p,.legend{max-width:72ch}
p,dd,figcaption,summary{overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(270px,1fr));gap:12px;margin:0}
.tiles div{background:var(--panel);border-radius:10px;padding:16px 18px}
.tiles dt{color:var(--muted);font-weight:400}
.tiles dd{margin:0}
.tiles b{display:block;font-size:2rem;line-height:1.3;font-variant-numeric:tabular-nums}
.tiles span{font-size:.9rem;color:var(--muted)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:24px;
 align-items:start}
figure{margin:0;min-width:0}
figure svg{display:block;width:100%;height:auto;max-width:520px}
figcaption,caption{font-size:.9rem;color:var(--muted);text-align:left}
figcaption{margin-top:6px}
figcaption b{color:var(--ink)}
caption{padding-bottom:6px}
.scroll{overflow-x:auto;min-width:0}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);text-align:right;
 white-space:nowrap}
th:first-child{text-align:left}
thead th{color:var(--muted);font-weight:500;vertical-align:bottom}
tbody th{font-weight:400}
.group th,.group td{padding-top:12px;font-weight:600}
.chip{display:inline-block;min-width:1.5em;padding:0 .35em;border-radius:5px;text-align:center;
 color:var(--on-node);font-weight:700;font-size:.85em;line-height:1.5}
.dead{font-weight:700;text-decoration:underline wavy var(--node-1)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;list-style:none}
details{border-top:1px solid var(--line);padding:10px 0}
summary{cursor:pointer;padding:2px 0 8px}
pre{background:var(--panel);border-radius:10px;padding:16px 18px;overflow:auto;max-height:32em;
 font:13px/1.5 ui-monospace,monospace}
code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}
dl dt{font-weight:600}
dl:not(.tiles) dd{margin:0 0 12px;max-width:72ch}
@media print{details:not([open]){display:none}}
"""
