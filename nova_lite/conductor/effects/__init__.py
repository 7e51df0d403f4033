"""What operations change in the database besides states: a class an operation, named in its row of OPERATIONS."""
