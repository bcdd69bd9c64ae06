"""Crash for real: a learner's code in a process of its own, with the real client library, killed at
a chosen request to a real broker.

The simulator says which schedules break a promise and which do not. Here some of them are done
again where nothing is simulated. Between the process and the broker stands a small proxy that
understands as much of the protocol as it takes to know which request is which; it lets the
operating system kill or stop the process before a request goes on, or after it was applied and
before the answer. What all of them did is written down as one trace, in the words of the
simulator's, and read by the same judges.

Its modules:

points              where in the protocol an effect of the simulator is
learner             what runs in the learner's process
process             one incarnation of it, started and ended
proxy, link         between process and broker: an address, a connection
gate                where all that passes is counted, and faults are done
amqp_*, kafka_*     a protocol: its pieces (wire), its connection (link), what went over it
                    as events of a trace (book), the scenario's own part (shop), all of it (side)
services            ledgers that are no brokers, for a process outside
perform             one schedule, in real time
choose              which schedules
compare, words      what they showed
session             all schedules of one source on one broker
cell                one schedule of a notebook's cell: `for_real`
"""
