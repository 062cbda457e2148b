"""The Stripe fake, asked by the real SDK. Every answer and every event is held against the SDK's classes."""
