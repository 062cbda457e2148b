"""Image generation with any provider."""

from assistants.providers.base import Provider
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import GeneratedImage, ProviderError


async def generate_image(provider: Provider, model: str, prompt: str, size: str) -> GeneratedImage:
    """Generate one image. `size`: for example "1024x1024", in pixels. Raises ProviderError."""
    if not isinstance(provider, OpenAIChat):
        raise ProviderError("bad_request", f"{provider.name} makes no images")
    return await provider.generate_image(model=model, prompt=prompt, size=size)
