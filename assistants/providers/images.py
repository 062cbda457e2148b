"""Making an image, whoever the provider is."""

from assistants.providers.base import Provider
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import GeneratedImage, ProviderError


async def generate_image(provider: Provider, model: str, prompt: str, size: str) -> GeneratedImage:
    """One image, as bytes. `size` is "1024x1024" and the like; raises ProviderError as `stream` does."""
    if not isinstance(provider, OpenAIChat):
        raise ProviderError("bad_request", f"{provider.name} makes no images")
    return await provider.generate_image(model=model, prompt=prompt, size=size)
