"""The clients that are installed: their lazily imported modules, specification and metadata."""

from importlib.metadata import entry_points

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

datas = []
hiddenimports = []
for point in entry_points(group="keyapi.clients"):
    package = point.module.partition(".")[0]
    hiddenimports += collect_submodules(package)
    datas += collect_data_files(package)
    # The version, and the entry points that clients are found through.
    datas += copy_metadata(point.dist.name) if point.dist else []
