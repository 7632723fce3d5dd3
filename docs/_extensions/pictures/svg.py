"""Small SVG drawings that take their colours from the page, and so fit its light and dark theme."""

from __future__ import annotations

from html import escape

WIDTH = 360
"""Units of each drawing: at 400 pixels of a screen its text is as large as the page's."""
_LINE = 17


class Drawing:
    """A drawing of boxes, arrows and texts, from the top down.

    Args:
        title: What it shows, for those who cannot see it.
        height: Its height, in units.
    """

    def __init__(self, title: str, height: float) -> None:
        self._title, self._height = title, height
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, *lines: str, kind: str = "") -> float:
        """Draw a box around centred lines, the first one bold; give the height it takes."""
        height = _LINE * len(lines) + 13
        self._parts.append(
            f'<rect class="box {kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height}" '
            'rx="6"/>'
        )
        for number, line in enumerate(lines):
            weight = "strong" if number == 0 else "soft"
            self.text(x + width / 2, y + 20 + _LINE * number, line, kind=weight)
        return height

    def text(
        self, x: float, y: float, text: str, *, kind: str = "", anchor: str = "middle"
    ) -> None:
        """Write one line; `anchor` says which part of it is at x: start, middle or end."""
        self._parts.append(
            f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def arrow(self, *points: tuple[float, float], kind: str = "") -> None:
        """Draw a line through points, with a tip at the last one."""
        (x0, y0), (x, y) = points[-2:]
        path = " ".join(f"{px:g},{py:g}" for px, py in points)
        self._parts.append(f'<polyline class="line {kind}" points="{path}"/>')
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        left, right = (
            (x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx),
            (
                x - 8 * dx - 4 * dy,
                y - 8 * dy - 4 * dx,
            ),
        )
        tip = " ".join(f"{px:g},{py:g}" for px, py in ((x, y), left, right))
        self._parts.append(f'<polygon class="tip {kind}" points="{tip}"/>')

    def bar(self, x: float, y: float, width: float, *, kind: str = "") -> None:
        """Draw a bar of a chart."""
        self._parts.append(
            f'<rect class="bar {kind}" x="{x:g}" y="{y:g}" width="{width:.1f}" height="14" rx="2"/>'
        )

    def line(self, x: float, top: float, bottom: float) -> None:
        """Draw an upright line of a chart."""
        self._parts.append(f'<path class="line soft" d="M{x:g} {top:g}V{bottom:g}"/>')

    def __str__(self) -> str:
        parts = "\n".join(self._parts)
        return (
            f'<svg class="picture" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {WIDTH} {self._height:g}">\n<title>{escape(self._title)}</title>\n'
            f"{parts}\n</svg>"
        )
