"""Mails that follow a person for some weeks: steps with a delay and a condition, until a goal is reached."""
