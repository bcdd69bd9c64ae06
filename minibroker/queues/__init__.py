"""The queue engine, in RabbitMQ's terms. Sans-IO: state, methods, a clock and a trace."""
