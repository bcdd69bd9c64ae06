"""RabbitMQ's side of AMQP 0-9-1, over the same queue engine that the simulator uses."""
