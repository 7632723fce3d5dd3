"""What PyInstaller must add to a frozen program: it cannot see what is imported by name.

PyInstaller finds this package through the entry point `pyinstaller40`, and runs the hook of each
module that a program imports.
"""

from __future__ import annotations

from pathlib import Path


def hook_directories() -> list[str]:
    """Give the folders of the hooks, as PyInstaller asks for them."""
    return [str(Path(__file__).parent)]
