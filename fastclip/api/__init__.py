"""The HTTP edge: who asks, what shape a question has, and how answers look. The only room that knows Litestar."""
