"""Crash for real: a learner's code in a process of its own, with the real client library, killed at
a chosen request to a real broker.

The simulator says which schedules break a promise and which do not. Here some of them are done
again where nothing is simulated. Between the process and the broker stands a small proxy that
understands as much of the protocol as it takes to know which request is which; it lets the
operating system kill or stop the process before a request goes on, or after it was applied and
before the answer. What all of them did is written down as one trace, in the words of the
simulator's, and read by the same judges.

====================  =====================================================================
`points`              where in the protocol an effect of the simulator is
`learner`             what runs in the learner's process
`proxy`               between process and broker
`amqp_wire`           AMQP 0-9-1 as units: which request is which
`amqp_book`           what went over the wire as events of a trace
`services`            ledgers that are no brokers, for a process outside
`world`               the scenario in real time
`perform`             one schedule
`choose`              which schedules
`compare`             what they showed, in words
====================  =====================================================================
"""
