"""Golden cases: client and sandbox agree with facts that were written down by hand."""

from __future__ import annotations

import asyncio

import pytest

import keyapi_tiktok
from contract.committed import SPECIFICATION
from keyapi.sandbox import Sandbox
from support.golden import CASES, CLIENT_CASES, KEY, Case, ClientCase, calling, on
from support.stub import Stub

pytestmark = pytest.mark.published


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_sandbox_answers_as_keyapi_does(case: Case) -> None:
    with asyncio.Runner() as runner:
        case(on(lambda **options: Sandbox(key=KEY, **options), runner))


@pytest.mark.parametrize("case", CASES[1:], ids=lambda case: case.__name__)
def test_a_stub_that_repeats_the_documented_row_is_found_out(case: Case) -> None:
    with pytest.raises(AssertionError), asyncio.Runner() as runner:
        case(on(lambda **options: Stub(SPECIFICATION), runner))


@pytest.mark.parametrize("case", CLIENT_CASES, ids=lambda case: case.__name__)
def test_the_client_sends_and_reads_what_keyapi_documents(case: ClientCase) -> None:
    case(keyapi_tiktok, calling(keyapi_tiktok.TikTok))
