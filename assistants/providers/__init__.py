"""The provider clients: the only place that imports `openai` and `anthropic`.

async with aclosing(get_provider("openai").stream(request)) as events:
    async for event in events: ...  # Delta, Delta, …, Finished; or ProviderError
"""
