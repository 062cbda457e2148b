"""Images, at the wire."""

import asyncio

import pytest

from assistants.providers.images import generate_image
from assistants.providers.types import ProviderError, Usage
from tests.fakes.llm.server import Handle
from tests.providers.conftest import KEY, Make

pytestmark = pytest.mark.asyncio


async def test_an_image_comes_as_bytes_with_its_usage(make: Make, fake: Handle) -> None:
    image = await generate_image(make("openai"), "fake-image", "Une ruche [usage 40 4160]", "128x64")
    assert image.media_type == "image/png"
    assert image.data.startswith(b"\x89PNG")
    assert int.from_bytes(image.data[16:20]) == 128
    assert image.usage == Usage(40, 0, 0, 4160)
    assert fake.calls()[-1]["body"]["response_format"] == "b64_json"


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [("[fail 400 content]", "refused"), ("[fail 401] [leak]", "auth"), ("[fail 429 quota]", "quota")],
)
async def test_errors_are_mapped_as_for_text(make: Make, wanted: str, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await generate_image(make("openai"), "fake-image", f"Une ruche {wanted}", "64x64")
    assert caught.value.kind == kind
    assert KEY not in caught.value.detail


async def test_a_slow_image_is_a_time_out(make: Make) -> None:
    with pytest.raises(ProviderError) as caught:
        await generate_image(make("openai", image=0.3), "fake-image", "Une ruche [hang]", "64x64")
    assert caught.value.kind == "timeout"


async def test_a_page_instead_of_an_image(make: Make) -> None:
    with pytest.raises(ProviderError):
        await generate_image(make("openai"), "fake-image", "Une ruche [html]", "64x64")


async def test_anthropic_makes_none(make: Make) -> None:
    with pytest.raises(ProviderError) as caught:
        await generate_image(make("anthropic"), "fake", "Une ruche", "64x64")
    assert caught.value.kind == "bad_request"


async def test_cancelling_hangs_up(make: Make, fake: Handle) -> None:
    task = asyncio.create_task(generate_image(make("openai"), "fake-image", "Une ruche [hang]", "64x64"))
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.sleep(0.3)
    assert fake.calls()[-1]["outcome"] == "disconnected"
