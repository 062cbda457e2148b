"""Images, at the wire."""

import asyncio
import socket

import pytest
from openai.types import ImagesResponse

from assistants.providers.base import Timeouts
from assistants.providers.images import generate_image
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import ProviderError, Usage
from fakes.llm.server import Handle
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


@pytest.mark.parametrize(
    "wanted", ["[drop]", "[drop half]", "[fail 502]", "[fail 504]", "[fail 408]", "[hang]", "[fail 520]"]
)
async def test_an_image_call_that_may_be_charged_is_not_retried(make: Make, fake: Handle, wanted: str) -> None:
    """Image providers take no idempotency key: the same request again is a second image, and a second bill."""
    with pytest.raises(ProviderError) as caught:
        await generate_image(make("openai", retries=2, image=1.5), "fake-image", f"Une ruche {wanted}", "64x64")
    assert (len(fake.calls()), caught.value.may_be_paid) == (1, True)


@pytest.mark.parametrize("wanted", ["[flaky 429 rate]", "[flaky 500]", "[flaky 503]"])
async def test_an_image_call_refused_by_the_provider_is_retried(make: Make, fake: Handle, wanted: str) -> None:
    image = await generate_image(make("openai", retries=2), "fake-image", f"Une ruche {wanted}", "64x64")
    assert image.data.startswith(b"\x89PNG")
    assert [call["status"] for call in fake.calls()] == [int(wanted[7:10]), 200]


async def test_an_unreachable_provider_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        provider = OpenAIChat(api_key=KEY, base_url=url, timeouts=Timeouts(connect=1), retries=2)
        tries: list[str] = []
        once = provider._image

        async def counted(model: str, prompt: str, size: str) -> ImagesResponse:
            tries.append(prompt)
            return await once(model, prompt, size)

        monkeypatch.setattr(provider, "_image", counted)
        with pytest.raises(ProviderError) as caught:
            await generate_image(provider, "fake-image", "Une ruche", "64x64")
        await provider.aclose()
    assert (caught.value.kind, caught.value.may_be_paid, len(tries)) == ("connection", False, 3)


@pytest.mark.parametrize(
    ("key", "address", "kind"), [("sk-é", "http://127.0.0.1:9/v1", "auth"), ("sk", "127.0.0.1:9/v1", "connection")]
)
async def test_an_unsent_request_is_not_charged(key: str, address: str, kind: str) -> None:
    provider = OpenAIChat(api_key=key, base_url=address, retries=0)
    with pytest.raises(ProviderError) as caught:
        await generate_image(provider, "fake-image", "Une ruche", "64x64")
    await provider.aclose()
    assert (caught.value.kind, caught.value.may_be_paid) == (kind, False)


async def test_a_refusal_of_the_proxy_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        provider = OpenAIChat(api_key=KEY, base_url="https://provider.example/v1", retries=0)
        with pytest.raises(ProviderError) as caught:
            await generate_image(provider, "fake-image", "Une ruche", "64x64")
        await provider.aclose()
    assert (caught.value.kind, caught.value.may_be_paid) == ("connection", False)


async def test_an_answer_that_is_no_image_tells_what_it_took(make: Make, fake: Handle) -> None:
    with pytest.raises(ProviderError) as caught:
        prompt = "Une ruche [no-image] [usage 40 4160]"
        await generate_image(make("openai", retries=2), "fake-image", prompt, "64x64")
    assert (caught.value.usage, caught.value.may_be_paid) == (Usage(40, 0, 0, 4160), True)
    assert len(fake.calls()) == 1


async def test_a_page_instead_of_an_image(make: Make) -> None:
    with pytest.raises(ProviderError):
        await generate_image(make("openai"), "fake-image", "Une ruche [html]", "64x64")


async def test_anthropic_refuses_images(make: Make) -> None:
    with pytest.raises(ProviderError) as caught:
        await generate_image(make("anthropic"), "fake", "Une ruche", "64x64")
    assert caught.value.kind == "bad_request"


async def test_cancelling_hangs_up(make: Make, fake: Handle) -> None:
    task = asyncio.create_task(generate_image(make("openai"), "fake-image", "Une ruche [hang]", "64x64"))
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.sleep(0.3)
    assert fake.calls()[-1]["outcome"] == "disconnected"
