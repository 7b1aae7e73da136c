"""The look of an SVG picture: sizes of text, colours by theme, and the style sheet."""

from __future__ import annotations

from typing import Literal

Theme = Literal["light", "dark", "auto"]

TEXT, SIGN, SMALL = 13, 17, 11.5

PALETTES = {
    "light": {
        "back": "#ffffff",
        "ink": "#1c1917",
        "line": "#57534e",
        "node": "#f5f5f4",
        "value": "#1d4ed8",
        "gradient": "#c2410c",
        "group": "#a8a29e",
        "quiet": "#78716c",
    },
    "dark": {
        "back": "#0d1117",
        "ink": "#e6edf3",
        "line": "#9aa4af",
        "node": "#1c2330",
        "value": "#79b8ff",
        "gradient": "#ffa657",
        "group": "#6e7681",
        "quiet": "#8b949e",
    },
}
FONTS = (
    "Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans','Noto Sans','Noto Sans CJK KR',"
    "'Apple SD Gothic Neo','Malgun Gothic',sans-serif"
)


def style_sheet(theme: Theme) -> str:
    sizes = (
        f".graphlang text{{font:{TEXT}px {FONTS}}}"
        ".graphlang .line{fill:none;stroke-width:1.4;stroke-linecap:round}"
        ".graphlang .shape{stroke-width:1.4}"
        ".graphlang .group{fill:none;stroke-width:1.2;stroke-dasharray:5 4}"
        f".graphlang .sign{{font-size:{SIGN}px}}"
        ".graphlang .end{font-weight:600}"
        f".graphlang .name,.graphlang .group-name,.graphlang .legend{{font-size:{SMALL}px}}"
        ".graphlang .mark{font-size:10px}"
        ".graphlang .gradient{font-style:italic}"
    )
    if theme == "auto":
        return f"{sizes}{_colors('light')}@media (prefers-color-scheme:dark){{{_colors('dark')}}}"
    return sizes + _colors(theme)


def _colors(theme: str) -> str:
    palette = PALETTES[theme]
    fills = {
        ".back,.graphlang .badge": "back",
        "text": "ink",
        ".name": "quiet",
        ".mark": "ink",
        ".group-name": "quiet",
        ".value": "value",
        ".gradient": "gradient",
        ".arrow": "line",
        ".dot": "line",
    }
    strokes = {".line": "line", ".group": "group"}
    rules = [f".graphlang {what}{{fill:{palette[color]}}}" for what, color in fills.items()]
    rules += [f".graphlang {what}{{stroke:{palette[color]}}}" for what, color in strokes.items()]
    rules.append(f".graphlang .shape{{fill:{palette['node']};stroke:{palette['line']}}}")
    return "".join(rules)
