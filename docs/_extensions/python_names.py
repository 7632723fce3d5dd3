"""Python's domain, with names looked up by an index.

Sphinx compares each name in a docstring with every object there is, which takes most of the time
where a client has thousands of fields. Here it compares it with those of the same last part.
"""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry, PythonDomain
from sphinx.environment import BuildEnvironment


class IndexedPython(PythonDomain):
    """Looks at the objects whose last part is the one that is looked for."""

    _candidates: dict[str, ObjectEntry] | None = None
    _index: dict[str, dict[str, ObjectEntry]] | None = None
    _indexed = 0

    @property
    def objects(self) -> dict[str, ObjectEntry]:
        """The objects by full name; during a search, those that it can find."""
        return super().objects if self._candidates is None else self._candidates

    def find_obj(
        self,
        env: BuildEnvironment,
        modname: str,
        classname: str,
        name: str,
        type: str | None,  # noqa: A002 - the base's name
        searchmode: int = 0,
    ) -> list[tuple[str, ObjectEntry]]:
        """Find an object as the base does, among those that the name may mean."""
        last = name.removesuffix("()").rpartition(".")[2]
        self._candidates = self._by_last_part().get(last, {})
        try:
            return super().find_obj(env, modname, classname, name, type, searchmode)
        finally:
            self._candidates = None

    def _by_last_part(self) -> dict[str, dict[str, ObjectEntry]]:
        objects = self.objects
        if self._index is None or self._indexed != len(objects):
            index: dict[str, dict[str, ObjectEntry]] = {}
            for name, entry in objects.items():
                index.setdefault(name.rpartition(".")[2], {})[name] = entry
            self._index, self._indexed = index, len(objects)
        return self._index


def setup(app: Sphinx) -> dict[str, bool]:
    """Put the indexed domain in the place of Sphinx's own."""
    app.add_domain(IndexedPython, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
