"""Pages and iterators as tables; imported where one is asked for, since it brings pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from keyapi._errors import ConfigurationError
from keyapi._models import Model

try:
    import pyarrow as pa

    from keyapi.arrow import of_package
except ModuleNotFoundError as error:
    raise ConfigurationError(
        "Rows as a table need more packages: pip install 'keyapi-tiktok[arrow]'"
    ) from error

if TYPE_CHECKING:
    import pandas
    import polars

    from keyapi.arrow import RowSchema

Origin = tuple[str, str]
"""A generated package, and the name of an operation in its specification."""


def row_schema(origin: Origin) -> RowSchema:
    """Give the schema of an operation's rows.

    Raises:
        ConfigurationError: The package does not have its specification.
    """
    package, operation = origin
    try:
        return of_package(package, operation)
    except (LookupError, OSError, TypeError, ValueError, ImportError) as error:
        raise ConfigurationError(
            f"{package or 'the package'}/openapi.json, which says what the columns of {operation} "
            "are, is missing or of another version; a frozen program must include the package's "
            f"data (PyInstaller: --collect-data {package})"
        ) from error


def received(rows: Iterable[Any]) -> list[Any]:
    """Give rows as they were received, for models of them."""
    return [row._row if isinstance(row, Model) else row for row in rows]


def stream(origin: Origin, pages: Iterator[list[Any]]) -> Any:
    """Make a `pyarrow.RecordBatchReader` of a walk: a batch for each page, when it is asked for.

    Args:
        origin: What the rows are.
        pages: The rows of one page after the other.
    """
    schema = row_schema(origin)
    batches = (batch for rows in pages for batch in schema.table(received(rows)).to_batches())
    return pa.RecordBatchReader.from_batches(schema.schema, batches)


def table(origin: Origin, pages: Iterable[list[Any]]) -> Any:
    """Make one `pyarrow.Table` of the rows of pages."""
    schema = row_schema(origin)
    return schema.table(received(row for rows in pages for row in rows))


def pandas_frame(rows: Any) -> pandas.DataFrame:
    """Make a pandas DataFrame of a `pyarrow.Table`.

    Integers and truth values are of pandas' nullable types `Int64` and `boolean`: with NaN for null
    they would be floats and objects, and large integers rounded.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise _missing("to_pandas()", "pandas") from error
    types: dict[Any, Any] = {pa.int64(): pandas.Int64Dtype(), pa.bool_(): pandas.BooleanDtype()}
    frame: pandas.DataFrame = rows.to_pandas(types_mapper=types.get)
    return frame


def polars_frame(rows: Any) -> polars.DataFrame:
    """Make a polars DataFrame of a `pyarrow.Table`.

    Raises:
        ConfigurationError: polars is not installed.
    """
    try:
        import polars
    except ModuleNotFoundError as error:
        raise _missing("to_polars()", "polars") from error
    return polars.DataFrame(rows)


def _missing(method: str, package: str) -> ConfigurationError:
    return ConfigurationError(f"{method} needs {package}: pip install {package}")


def refuse_array(kind: str) -> NoReturn:
    """Refuse what numpy, and pandas through it, would make a column of objects of.

    Raises:
        TypeError: Always.
    """
    raise TypeError(
        f"a {kind} is not an array; for a pandas DataFrame call to_pandas(), or "
        "pandas.DataFrame.from_arrow(...) where pandas is 3.0 or newer"
    )
