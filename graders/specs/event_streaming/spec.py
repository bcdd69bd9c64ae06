"""Orders of a shop as a stream: produced with a key, worked on in order, committed when done.

