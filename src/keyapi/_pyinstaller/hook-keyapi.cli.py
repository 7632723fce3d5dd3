"""The commands, which are imported when they are called."""

from PyInstaller.utils.hooks import collect_submodules

# `keyapi contract` needs what only tests need.
hiddenimports = collect_submodules("keyapi.cli", lambda name: name != "keyapi.cli.contract")
hiddenimports += ["keyapi.sandbox"]
