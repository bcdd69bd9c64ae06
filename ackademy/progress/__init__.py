"""What a learner has done: kept in the learner's own directory, and nowhere else.

- `store`: the file, and how it is read and written without losing anything;
- `results`: what a check and a hint leave in it;
- `chart`: the twenty things to be able to do, and what teaches each;
- `report`: the map that ``ackademy progress`` prints.
"""
