"""Every URL x hostile inputs: whatever is sent, the answer is a page or a refusal, never a 500 and never a hang."""
