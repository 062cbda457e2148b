"""`python -m fakes.llm --port N`: serve until killed or left alone, printing the address once it answers."""

from fakes import process
from fakes.llm.app import app


def main() -> None:
    options = process.parser("A fake of OpenAI and Anthropic").parse_args()
    listener, url = process.listen(options)
    process.serve(app, listener, url, alone=options.alone)


if __name__ == "__main__":
    main()
