"""A fake of OpenAI and Anthropic: `python -m tests.fakes.llm --port N`. What it can do is in `app.py`."""
