"""A fake of OpenAI and Anthropic: `python -m fakes.llm --port N`. What it can do is in `app.py`."""
